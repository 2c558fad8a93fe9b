"""Decode one shard of a dataset: its packed frames with the tables of its clips and frames, or its packed sound."""

import os
import sys
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from emovlm.core import notes
from emovlm.core.contracts.frames import CLIP_INDEX, FRAME_INDEX
from emovlm.core.errors import StudyError
from emovlm.core.harmless import harmless
from emovlm.core.hashing import shard_of
from emovlm.core.progress import track
from emovlm.datasets.annotations import inside
from emovlm.frames.audio import decode_audio
from emovlm.frames.container import Undecodable
from emovlm.frames.decoding import decode_clip
from emovlm.frames.fit import Fit
from emovlm.frames.images import decode_images, image_files
from emovlm.frames.store import Encoding, StoreWriter
from emovlm.frames.worker import MEMORY_GB, Worker

MOST_FRAMES, MOST_SAMPLES = 10**7, 10**10  # of one clip: what a store's header keeps room for


def decode_shard(
    manifest: pd.DataFrame,
    folder: Path,
    shard: int,
    n_shards: int,
    store: str | Path,
    size: int,
    timeout_s: float,
    fps: float | None = None,
    fit: Fit = "pad",
    encoding: Encoding = "raw",
    memory_gb: float = MEMORY_GB,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Decode every clip that belongs to a shard, one at a time, and write its frames to ``store``.

    A clip that is missing, empty, undecodable, too slow or deadly to the decoder becomes a row with status
    ``failed`` and the reason; the others go on.

    Args:
        manifest: a ``contracts.MANIFEST`` table.
        folder: the raw folder that its paths are relative to.
        shard: number of the shard, from 0.
        n_shards: number of shards.
        store: file for the frames, uint8 [n, size, size, 3] a clip.
        size: side of the stored frames in px.
        timeout_s: longest time for one clip.
        fps: rate of clips that are folders of images.
        fit: how frames become squares.
        encoding: how they are stored; the pixels are the same.
        memory_gb: most memory of the process that decodes, in 10^9 bytes.

    Returns:
        The tables of its clips (``contracts.CLIP_INDEX``) and frames (``contracts.FRAME_INDEX``).

    Raises:
        StudyError: a number is out of range, a path leaves the folder, or frames cannot be stored in the encoding.
    """
    if size < 1 or not timeout_s > 0:
        raise StudyError(f"config key frames: size ({size} px) and timeout_s ({timeout_s} s) must be above 0")
    mine = _own(manifest, shard, n_shards)
    clips, frames = [], []
    longest = (MOST_FRAMES, size, size, 3)
    with (
        StoreWriter(store, mine["clip_id"], longest, encoding) as writer,
        Worker(partial(decode_path, size=size, fps=fps, fit=fit), timeout_s, memory_gb) as worker,
    ):
        listed = list(zip(mine["clip_id"], mine["path"], strict=True))
        for clip_id, path in track(listed, f"decode shard {shard}", "clips"):
            file = inside(folder, path, f"manifest, clip {clip_id}")
            try:
                _note(file)
                pixels, about = _decode(worker, file)
            except Undecodable as failure:
                print(harmless(f"{clip_id}: {failure}"), file=sys.stderr)
                clips.append(_row(clip_id, str(failure), 0, {}))
                continue
            writer.add(clip_id, pixels)
            index = {"frame_index": np.arange(len(pixels)), "timestamp_s": about.pop("timestamps_s")}
            clips.append(_row(clip_id, None, len(pixels), about))
            frames.append(pd.DataFrame({"clip_id": clip_id, **index}))
    return (
        pd.DataFrame(clips, columns=list(CLIP_INDEX.columns)),
        pd.concat(frames) if frames else pd.DataFrame(columns=list(FRAME_INDEX.columns)),
    )


def decode_sound(
    manifest: pd.DataFrame,
    folder: Path,
    shard: int,
    n_shards: int,
    store: str | Path,
    timeout_s: float,
    sounds: Mapping[str, str] | None = None,
    memory_gb: float = MEMORY_GB,
) -> str:
    """Decode the sound of every clip that belongs to a shard, and write it to ``store``, int16 [n] a clip.

    A clip whose file has no sound, or whose sound does not decode, is stored with none. That its frames do not decode
    is another matter, which the clip index tells.

    Args:
        manifest: a ``contracts.MANIFEST`` table.
        folder: the raw folder that its paths are relative to.
        shard: number of the shard, from 0.
        n_shards: number of shards.
        store: file for the sound.
        timeout_s: longest time for one clip.
        sounds: file with the sound of a clip that is a folder of images, by the folder's name.
        memory_gb: most memory of the process that decodes, in 10^9 bytes.

    Returns:
        How many clips have sound, and how many none, in words.

    Raises:
        StudyError: a number is out of range, or a path leaves the folder.
    """
    mine = _own(manifest, shard, n_shards)
    silent = failed = 0
    with (
        StoreWriter(store, mine["clip_id"], (MOST_SAMPLES,)) as writer,
        Worker(_heard, timeout_s, memory_gb) as worker,
    ):
        listed = list(zip(mine["clip_id"], mine["path"], strict=True))
        for clip_id, path in track(listed, f"decode sound of shard {shard}", "clips"):
            where = f"manifest, clip {clip_id}"
            file = inside(folder, path, where)
            if file.is_dir() and (other := (sounds or {}).get(file.name)):
                file = inside(folder, other, where)
            wave = np.zeros(0, np.int16)
            try:
                if not file.is_dir():
                    notes.read(file)
                    wave, _ = _decode(worker, file)
                silent += not len(wave)
            except Undecodable as failure:
                failed += 1
                print(harmless(f"{clip_id}: {failure}; it is taken to have no sound"), file=sys.stderr)
            writer.add(clip_id, wave)
    return f"{len(mine) - silent - failed} clips have sound, {silent} have none, that of {failed} does not decode"


def decode_path(
    path: str, size: int, fps: float | None, fit: Fit = "pad", steady_only: bool = True
) -> tuple[np.ndarray, dict[str, Any]]:
    """Frames of a clip, a video or a folder of images, and what else is known of it: see ``DecodedClip``.

    Raises:
        Unsteady: as :func:`emovlm.frames.decoding.decode_clip`.
    """
    if not os.path.isdir(path):
        clip = decode_clip(path, size, fit, steady_only)
    elif fps is None:
        raise Undecodable("a folder of images, and datasets.tsv, column fps, gives no rate for it")
    else:
        clip = decode_images(path, size, fps, fit)
    about = {k: v for k, v in vars(clip).items() if k != "pixels"}
    return clip.pixels, about | {"timestamps_s": clip.timestamps_s.tolist()}


def _heard(path: str) -> tuple[np.ndarray, dict[str, Any]]:
    return decode_audio(path), {}


def _own(manifest: pd.DataFrame, shard: int, n_shards: int) -> pd.DataFrame:
    """The clips of a shard, by id."""
    if not 0 <= shard < n_shards:
        raise StudyError(f"shard {shard} of {n_shards}: shards are numbered from 0 to n_shards - 1")
    mine = manifest[[shard_of(clip_id, n_shards) == shard for clip_id in manifest["clip_id"]]]
    return mine.sort_values("clip_id")


def _note(file: Path) -> None:
    """Tell the job's record what is read: the file, or each image of the folder."""
    try:
        files = image_files(file) if os.path.isdir(file) else [file]
    except OSError:
        raise Undecodable("the folder cannot be read") from None
    for each in files:
        notes.read(each)


def _decode(worker: Worker, file: Path) -> tuple[np.ndarray, dict[str, Any]]:
    try:
        if not file.exists():
            raise Undecodable("the file is missing")
    except OSError as error:  # a name that is too long, a folder that may not be read
        raise Undecodable(f"the file cannot be looked at ({error.strerror})") from None
    if not (file.is_file() or file.is_dir()):  # a pipe that nobody writes to, a device that never ends
        raise Undecodable("neither a file nor a folder")
    if file.is_file() and file.stat().st_size == 0:
        raise Undecodable("the file is empty")
    return worker.decode(file)


def _row(clip_id: str, reason: str | None, n_frames: int, about: dict[str, Any]) -> dict[str, object]:
    status = {"clip_id": clip_id, "status": "failed" if reason else "ok", "reason": reason, "n_frames": n_frames}
    return {**status, "fps": 0.0, "duration_s": 0.0, "width": 0, "height": 0, **about}
