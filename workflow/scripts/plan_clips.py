"""Plan the clips of one rendered corpus.

params: seed, corpus (its settings).
"""

from emovlm.core.contracts.data import CLIP_PLAN
from emovlm.core.io import write_table
from emovlm.core.job import Job, run
from emovlm.synface.plan import plan_clips, read_class_sizes


def main(job: Job) -> None:
    sizes = read_class_sizes(job.inputs["class_sizes"])
    plan = plan_clips(job.wildcards["dataset"], job.params["corpus"], sizes, job.params["seed"])
    write_table(plan, job.outputs["plan"], CLIP_PLAN)


if __name__ == "__main__":
    run(main)
