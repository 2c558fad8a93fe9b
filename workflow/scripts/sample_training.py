"""Draw the training schedule of one training sampler; clips that failed to decode are left out.

params: sampler (its row of config/training_samplers.tsv), seed, n_draws (length of the schedule), fold (the official
fold whose clips are left out, 0 if the dataset has none).
"""

from emovlm.core.contracts.data import MANIFEST
from emovlm.core.contracts.frames import CLIP_INDEX, SCHEDULE
from emovlm.core.io import read_table, read_tables, write_table
from emovlm.core.job import Job, run
from emovlm.sampling.training_samplers import training_schedule


def main(job: Job) -> None:
    manifest, params = read_table(job.inputs["manifest"], MANIFEST), job.params
    clips = read_tables(job.inputs["clips"], CLIP_INDEX)
    failed = clips.loc[clips["status"] == "failed", "clip_id"].tolist()
    schedule = training_schedule(params["sampler"], manifest, params["n_draws"], params["seed"], failed, params["fold"])
    write_table(schedule, job.outputs["schedule"], SCHEDULE)


if __name__ == "__main__":
    run(main)
