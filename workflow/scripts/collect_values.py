"""Collect every number that the paper prints into one file, by id."""

from emovlm.core.contracts.answers import ANSWERS
from emovlm.core.contracts.data import MANIFEST
from emovlm.core.files import write_json
from emovlm.core.io import read_table
from emovlm.core.job import Job, run
from emovlm.statistics.values.collect import CONTRACTS, collect
from emovlm.statistics.values.published_values import read_published

SEVERAL = {"answers": ANSWERS, "manifests": MANIFEST}


def main(job: Job) -> None:
    inputs = job.inputs
    one = {name: read_table(inputs[name], contract) for name, contract in CONTRACTS.items() if name in inputs}
    several = {
        name: {key: read_table(path, contract) for key, path in inputs[name].items()}
        for name, contract in SEVERAL.items()
    }
    published = read_published(inputs.get("published", {}))
    write_json(job.outputs["values"], collect({**one, **several}, published))


if __name__ == "__main__":
    run(main)
