"""Draw one figure of the study as PDF and PNG from tidy tables."""

from emovlm.core.script import named_paths, parser, run
from emovlm.figures import style
from emovlm.figures.registry import draw
from emovlm.figures.write import save


def main() -> None:
    arguments = parser(__doc__)
    arguments.add_argument("--figure", required=True, help="name of the figure")
    arguments.add_argument("--tables", nargs="*", default=[], metavar="NAME=PATH", help="tables by parameter name")
    arguments.add_argument("--pdf", required=True)
    arguments.add_argument("--png", required=True)
    given = arguments.parse_args()
    with style.context():
        save(draw(given.figure, named_paths(given.tables, "table"), given.params), given.pdf, given.png)


if __name__ == "__main__":
    run(main)
