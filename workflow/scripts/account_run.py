"""Account for the run: what the jobs behind the paper took, where and with what they ran, from their records.

inputs: everything that the paper is made from; ``values`` is values.json, in the folder of the results.
params: ledgers (of API systems, by system).
"""

import json
import os
from pathlib import Path

from emovlm.core.errors import StudyError
from emovlm.core.files import read_json, write_json
from emovlm.core.job import Job, paths, run
from emovlm.models.api.ledger import Ledger
from emovlm.provenance.account import account, behind, unrecorded
from emovlm.provenance.records.record import Places, read_record, record_paths


def main(job: Job) -> None:
    folder = Path(job.inputs["values"]).parent
    records = {}
    for name, path in record_paths(folder).items():
        try:
            records[name] = read_record(path)
        except StudyError as error:
            print(f"left out: {error}")  # the audit says what to do
    places = Places(".", {})
    made, results = [places.portable(path) for path in paths(job.inputs)], places.portable(folder)
    found = behind(records, made)
    access = json.loads(os.environ.get("EMOVLM_API", "{}"))
    ledgers = {system: path for system, path in job.params["ledgers"].items() if Path(path).is_file()}
    spent = {system: Ledger(path, system, access[system]).spent() for system, path in ledgers.items()}
    values = read_json(job.inputs["values"])
    write_json(job.outputs["account"], account(found, values, spent, unrecorded(found, made, results)))


if __name__ == "__main__":
    run(main)
