"""Train a vision-only classifier on the draws of one training sampler.

params: those of ``train_classifier``.
"""

from pathlib import Path

from emovlm.core.contracts.data import MANIFEST
from emovlm.core.contracts.frames import SAMPLE, SCHEDULE
from emovlm.core.io import read_table
from emovlm.core.job import Job, run
from emovlm.frames.store import FrameStore
from emovlm.training.classifier import train_classifier
from emovlm.training.loop import write_training


def main(job: Job) -> None:
    inputs, folder = job.inputs, Path(job.outputs["weights"]).parent
    schedule, manifest = read_table(inputs["schedule"], SCHEDULE), read_table(inputs["manifest"], MANIFEST)
    tower, sample = Path(inputs["base"][0]).parent, read_table(inputs["sample"], SAMPLE)
    log = train_classifier(tower, schedule, sample, manifest, FrameStore(inputs["stores"]), job.params, folder)
    write_training(folder, log, schedule.merge(manifest, on="clip_id")["label"])


if __name__ == "__main__":
    run(main)
