"""Put the study's own figures beside the published ones that they answer to.

--params: conditions, a list of condition, dataset, system (as published) and published (which figures).
"""

from emovlm.core.contracts.statistics import METRICS, PUBLISHED_COMPARISON
from emovlm.core.io import read_table, write_table
from emovlm.core.script import named_paths, parser, run
from emovlm.statistics.published_comparison import published_comparison_table
from emovlm.statistics.values.published_values import read_published


def main() -> None:
    arguments = parser(__doc__)
    arguments.add_argument("--metrics", required=True)
    arguments.add_argument("--published", nargs="+", required=True, metavar="NAME=PATH", help="named as their files")
    arguments.add_argument("--out", required=True)
    options = arguments.parse_args()
    published = read_published(named_paths(options.published, "published"))
    beside = published_comparison_table(read_table(options.metrics, METRICS), options.params["conditions"], published)
    write_table(beside, options.out, PUBLISHED_COMPARISON)


if __name__ == "__main__":
    run(main)
