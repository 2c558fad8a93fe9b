"""Build the explorer page from its source and the values of the study.

params: study, seed, datasets, conditions, samplers and claims.
"""

from emovlm.core.contracts.statistics import EVIDENCE
from emovlm.core.files import read_json
from emovlm.core.io import read_table
from emovlm.core.job import Job, run
from emovlm.report.explorer_page import build, start


def main(job: Job) -> None:
    values = read_json(job.inputs["values"])
    evidence = [read_table(path, EVIDENCE) for path in job.inputs.get("evidence", [])]  # of a study without claims none
    build(job.inputs["source"], job.inputs["parts"], start(job.params, values, *evidence), job.outputs["page"])


if __name__ == "__main__":
    run(main)
