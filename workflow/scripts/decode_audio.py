"""Decode the sound of one shard of a dataset's clips into a packed store: int16, mono, 16 kHz.

params: folder (the raw dataset), n_shards, kind (of the dataset's row), timeout_s (longest time for one clip),
memory_gb (most memory of the process that decodes).
"""

import sys
from pathlib import Path

from emovlm.core.contracts.data import MANIFEST
from emovlm.core.io import read_table
from emovlm.core.job import Job, run
from emovlm.datasets.registry import DATASET_KINDS
from emovlm.frames.shard import decode_sound


def main(job: Job) -> None:
    params, folder = job.params, Path(job.params["folder"])
    told = decode_sound(
        read_table(job.inputs["manifest"], MANIFEST), folder, int(job.wildcards["shard"]), params["n_shards"],
        job.outputs["store"], params["timeout_s"], DATASET_KINDS[params["kind"]].sounds(folder),
        params["memory_gb"],
    )  # fmt: skip
    print(told, file=sys.stderr)


if __name__ == "__main__":
    run(main)
