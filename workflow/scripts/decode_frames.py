"""Decode one shard of a dataset's clips into the frame store.

params: folder (the raw dataset), n_shards, size (side of the stored frames in px), timeout_s (longest time for one
clip), memory_gb (most memory of the process that decodes), fps (rate of clips that are folders of images), fit (how
frames become squares), encoding (how they are stored).
"""

from pathlib import Path

from emovlm.core.contracts.data import MANIFEST
from emovlm.core.contracts.frames import CLIP_INDEX, FRAME_INDEX
from emovlm.core.io import read_table, write_table
from emovlm.core.job import Job, run
from emovlm.frames.shard import decode_shard


def main(job: Job) -> None:
    params = job.params
    clips, frames = decode_shard(
        read_table(job.inputs["manifest"], MANIFEST), Path(params["folder"]), int(job.wildcards["shard"]),
        params["n_shards"], job.outputs["store"], params["size"], params["timeout_s"], params.get("fps"),
        params.get("fit", "pad"), params.get("encoding", "raw"),
        params["memory_gb"],
    )  # fmt: skip
    write_table(clips, job.outputs["clips"], CLIP_INDEX)
    write_table(frames, job.outputs["frames"], FRAME_INDEX)


if __name__ == "__main__":
    run(main)
