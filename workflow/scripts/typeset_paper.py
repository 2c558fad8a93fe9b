"""Typeset the paper: its source, the values, tables and figures of the study make one PDF.

params: config (what the paper prints of the configuration), words (title, caption and alt text of each figure).
"""

from emovlm.core.job import Job, run
from emovlm.report.typeset import typeset


def main(job: Job) -> None:
    sources = (job.inputs[name] for name in ("source", "values", "run", "tables", "figures"))
    prompts = job.inputs.get("prompts", {})
    typeset(*sources, job.params["config"], job.outputs["paper"], job.params["words"], prompts)


if __name__ == "__main__":
    run(main)
