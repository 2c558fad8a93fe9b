"""Typeset the paper: its source, the values, tables and figures of the study make one PDF."""

import json

from emovlm.core.script import named_paths, parser, run
from emovlm.report.typeset import typeset


def main() -> None:
    arguments = parser(__doc__)
    arguments.add_argument("--source", required=True, help="main Typst file")
    arguments.add_argument("--values", required=True, help="values.json")
    arguments.add_argument("--run", required=True, help="run.json, the account of the run")
    arguments.add_argument("--tables", nargs="+", default=[], metavar="NAME=PATH", help="CSV or TSV files")
    arguments.add_argument("--figures", nargs="+", default=[], metavar="NAME=PATH", help="PDF or PNG files")
    arguments.add_argument("--config", type=json.loads, default={}, help="JSON object: what the paper prints of it")
    arguments.add_argument("--out", required=True, help="the PDF")
    given = arguments.parse_args()
    tables, figures = named_paths(given.tables, "table"), named_paths(given.figures, "figure")
    typeset(given.source, given.values, given.run, tables, figures, given.config, given.out)


if __name__ == "__main__":
    run(main)
