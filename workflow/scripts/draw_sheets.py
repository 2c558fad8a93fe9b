"""Draw the sprite sheets of one dataset for the explorer page.

params: size of the stored frames.
"""

from emovlm.core.job import Job, run
from emovlm.report.explorer_clips import Sources, write_pictures


def main(job: Job) -> None:
    inputs, outputs = job.inputs, job.outputs
    sources = Sources(inputs["manifest"], inputs["clips"], inputs["frames"], inputs.get("truths", []))
    write_pictures(sources, inputs["stores"], job.params["size"], outputs["strips"], outputs["thumbnails"])


if __name__ == "__main__":
    run(main)
