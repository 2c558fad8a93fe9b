"""Judge the paper's claims by the rules of config/claims.yaml.

--params: claims (the content of claims.yaml), seed, resamples, confidence.
"""

from emovlm.core.contracts.frequency import TERM_FREQUENCY
from emovlm.core.contracts.statistics import CLAIMS, COMPARISONS, HITS, PER_CLASS
from emovlm.core.io import read_table, write_table
from emovlm.core.script import parser, run
from emovlm.statistics.claims import Results, judge


def main() -> None:
    arguments = parser(__doc__)
    arguments.add_argument("--comparisons", required=True, help="COMPARISONS table")
    arguments.add_argument("--classes", required=True, help="PER_CLASS table")
    arguments.add_argument("--frequency", required=True, help="TERM_FREQUENCY table")
    arguments.add_argument("--hits", required=True, help="HITS table")
    arguments.add_argument("--out", required=True, help="CLAIMS table")
    options = arguments.parse_args()
    results = Results(
        comparisons=read_table(options.comparisons, COMPARISONS),
        per_class=read_table(options.classes, PER_CLASS),
        frequency=read_table(options.frequency, TERM_FREQUENCY),
        hits=read_table(options.hits, HITS),
        settings=options.params,
    )
    write_table(judge(options.params["claims"], results), options.out, CLAIMS)


if __name__ == "__main__":
    run(main)
