"""Compare how closely two variants follow the words, as the lexical claim asks.

--params: claim (the lexical claim of claims.yaml), seed, resamples, classes, primary_source,
primary_form.
"""

from emovlm.core.contracts.frequency import TERM_FREQUENCY
from emovlm.core.contracts.statistics import CONTRASTS, PER_RUN
from emovlm.core.io import read_table, write_table
from emovlm.core.script import parser, run
from emovlm.statistics.lexical.contrasts import contrast_variants


def main() -> None:
    arguments = parser(__doc__)
    arguments.add_argument("--runs", required=True, help="PER_RUN table")
    arguments.add_argument("--frequency", required=True, help="TERM_FREQUENCY table")
    arguments.add_argument("--out", required=True, help="CONTRASTS table")
    options = arguments.parse_args()
    runs, frequency = read_table(options.runs, PER_RUN), read_table(options.frequency, TERM_FREQUENCY)
    write_table(contrast_variants(runs, frequency, options.params["claim"], options.params), options.out, CONTRASTS)


if __name__ == "__main__":
    run(main)
