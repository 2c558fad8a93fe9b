"""Sample the frames of a dataset's clips by one frame sampler.

params: sampler (its row of config/frame_samplers.tsv), base (the row that it shuffles, if any), seed.
"""

import pandas as pd

from emovlm.core.contracts.frames import CLIP_INDEX, FRAME_INDEX, SAMPLE
from emovlm.core.io import read_table, write_table
from emovlm.core.job import Job, run
from emovlm.sampling.frame_samplers import sample_frames


def main(job: Job) -> None:
    params, samples = job.params, []
    for clips, frames in zip(job.inputs["clips"], job.inputs["frames"], strict=True):  # one shard in memory at a time
        indices = read_table(clips, CLIP_INDEX), read_table(frames, FRAME_INDEX)
        samples.append(sample_frames(params["sampler"], params.get("base"), params["seed"], *indices))
    write_table(pd.concat([s for s in samples if len(s)] or samples[:1]), job.outputs["sample"], SAMPLE)


if __name__ == "__main__":
    run(main)
