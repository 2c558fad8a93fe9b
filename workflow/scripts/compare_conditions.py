"""Compare conditions in pairs, as planned in config/comparisons.tsv.

--params: seed, resamples, confidence, classes, tail, alpha, comparisons (rows of the table), margins (by claim).
"""

from emovlm.core.contracts.statistics import COMPARISONS
from emovlm.core.io import write_table
from emovlm.core.script import named_paths, parser, run
from emovlm.statistics.comparisons import compare
from emovlm.statistics.counts import read_answers


def main() -> None:
    arguments = parser(__doc__)
    arguments.add_argument("--answers", nargs="+", required=True, metavar="CONDITION=PATH")
    arguments.add_argument("--out", required=True, help="COMPARISONS table")
    options = arguments.parse_args()
    answers = read_answers(named_paths(options.answers, "answers"))
    write_table(compare(answers, options.params["comparisons"], options.params), options.out, COMPARISONS)


if __name__ == "__main__":
    run(main)
