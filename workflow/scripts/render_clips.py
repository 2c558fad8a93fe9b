"""Render one shard of a planned corpus as MP4 clips, with the truth about each clip and frame.

params: seed, image_size, supersampling, crf, folder (where the MP4 files go), n_shards.
"""

from emovlm.core.job import Job, run
from emovlm.synface.dataset import render_shard


def main(job: Job) -> None:
    params = job.params
    render_shard(
        job.inputs["plan"], job.inputs["rig"], job.wildcards["dataset"], int(job.wildcards["shard"]),
        params["n_shards"], params, params["folder"], job.outputs["clips"], job.outputs["frames"],
    )  # fmt: skip


if __name__ == "__main__":
    run(main)
