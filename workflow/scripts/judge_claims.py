"""Judge the claims of a study by the rules of their kinds.

params: claims (the content of claims.yaml), confidence.
"""

from emovlm.core.contracts.results import RESULT_TABLES
from emovlm.core.contracts.statistics import CLAIMS, EVIDENCE
from emovlm.core.io import read_table, write_table
from emovlm.core.job import Job, run
from emovlm.statistics.claims import Results
from emovlm.statistics.verdicts import judge


def main(job: Job) -> None:
    tables = {name: read_table(path, RESULT_TABLES[name]) for name, path in job.inputs.items()}
    claims, evidence = judge(job.params["claims"], Results(tables, job.params))
    write_table(claims, job.outputs["claims"], CLAIMS)
    write_table(evidence, job.outputs["evidence"], EVIDENCE)


if __name__ == "__main__":
    run(main)
