"""Join the frequencies of all sources into one table."""

from emovlm.core.contracts import TERM_FREQUENCY
from emovlm.core.io import write_table
from emovlm.core.script import parser, run
from emovlm.lexicon.frequency import gather


def main() -> None:
    arguments = parser(__doc__)
    arguments.add_argument("--sources", nargs="+", required=True, help="TERM_FREQUENCY tables, one a source")
    arguments.add_argument("--out", required=True, help="TERM_FREQUENCY table")
    options = arguments.parse_args()
    write_table(gather(options.sources), options.out, TERM_FREQUENCY)


if __name__ == "__main__":
    run(main)
