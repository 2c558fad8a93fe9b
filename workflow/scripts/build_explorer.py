"""Build the explorer page from its source and the values of the study.

--params: study, seed, datasets, conditions, samplers and claims.
"""

from emovlm.core.files import read_json
from emovlm.core.script import parser, run
from emovlm.report.explorer_page import build, start


def main() -> None:
    arguments = parser(__doc__)
    arguments.add_argument("--source", required=True, help="index.html, which names its parts")
    arguments.add_argument("--parts", nargs="+", required=True, help="styles and scripts")
    arguments.add_argument("--values", required=True, help="values.json")
    arguments.add_argument("--out", required=True)
    given = arguments.parse_args()
    build(given.source, given.parts, start(given.params, read_json(given.values)), given.out)


if __name__ == "__main__":
    run(main)
