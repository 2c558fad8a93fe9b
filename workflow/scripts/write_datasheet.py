"""Write the datasheet of a rendered corpus.

params: command (that renders it again), seed, image_size, supersampling, crf.
"""

from emovlm.core.contracts.data import CLIP_PLAN, CLIP_TRUTH, FRAME_TRUTH
from emovlm.core.files import write_text
from emovlm.core.io import read_table
from emovlm.core.job import Job, run
from emovlm.synface.datasheet import datasheet
from emovlm.synface.face.rig import load_rig

TABLES = {"plan": CLIP_PLAN, "clips": CLIP_TRUTH, "frames": FRAME_TRUTH}


def main(job: Job) -> None:
    tables = (read_table(job.inputs[name], contract) for name, contract in TABLES.items())
    text = datasheet(job.wildcards["dataset"], *tables, load_rig(job.inputs["rig"]), job.params)
    write_text(job.outputs["datasheet"], text)


if __name__ == "__main__":
    run(main)
