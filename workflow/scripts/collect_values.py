"""Collect every number that the paper prints into one file, by id."""

from emovlm.core.contracts import statistics as contracts
from emovlm.core.contracts.answers import ANSWERS
from emovlm.core.contracts.data import CUES, MANIFEST
from emovlm.core.contracts.frequency import TERM_FREQUENCY
from emovlm.core.contracts.training import SANITY_CHECKS
from emovlm.core.files import write_json
from emovlm.core.io import read_table
from emovlm.core.script import named_paths, parser, run
from emovlm.statistics.values.collect import Tables, collect
from emovlm.statistics.values.published_values import read_published

RESULTS = {
    "metrics": contracts.METRICS,
    "per_class": contracts.PER_CLASS,
    "comparisons": contracts.COMPARISONS,
    "correlations": contracts.CORRELATIONS,
    "contrasts": contracts.CONTRASTS,
    "event_coverage": contracts.EVENT_COVERAGE,
    "claims": contracts.CLAIMS,
    "reanalysis": contracts.REANALYSIS,
    "frequency": TERM_FREQUENCY,
}
OPTIONAL = {
    "sanity_checks": SANITY_CHECKS,
    "cues": CUES,
    "per_run": contracts.PER_RUN,
    "confusion": contracts.CONFUSION,
    "published_comparison": contracts.PUBLISHED_COMPARISON,
    "reliability": contracts.RELIABILITY,
}
SEVERAL = {"answers": ("CONDITION", ANSWERS), "manifests": ("DATASET", MANIFEST)}


def main() -> None:
    arguments = parser(__doc__)
    for name in RESULTS:
        arguments.add_argument(f"--{name.replace('_', '-')}", required=True)
    for name in OPTIONAL:
        arguments.add_argument(f"--{name.replace('_', '-')}")
    for name, (key, _) in SEVERAL.items():
        arguments.add_argument(f"--{name}", nargs="+", required=True, metavar=f"{key}=PATH")
    arguments.add_argument("--published", nargs="+", required=True, metavar="NAME=PATH", help="named as their files")
    arguments.add_argument("--out", required=True, help="values.json")
    options = arguments.parse_args()
    tables = {name: read_table(getattr(options, name), contract) for name, contract in RESULTS.items()}
    for name, contract in OPTIONAL.items():
        if path := getattr(options, name):
            tables[name] = read_table(path, contract)
    for name, (_, contract) in SEVERAL.items():
        paths = named_paths(getattr(options, name), name)
        tables[name] = {key: read_table(path, contract) for key, path in paths.items()}
    published = read_published(named_paths(options.published, "published"))
    write_json(options.out, collect(Tables(**tables), published))


if __name__ == "__main__":
    run(main)
