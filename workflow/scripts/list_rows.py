"""Write the rows of one config table, without remarks, for figures and the paper.

params: columns and rows.
"""

import pandas as pd

from emovlm.core.files import atomic
from emovlm.core.job import Job, run


def main(job: Job) -> None:
    rows = [{c: f"{v:g}" if isinstance(v, float) else v for c, v in row.items()} for row in job.params["rows"]]
    table = pd.DataFrame(rows, columns=job.params["columns"])
    with atomic(job.outputs["rows"]) as temporary:
        table.to_csv(temporary, sep="\t", index=False, lineterminator="\n")


if __name__ == "__main__":
    run(main)
