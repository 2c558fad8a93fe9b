"""Decode one shard of a dataset: its packed frames, and the tables of its clips and frames."""

import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from emovlm.core import notes
from emovlm.core.contracts.frames import CLIP_INDEX, FRAME_INDEX
from emovlm.core.errors import StudyError
from emovlm.core.hashing import shard_of
from emovlm.core.progress import track
from emovlm.datasets.annotations import inside
from emovlm.frames.decoding import DecodedClip, Undecodable
from emovlm.frames.worker import Worker


@dataclass(frozen=True)
class Shard:
    """The decoded clips of a shard: pixels by clip id (uint8 [n, size, size, 3]) and the two tables."""

    pixels: dict[str, np.ndarray]
    clips: pd.DataFrame
    frames: pd.DataFrame


def decode_shard(manifest: pd.DataFrame, folder: Path, shard: int, n_shards: int, size: int, timeout_s: float) -> Shard:
    """Decode every clip that belongs to a shard.

    A clip that is missing, empty, undecodable, too slow or deadly to the decoder becomes a row with status
    ``failed`` and the reason; the others go on.

    Args:
        manifest: a ``contracts.MANIFEST`` table.
        folder: the raw folder that its paths are relative to.
        shard: number of the shard, from 0.
        n_shards: number of shards.
        size: side of the stored frames in px.
        timeout_s: longest time for one clip.

    Raises:
        StudyError: a number is out of range, or a path leaves the folder.
    """
    if not 0 <= shard < n_shards:
        raise StudyError(f"shard {shard} of {n_shards}: shards are numbered from 0 to n_shards - 1")
    if size < 1 or not timeout_s > 0:
        raise StudyError(f"config key frames: size ({size} px) and timeout_s ({timeout_s} s) must be above 0")
    mine = manifest[[shard_of(clip_id, n_shards) == shard for clip_id in manifest["clip_id"]]]
    pixels, clips, frames = {}, [], []
    with Worker(size, timeout_s) as worker:
        listed = list(zip(mine["clip_id"], mine["path"], strict=True))
        for clip_id, path in track(listed, f"decode shard {shard}", "clips"):
            file = inside(folder, path, f"manifest, clip {clip_id}")
            notes.read(file)
            try:
                clip = _decode(worker, file)
            except Undecodable as failure:
                print(f"{clip_id}: {failure}", file=sys.stderr)
                clips.append(_row(clip_id, str(failure), None))
                continue
            pixels[clip_id] = clip.pixels
            clips.append(_row(clip_id, None, clip))
            frames.append(
                pd.DataFrame(
                    {
                        "clip_id": clip_id,
                        "frame_index": np.arange(len(clip.timestamps_s)),
                        "timestamp_s": clip.timestamps_s,
                    }
                )
            )
    return Shard(
        pixels,
        pd.DataFrame(clips, columns=list(CLIP_INDEX.columns)),
        pd.concat(frames) if frames else pd.DataFrame(columns=list(FRAME_INDEX.columns)),
    )


def _decode(worker: Worker, file: Path) -> DecodedClip:
    if not file.exists():
        raise Undecodable("the file is missing")
    if file.is_file() and file.stat().st_size == 0:
        raise Undecodable("the file is empty")
    return worker.decode(file)


def _row(clip_id: str, reason: str | None, clip: DecodedClip | None) -> dict[str, object]:
    return {
        "clip_id": clip_id,
        "status": "ok" if clip else "failed",
        "reason": reason,
        "n_frames": len(clip.pixels) if clip else 0,
        "fps": clip.fps if clip else 0.0,
        "duration_s": clip.duration_s if clip else 0.0,
        "width": clip.width if clip else 0,
        "height": clip.height if clip else 0,
    }
