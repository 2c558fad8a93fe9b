"""Join the shards of one table, sorted by its key."""

from emovlm.core.contracts.answers import ANSWERS, TEXTS
from emovlm.core.contracts.training import SANITY_CHECKS
from emovlm.core.io import read_tables, write_table
from emovlm.core.script import parser, run

CONTRACTS = {"answers": ANSWERS, "texts": TEXTS, "sanity_checks": SANITY_CHECKS}


def main() -> None:
    arguments = parser(__doc__)
    arguments.add_argument("--table", required=True, choices=list(CONTRACTS), help="the shards' contract")
    arguments.add_argument("--shards", required=True, nargs="+")
    arguments.add_argument("--out", required=True)
    given = arguments.parse_args()
    contract = CONTRACTS[given.table]
    write_table(read_tables(given.shards, contract), given.out, contract)


if __name__ == "__main__":
    run(main)
