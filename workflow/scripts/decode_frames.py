"""Decode one shard of a dataset's clips into the frame store.

--params: {"size": side of the stored frames in px, "timeout_s": longest time for one clip, "fps": rate of clips that
are folders of images}.
"""

from pathlib import Path

from emovlm.core.contracts.data import MANIFEST
from emovlm.core.contracts.frames import CLIP_INDEX, FRAME_INDEX
from emovlm.core.io import read_table, write_table
from emovlm.core.script import parser, run
from emovlm.frames.shard import decode_shard


def main() -> None:
    arguments = parser(__doc__)
    arguments.add_argument("--manifest", required=True, help="MANIFEST table")
    arguments.add_argument("--folder", required=True, type=Path, help="the raw dataset folder")
    arguments.add_argument("--shard", required=True, type=int, help="number of the shard, from 0")
    arguments.add_argument("--n-shards", required=True, type=int)
    arguments.add_argument("--store", required=True, help="packed frames (.safetensors)")
    arguments.add_argument("--clips", required=True, help="CLIP_INDEX table")
    arguments.add_argument("--frames", required=True, help="FRAME_INDEX table")
    options = arguments.parse_args()
    manifest = read_table(options.manifest, MANIFEST)
    clips, frames = decode_shard(
        manifest, options.folder, options.shard, options.n_shards, options.store, **options.params
    )
    write_table(clips, options.clips, CLIP_INDEX)
    write_table(frames, options.frames, FRAME_INDEX)


if __name__ == "__main__":
    run(main)
