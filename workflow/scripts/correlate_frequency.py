"""Correlate recognition by class, measured and published, with word frequency.

--params: kinds (condition to vlm or vision: the conditions to correlate), seed, resamples.
"""

import pandas as pd

from emovlm.core.contracts.frequency import TERM_FREQUENCY
from emovlm.core.contracts.statistics import CORRELATIONS, PER_CLASS
from emovlm.core.io import read_table, write_table
from emovlm.core.script import named_paths, parser, run
from emovlm.lexicon.terms import read_lexicon
from emovlm.statistics.lexical.correlation import correlate
from emovlm.statistics.lexical.profiles import measured_profiles, published_profiles
from emovlm.statistics.values.published_values import read_published


def main() -> None:
    arguments = parser(__doc__)
    arguments.add_argument("--classes", required=True, help="PER_CLASS table")
    arguments.add_argument("--frequency", required=True, help="TERM_FREQUENCY table")
    arguments.add_argument("--lexicon", required=True, help="config/lexicon.tsv")
    arguments.add_argument("--published", nargs=3, required=True, metavar="NAME=PATH",
                           help="paper_lexical_figure, mafw_recalls and mafw_classes")  # fmt: skip
    arguments.add_argument("--out", required=True, help="CORRELATIONS table")
    options = arguments.parse_args()
    published = read_published(named_paths(options.published, "published"))
    profiles = pd.concat([
        measured_profiles(read_table(options.classes, PER_CLASS), options.params["kinds"]),
        published_profiles(published["paper_lexical_figure"], published["mafw_recalls"], read_lexicon(options.lexicon)),
    ])  # fmt: skip
    frequency = read_table(options.frequency, TERM_FREQUENCY)
    table = correlate(profiles, frequency, published["mafw_classes"], options.params)
    write_table(table, options.out, CORRELATIONS)


if __name__ == "__main__":
    run(main)
