"""Train the organism's vision tower on action units.

params: tower, seed, image_size.
"""

from pathlib import Path

from emovlm.core.contracts.data import FRAME_TRUTH
from emovlm.core.contracts.frames import FRAME_INDEX
from emovlm.core.io import read_table, read_tables
from emovlm.core.job import Job, run
from emovlm.frames.store import FrameStore
from emovlm.training.loop import write_training
from emovlm.training.tower import fit_tower


def main(job: Job) -> None:
    decoded = read_tables(job.inputs["frames"], FRAME_INDEX)[["clip_id", "frame_index"]]
    truth = read_table(job.inputs["truth"], FRAME_TRUTH).merge(decoded, on=["clip_id", "frame_index"])
    folder = Path(job.outputs["weights"]).parent
    write_training(folder, fit_tower(FrameStore(job.inputs["stores"]), truth, job.params, folder))


if __name__ == "__main__":
    run(main)
