"""Judge the paper's claims by the rules of config/claims.yaml.

--params: claims (the content of claims.yaml), confidence, lexicon (primary_source, primary_form).
"""

from emovlm.core.contracts.statistics import CLAIMS, COMPARISONS, CONTRASTS, CORRELATIONS, EVENT_COVERAGE, METRICS
from emovlm.core.io import read_table, write_table
from emovlm.core.script import parser, run
from emovlm.statistics.claims import Results, judge

TABLES = {
    "metrics": METRICS,
    "comparisons": COMPARISONS,
    "correlations": CORRELATIONS,
    "contrasts": CONTRASTS,
    "event_coverage": EVENT_COVERAGE,
}


def main() -> None:
    arguments = parser(__doc__)
    for name, contract in TABLES.items():
        arguments.add_argument(f"--{name}", required=True, help=f"table: {contract.name}")
    arguments.add_argument("--out", required=True, help="CLAIMS table")
    options = arguments.parse_args()
    tables = {name: read_table(getattr(options, name), contract) for name, contract in TABLES.items()}
    results = Results(**tables, settings=options.params)
    write_table(judge(options.params["claims"], results), options.out, CLAIMS)


if __name__ == "__main__":
    run(main)
