"""Account for the run: what the jobs behind the paper took, where and with what they ran, from their records."""

import json
import os
from pathlib import Path

from emovlm.core.errors import StudyError
from emovlm.core.files import read_json, write_json
from emovlm.core.script import named_paths, parser, run
from emovlm.models.api.ledger import Ledger
from emovlm.provenance.account import account, behind, unrecorded
from emovlm.provenance.records.record import Places, read_record, record_paths


def main() -> None:
    arguments = parser(__doc__)
    arguments.add_argument("--values", required=True, help="values.json, in the folder of the results")
    arguments.add_argument("--made", nargs="+", required=True, help="files that the paper is made from")
    arguments.add_argument("--ledgers", nargs="*", default=[], metavar="SYSTEM=PATH", help="of API systems")
    arguments.add_argument("--out", required=True, help="run.json")
    given = arguments.parse_args()
    folder = Path(given.values).parent
    records = {}
    for job, path in record_paths(folder).items():
        try:
            records[job] = read_record(path)
        except StudyError as error:
            print(f"left out: {error}")  # the audit says what to do
    places = Places(".", {})
    made, results = [places.portable(path) for path in given.made], places.portable(folder)
    found = behind(records, made)
    access = json.loads(os.environ.get("EMOVLM_API", "{}"))
    ledgers = {system: path for system, path in named_paths(given.ledgers, "ledger").items() if Path(path).is_file()}
    spent = {system: Ledger(path, system, access[system]).spent() for system, path in ledgers.items()}
    write_json(given.out, account(found, read_json(given.values), spent, unrecorded(found, made, results)))


if __name__ == "__main__":
    run(main)
