"""Measure how well facts that have nothing to do with the face predict the class of a rendered corpus.

params: seed, resamples, confidence.
"""

from emovlm.core.contracts.data import CLIP_TRUTH, CUES
from emovlm.core.io import read_table, write_table
from emovlm.core.job import Job, run
from emovlm.synface.cues import measure_cues


def main(job: Job) -> None:
    write_table(measure_cues(read_table(job.inputs["clips"], CLIP_TRUTH), **job.params), job.outputs["cues"], CUES)


if __name__ == "__main__":
    run(main)
