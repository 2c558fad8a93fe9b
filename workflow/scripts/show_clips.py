"""Write the clips of one dataset for the explorer page: columns to filter by, and details in parts.

params: dataset (its id, licence and size of frames), classes, and sheets (0: no pictures).
"""

from emovlm.core.job import Job, run
from emovlm.report.explorer_clips import Sources, write_clips


def main(job: Job) -> None:
    inputs, outputs = job.inputs, job.outputs
    sources = Sources(inputs["manifest"], inputs["clips"], inputs["frames"], inputs.get("truths", []))
    write_clips(
        **job.params, sources=sources, samples=inputs["samples"], out=outputs["columns"], details=outputs["details"]
    )


if __name__ == "__main__":
    run(main)
