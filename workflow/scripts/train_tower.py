"""Train the organism's vision tower on action units."""

from pathlib import Path

from emovlm.core.contracts.data import FRAME_TRUTH
from emovlm.core.contracts.frames import FRAME_INDEX
from emovlm.core.contracts.training import TRAINING_LOG
from emovlm.core.io import read_table, read_tables, write_table
from emovlm.core.script import parser, run
from emovlm.frames.store import FrameStore
from emovlm.training.tower import fit_tower


def main() -> None:
    arguments = parser(__doc__)
    arguments.add_argument("--stores", required=True, nargs="+", help="frame stores of the pretraining clips")
    arguments.add_argument("--truth", required=True, help="FRAME_TRUTH")
    arguments.add_argument("--frames", required=True, nargs="+", help="FRAME_INDEX shards: what was decoded")
    arguments.add_argument("--weights", required=True, help="model.safetensors, beside the other files")
    given = arguments.parse_args()
    decoded = read_tables(given.frames, FRAME_INDEX)[["clip_id", "frame_index"]]
    truth = read_table(given.truth, FRAME_TRUTH).merge(decoded, on=["clip_id", "frame_index"])
    folder = Path(given.weights).parent
    log = fit_tower(FrameStore(given.stores), truth, given.params, folder)
    write_table(log, folder / "training.csv", TRAINING_LOG)


if __name__ == "__main__":
    run(main)
