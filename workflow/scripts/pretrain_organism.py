"""Pretrain the organism on one variant's captions, on the frozen tower."""

from pathlib import Path

from emovlm.core.contracts.training import CAPTIONS, LABEL_COUNTS, TRAINING_LOG
from emovlm.core.io import read_table, write_table
from emovlm.core.script import parser, run
from emovlm.frames.store import FrameStore
from emovlm.training.language import pretrain_organism
from emovlm.training.loop import label_counts


def main() -> None:
    arguments = parser(__doc__)
    arguments.add_argument("--tower", required=True, help="the tower's model.safetensors")
    arguments.add_argument("--captions", required=True)
    arguments.add_argument("--stores", required=True, nargs="+", help="frame stores of the pretraining clips")
    arguments.add_argument("--weights", required=True, help="model.safetensors, beside the other files")
    given = arguments.parse_args()
    captions = read_table(given.captions, CAPTIONS)
    folder = Path(given.weights).parent
    log = pretrain_organism(Path(given.tower).parent, captions, FrameStore(given.stores), given.params, folder)
    write_table(log, folder / "training.csv", TRAINING_LOG)
    write_table(label_counts(captions["named"]), folder / "labels.csv", LABEL_COUNTS)


if __name__ == "__main__":
    run(main)
