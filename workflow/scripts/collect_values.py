"""Collect every number that the paper prints into one file, by id."""

from emovlm.core.contracts import statistics as contracts
from emovlm.core.contracts.answers import ANSWERS
from emovlm.core.contracts.data import CUES, MANIFEST
from emovlm.core.contracts.frequency import TERM_FREQUENCY
from emovlm.core.contracts.training import SANITY_CHECKS
from emovlm.core.files import write_json
from emovlm.core.io import read_table
from emovlm.core.job import Job, run
from emovlm.statistics.values.collect import Tables, collect
from emovlm.statistics.values.published_values import read_published

TABLES = {
    "metrics": contracts.METRICS,
    "per_class": contracts.PER_CLASS,
    "comparisons": contracts.COMPARISONS,
    "correlations": contracts.CORRELATIONS,
    "contrasts": contracts.CONTRASTS,
    "event_coverage": contracts.EVENT_COVERAGE,
    "claims": contracts.CLAIMS,
    "reanalysis": contracts.REANALYSIS,
    "frequency": TERM_FREQUENCY,
    "sanity_checks": SANITY_CHECKS,
    "cues": CUES,
    "per_run": contracts.PER_RUN,
    "confusion": contracts.CONFUSION,
    "published_comparison": contracts.PUBLISHED_COMPARISON,
    "reliability": contracts.RELIABILITY,
}
SEVERAL = {"answers": ANSWERS, "manifests": MANIFEST}


def main(job: Job) -> None:
    inputs = job.inputs
    one = {name: read_table(inputs[name], contract) for name, contract in TABLES.items() if name in inputs}
    several = {
        name: {key: read_table(path, contract) for key, path in inputs[name].items()}
        for name, contract in SEVERAL.items()
    }
    write_json(job.outputs["values"], collect(Tables(**one, **several), read_published(inputs["published"])))


if __name__ == "__main__":
    run(main)
