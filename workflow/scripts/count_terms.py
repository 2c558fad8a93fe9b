"""Count the lexicon's words in one source.

--params: the source's row of config/sources.tsv, as it is.
"""

from emovlm.core.contracts import TERM_FREQUENCY
from emovlm.core.io import write_table
from emovlm.core.script import parser, run
from emovlm.lexicon.frequency import count_terms
from emovlm.lexicon.terms import read_lexicon


def main() -> None:
    arguments = parser(__doc__)
    arguments.add_argument("--lexicon", required=True, help="config/lexicon.tsv")
    arguments.add_argument("--counts", required=True, help="published counts of the source's language")
    arguments.add_argument("--out", required=True, help="TERM_FREQUENCY table")
    options = arguments.parse_args()
    write_table(count_terms(options.params, read_lexicon(options.lexicon), options.counts), options.out, TERM_FREQUENCY)


if __name__ == "__main__":
    run(main)
