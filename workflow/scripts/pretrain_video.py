"""Teach the vision-only network action units, before it sees any class."""

from pathlib import Path

from emovlm.core.contracts.data import FRAME_TRUTH
from emovlm.core.contracts.frames import SAMPLE
from emovlm.core.contracts.training import TRAINING_LOG
from emovlm.core.io import read_table, write_table
from emovlm.core.script import parser, run
from emovlm.frames.store import FrameStore
from emovlm.systems.classifier import pretrain_video


def main() -> None:
    arguments = parser(__doc__)
    arguments.add_argument("--stores", required=True, nargs="+", help="frame stores of the pretraining clips")
    arguments.add_argument("--truth", required=True, help="FRAME_TRUTH")
    arguments.add_argument("--sample", required=True, help="SAMPLE: the frames shown of each clip")
    arguments.add_argument("--weights", required=True, help="model.safetensors, beside the other files")
    given = arguments.parse_args()
    folder = Path(given.weights).parent
    truth = read_table(given.truth, FRAME_TRUTH)
    sample = read_table(given.sample, SAMPLE)
    log = pretrain_video(FrameStore(given.stores), truth, sample, given.params, folder)
    write_table(log, folder / "training.csv", TRAINING_LOG)


if __name__ == "__main__":
    run(main)
