"""Join the shards of a rendered corpus and write its annotation files.

params: folder (where the MP4 files lie), annotations (folder for the annotation files).
"""

from emovlm.core.job import Job, run
from emovlm.synface.dataset import gather


def main(job: Job) -> None:
    gather(
        job.inputs["plan"], job.inputs["clips"], job.inputs["frames"], job.params["folder"], job.params["annotations"],
        job.outputs["clips"], job.outputs["frames"],
    )  # fmt: skip


if __name__ == "__main__":
    run(main)
