"""The frames of the clips to evaluate, decoded once and kept, a number of clips at a time."""

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from emovlm.core.codehash import PACKAGE, code_hash
from emovlm.core.contracts.frames import CLIP_INDEX, FRAME_INDEX
from emovlm.core.errors import StudyError
from emovlm.core.files import read_json, write_json
from emovlm.core.hashing import sha256_json, shard_of
from emovlm.core.io import read_table, read_tables, write_table
from emovlm.frames.shard import decode_shard
from emovlm.frames.store import FrameStore
from emovlm.standalone.given_data import Data

CLIPS_A_SHARD = 500  # decoded again at most, where decoding was stopped


@dataclass(frozen=True)
class Decoded:
    """Frames of clips, with ``CLIP_INDEX`` (``clips``) and ``FRAME_INDEX`` (``index``)."""

    frames: FrameStore
    clips: pd.DataFrame
    index: pd.DataFrame


def decode(data: Data, folder: Path, size: int, timeout_s: float, image_rate: float | None) -> Decoded:
    """Decode the clips, or take what was decoded of the same files before.

    Args:
        folder: where the decoded frames are kept.
        size, timeout_s: as of :func:`decode_shard`.
        image_rate: frames a second of clips that are folders of images.

    Raises:
        StudyError: no clip can be decoded.
    """
    n_shards = -(-len(data.manifest) // CLIPS_A_SHARD)
    code = code_hash(PACKAGE / "frames/shard.py")
    paths = []
    for k in range(n_shards):
        store, clips, index, done = (
            folder / f"{k}.{kind}" for kind in ("safetensors", "clips.parquet", "frames.parquet", "json")
        )
        mine = data.manifest[[shard_of(clip_id, n_shards) == k for clip_id in data.manifest["clip_id"]]]
        key = sha256_json(
            [code, size, timeout_s, image_rate, [_state(data.folder, clip) for clip in mine.itertuples()]]
        )
        if not done.is_file() or read_json(done) != key:
            done.unlink(missing_ok=True)
            tables = decode_shard(data.manifest, data.folder, k, n_shards, store, size, timeout_s, image_rate)
            write_table(tables[0], clips, CLIP_INDEX)
            write_table(tables[1], index, FRAME_INDEX)
            write_json(done, key)
        paths.append((store, clips, index))
    clips = read_tables([clips for _, clips, _ in paths], CLIP_INDEX)
    if not (clips["status"] == "ok").any():
        first = clips.iloc[0]
        raise StudyError(f"none of the {len(clips)} clips can be decoded; {first['clip_id']}: {first['reason']}")
    index = pd.concat([read_table(index, FRAME_INDEX) for *_, index in paths], ignore_index=True)
    return Decoded(FrameStore([store for store, *_ in paths]), clips, index)


def _state(folder: Path, clip: tuple) -> list:
    """What changes when a clip's file does."""
    path = folder / clip.path
    try:
        found = path.stat()
    except OSError:
        return [clip.clip_id, clip.path, None]
    return [clip.clip_id, clip.path, found.st_size, found.st_mtime_ns]
