"""Draw clips of a rendered corpus: faces of every class at the apex, or clips as strips of frames over time.

The output's name is the kind of sheet. params: folder (where the MP4 files lie).
"""

from emovlm.core.contracts.data import CLIP_TRUTH
from emovlm.core.io import read_table
from emovlm.core.job import Job, run
from emovlm.synface.sheet import contact_sheet, save_sheet, strips

SHEETS = {"contact_sheet": contact_sheet, "strips": strips}


def main(job: Job) -> None:
    ((kind, path),) = job.outputs.items()
    sheet = SHEETS[kind](read_table(job.inputs["clips"], CLIP_TRUTH), job.params["folder"])
    save_sheet(sheet, path, small=kind == "contact_sheet")


if __name__ == "__main__":
    run(main)
