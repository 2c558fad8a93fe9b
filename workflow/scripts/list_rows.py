"""Write the rows of one config table, without remarks, for figures and the paper.

--params: columns and rows.
"""

import pandas as pd

from emovlm.core.files import atomic
from emovlm.core.script import parser, run


def main() -> None:
    arguments = parser(__doc__)
    arguments.add_argument("--out", required=True, help="tab-separated table")
    options = arguments.parse_args()
    rows = [{c: f"{v:g}" if isinstance(v, float) else v for c, v in row.items()} for row in options.params["rows"]]
    table = pd.DataFrame(rows, columns=options.params["columns"])
    with atomic(options.out) as temporary:
        table.to_csv(temporary, sep="\t", index=False, lineterminator="\n")


if __name__ == "__main__":
    run(main)
