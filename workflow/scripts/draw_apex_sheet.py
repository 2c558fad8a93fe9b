"""Render an apex sheet: nine people of every class at the apex, at one size of picture.

params: seed, supersampling. The wildcard ``px`` is the side of a face.
"""

from emovlm.core.contracts.data import CLIP_PLAN
from emovlm.core.io import read_table
from emovlm.core.job import Job, run
from emovlm.synface.face.rig import load_rig
from emovlm.synface.sheet import apex_sheet, save_sheet


def main(job: Job) -> None:
    plan, rig = read_table(job.inputs["plan"], CLIP_PLAN), load_rig(job.inputs["rig"])
    save_sheet(apex_sheet(plan, rig, size=int(job.wildcards["px"]), **job.params), job.outputs["sheet"])


if __name__ == "__main__":
    run(main)
