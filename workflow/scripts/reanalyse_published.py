"""Re-analyse the published table of frame shuffling: changes by kind of system, with exact tests over systems."""

from emovlm.core.contracts.statistics import REANALYSIS
from emovlm.core.io import write_table
from emovlm.core.script import named_paths, parser, run
from emovlm.statistics.reanalysis import reanalyse
from emovlm.statistics.values.published_values import read_published


def main() -> None:
    arguments = parser(__doc__)
    arguments.add_argument("--published", nargs=1, required=True, metavar="NAME=PATH", help="paper_frame_shuffle")
    arguments.add_argument("--out", required=True, help="REANALYSIS table")
    options = arguments.parse_args()
    published = read_published(named_paths(options.published, "published"))
    write_table(reanalyse(published["paper_frame_shuffle"]), options.out, REANALYSIS)


if __name__ == "__main__":
    run(main)
