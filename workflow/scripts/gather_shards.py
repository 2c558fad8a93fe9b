"""Join the shards of one table, sorted by its key. The output's name is the table's."""

from emovlm.core.contracts.answers import ANSWERS, TEXTS
from emovlm.core.contracts.training import SANITY_CHECKS
from emovlm.core.io import read_tables, write_table
from emovlm.core.job import Job, run

CONTRACTS = {"answers": ANSWERS, "texts": TEXTS, "sanity_checks": SANITY_CHECKS}


def main(job: Job) -> None:
    ((table, path),) = job.outputs.items()
    write_table(read_tables(job.inputs["shards"], CONTRACTS[table]), path, CONTRACTS[table])


if __name__ == "__main__":
    run(main)
