"""Count the lexicon's words in every source.

--params: sources, the rows of config/sources.tsv.
"""

from emovlm.core.contracts.frequency import TERM_FREQUENCY
from emovlm.core.io import write_table
from emovlm.core.script import named_paths, parser, run
from emovlm.lexicon.term_frequency import count_all
from emovlm.lexicon.terms import read_lexicon


def main() -> None:
    arguments = parser(__doc__)
    arguments.add_argument("--lexicon", required=True, help="config/lexicon.tsv")
    arguments.add_argument("--counts", required=True, nargs=2, metavar="LANGUAGE=PATH", help="published counts")
    arguments.add_argument("--out", required=True, help="TERM_FREQUENCY table")
    options = arguments.parse_args()
    counts = named_paths(options.counts, "counts")
    frequency = count_all(options.params["sources"], read_lexicon(options.lexicon), counts)
    write_table(frequency, options.out, TERM_FREQUENCY)


if __name__ == "__main__":
    run(main)
