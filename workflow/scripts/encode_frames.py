"""Compute the tower's features of all frames of one shard."""

from pathlib import Path

from emovlm.core.job import Job, run
from emovlm.frames.store import FrameStore
from emovlm.training.features import encode_frames


def main(job: Job) -> None:
    tower = Path(job.inputs["tower"][0]).parent
    encode_frames(tower, FrameStore([job.inputs["store"]]), job.outputs["features"])


if __name__ == "__main__":
    run(main)
