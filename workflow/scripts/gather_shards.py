"""Join the shards of one table, sorted by its key."""

from emovlm.core import contracts
from emovlm.core.io import read_tables, write_table
from emovlm.core.script import parser, run


def main() -> None:
    arguments = parser(__doc__)
    arguments.add_argument("--table", required=True, choices=["ANSWERS", "TEXTS"], help="the shards' contract")
    arguments.add_argument("--shards", required=True, nargs="+")
    arguments.add_argument("--out", required=True)
    given = arguments.parse_args()
    contract = getattr(contracts, given.table)
    write_table(read_tables(given.shards, contract), given.out, contract)


if __name__ == "__main__":
    run(main)
