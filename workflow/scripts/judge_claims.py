"""Judge the paper's claims by the rules of config/claims.yaml.

params: claims (the content of claims.yaml), confidence, lexicon (primary_source, primary_form).
"""

from emovlm.core.contracts.statistics import CLAIMS, COMPARISONS, CONTRASTS, CORRELATIONS, EVENT_COVERAGE, METRICS
from emovlm.core.io import read_table, write_table
from emovlm.core.job import Job, run
from emovlm.statistics.claims import Results, judge

TABLES = {
    "metrics": METRICS,
    "comparisons": COMPARISONS,
    "correlations": CORRELATIONS,
    "contrasts": CONTRASTS,
    "event_coverage": EVENT_COVERAGE,
}


def main(job: Job) -> None:
    tables = {name: read_table(job.inputs[name], contract) for name, contract in TABLES.items()}
    results = Results(**tables, settings=job.params)
    write_table(judge(job.params["claims"], results), job.outputs["claims"], CLAIMS)


if __name__ == "__main__":
    run(main)
