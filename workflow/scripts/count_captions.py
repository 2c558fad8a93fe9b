"""Count each emotion's name in the pretraining captions.

params: classes, and ``of``: the variant and run of each file of captions.
"""

import pandas as pd

from emovlm.core.contracts.training import CAPTIONS, EXPOSURE
from emovlm.core.io import read_table, write_table
from emovlm.core.job import Job, run
from emovlm.training.exposure import exposure


def main(job: Job) -> None:
    files = zip(job.params["of"], job.inputs["captions"], strict=True)
    tables = [
        exposure(read_table(path, CAPTIONS), job.params["classes"]).assign(variant=variant, replicate=replicate)
        for (variant, replicate), path in files
    ]
    write_table(pd.concat(tables), job.outputs["exposure"], EXPOSURE)


if __name__ == "__main__":
    run(main)
