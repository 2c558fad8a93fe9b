"""Decode the sound of one shard of a dataset's clips into a packed store: int16, mono, 16 kHz.

--params: {"kind": of the dataset's row, "timeout_s": longest time for one clip}.
"""

import sys
from pathlib import Path

from emovlm.core.contracts.data import MANIFEST
from emovlm.core.io import read_table
from emovlm.core.script import parser, run
from emovlm.datasets.registry import sounds
from emovlm.frames.shard import decode_sound


def main() -> None:
    arguments = parser(__doc__)
    arguments.add_argument("--manifest", required=True, help="MANIFEST table")
    arguments.add_argument("--folder", required=True, type=Path, help="the raw dataset folder")
    arguments.add_argument("--shard", required=True, type=int, help="number of the shard, from 0")
    arguments.add_argument("--n-shards", required=True, type=int)
    arguments.add_argument("--store", required=True, help="packed sound (.safetensors)")
    options = arguments.parse_args()
    manifest, params = read_table(options.manifest, MANIFEST), options.params
    told = decode_sound(
        manifest, options.folder, options.shard, options.n_shards, options.store, params["timeout_s"],
        sounds(params["kind"], options.folder),
    )  # fmt: skip
    print(told, file=sys.stderr)


if __name__ == "__main__":
    run(main)
