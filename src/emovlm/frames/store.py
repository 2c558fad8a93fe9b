"""The packed stores of a shard, safetensors files with one tensor a clip: its frames, their features, or its sound.

Frames are uint8 [n, size, size, 3]; features are float32 [n, cells, channels], of a vision tower; sound is int16 [n],
mono, ``RATE`` samples a second, empty where a clip has none. A store of frames may hold them coded, without loss
(:mod:`emovlm.frames.lossless`): uint8 [bytes] a clip, and the file's metadata name the encoding.
"""

import json
import math
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self, get_args

import numpy as np
from safetensors import SafetensorError, safe_open

from emovlm.core.errors import StudyError
from emovlm.core.files import atomic
from emovlm.core.hashing import sha256_bytes

RATE = 16_000
TYPES = {"uint8": "U8", "int16": "I16", "float32": "F32"}
LONGEST = 10**15  # no file is longer: what the header reserves for an offset
HEADER_MOST = 100_000_000  # bytes; readers of the format refuse a longer header

Encoding = Literal["raw", "h264", "webp"]
"""How frames are stored: as they are, or by a codec without loss (:mod:`emovlm.frames.codecs`)."""


class StoreWriter:
    """Writes a store clip by clip, atomically, holding one clip in memory. Use it in a ``with`` block.

    The library's own writer wants all tensors at once. The format is plain: the header's length, a JSON header, the
    tensors one after another. The header comes first but is known last, so room is kept for the longest that these
    clips can need, and what is left of it is filled with spaces, as the format allows. Equal clips give equal bytes.
    """

    def __init__(
        self, path: str | Path, clip_ids: Iterable[str], shape: tuple[int, ...], encoding: Encoding = "raw"
    ) -> None:
        """``clip_ids``: all clips that may come; ``shape``: the longest of a clip's tensor, for the header's size.

        Raises:
            StudyError: there are too many clips for one file.
        """
        self._path, self._encoding, self._offset, self._last = path, encoding, 0, ""
        self._entries = [] if encoding == "raw" else [f'"__metadata__":{{"encoding":"{encoding}"}}']
        shape = shape if encoding == "raw" else (LONGEST,)
        longest = (_entry(clip_id, "I16", shape, LONGEST, LONGEST) for clip_id in clip_ids)
        room = 2 + sum(len(entry) + 1 for entry in (*self._entries, *longest))
        self._room = room + -room % 8  # aligned, as the format asks
        if self._room > HEADER_MOST:
            raise StudyError(f"{path}: too many clips for one store; raise n_shards of the dataset in datasets.tsv")

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            temporary = stack.enter_context(atomic(self._path))
            self._handle = stack.enter_context(open(temporary, "wb"))
            self._handle.seek(8 + self._room)
            self._stack = stack.pop_all()
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if kind is None:
            text = b"{" + ",".join(self._entries).encode() + b"}"
            self._handle.seek(0)
            self._handle.write(self._room.to_bytes(8, "little") + text.ljust(self._room))
        self._stack.__exit__(kind, error, trace)

    def add(self, clip_id: str, tensor: np.ndarray) -> None:
        """Write a clip, of one of ``TYPES``; clips must come in the order of their ids.

        Raises:
            StudyError: its frames cannot be coded.
        """
        if clip_id <= self._last:
            raise ValueError(f"clip {clip_id} comes after {self._last}")
        if self._encoding != "raw":
            tensor = _coded(clip_id, tensor, self._encoding)
        end = self._offset + tensor.nbytes
        self._entries.append(_entry(clip_id, TYPES[str(tensor.dtype)], tensor.shape, self._offset, end))
        self._handle.write(np.ascontiguousarray(tensor))
        self._offset, self._last = end, clip_id


def _entry(clip_id: str, kind: str, shape: Sequence[int], start: int, end: int) -> str:
    about = {"dtype": kind, "shape": shape, "data_offsets": [start, end]}
    return f"{json.dumps(clip_id)}:{json.dumps(about, separators=(',', ':'))}"


@dataclass(frozen=True)
class _Shard:
    path: str
    file: Any  # safe_open, which is no class
    encoding: str


class Store:
    """Tensors of clips, read from memory-mapped shards: only the clips asked for are loaded."""

    def __init__(self, paths: Sequence[str | Path]) -> None:
        """Open the shards.

        Raises:
            StudyError: a shard is missing or damaged, of an encoding that is not known, or two have the same clip.
        """
        self._shards: dict[str, _Shard] = {}
        for path in paths:
            try:
                file = safe_open(str(path), framework="numpy")
            except (OSError, SafetensorError) as error:
                raise StudyError(f"{path}: not a readable frame store ({error}); decode the shard again") from None
            shard = _Shard(str(path), file, (file.metadata() or {}).get("encoding", "raw"))
            if shard.encoding not in get_args(Encoding):
                raise StudyError(f"{path}: its encoding {shard.encoding!r} is not known; decode the shard again")
            for clip_id in file.keys():  # noqa: SIM118 (the file is no dict)
                if clip_id in self._shards:
                    raise StudyError(f"{path}: clip {clip_id} is also in another shard; are these of one dataset?")
                self._shards[clip_id] = shard

    def clip_ids(self) -> list[str]:
        """The clips that were decoded, sorted."""
        return sorted(self._shards)

    def tensor(self, clip_id: str) -> np.ndarray:
        """All that is stored of a clip.

        Raises:
            StudyError: the clip is not in the store, or of another type or shape than such stores have.
        """
        shard = self._shard(clip_id)
        entry = shard.file.get_slice(clip_id)
        kind, shape = entry.get_dtype(), entry.get_shape()
        if not self._holds(kind, shape, shard.encoding) or math.prod(max(1, n) for n in shape) > LONGEST:
            told = f"clip {clip_id} is {kind} {shape}, which this kind of store does not hold; delete the file"
            raise StudyError(f"{shard.path}: {told}, then run again")
        return shard.file.get_tensor(clip_id)

    def _holds(self, kind: str, shape: list[int], encoding: str) -> bool:
        """Whether a tensor of this type and shape may be in the store."""
        return kind in TYPES.values() and len(shape) > 0

    def rows(self, clip_id: str, frame_indices: Sequence[int]) -> np.ndarray:
        """What is stored of some frames of a clip, in the order of ``frame_indices``.

        Raises:
            StudyError: the clip or a frame is not in the store.
        """
        stored = self.tensor(clip_id)
        return stored[_within(clip_id, len(stored), frame_indices)]

    def _shard(self, clip_id: str) -> _Shard:
        if clip_id not in self._shards:
            raise StudyError(f"clip {clip_id} is not in the frame store; the clip index says why, if it failed")
        return self._shards[clip_id]


class FrameStore(Store):
    """Frames of clips, the same whatever their encoding."""

    def _holds(self, kind: str, shape: list[int], encoding: str) -> bool:
        if encoding != "raw":
            return super()._holds(kind, shape, encoding)  # its decoder looks closer
        return kind == "U8" and len(shape) == 4 and shape[3] == 3

    def tensor(self, clip_id: str) -> np.ndarray:
        """All frames of a clip: uint8 [n, size, size, 3].

        Raises:
            StudyError: the clip is not in the store, or damaged.
        """
        return super().tensor(clip_id) if self._shard(clip_id).encoding == "raw" else self._decoded(clip_id, None)

    def frames(self, clip_id: str, frame_indices: Sequence[int]) -> np.ndarray:
        """Frames of a clip in the order of ``frame_indices``: uint8 [len(frame_indices), size, size, 3].

        Raises:
            StudyError: the clip or a frame is not in the store, or damaged.
        """
        if self._shard(clip_id).encoding == "raw":
            return self.rows(clip_id, frame_indices)
        return self._decoded(clip_id, frame_indices)

    def sha256(self, clip_id: str, frame_indices: Sequence[int]) -> str:
        """Hash of the frames' pixels and number, in their order.

        Raises:
            StudyError: as :meth:`frames`.
        """
        frames = self.frames(clip_id, frame_indices)
        return sha256_bytes(f"{frames.shape}".encode() + frames.tobytes())

    def _decoded(self, clip_id: str, frame_indices: Sequence[int] | None) -> np.ndarray:
        """Frames of a clip that is stored coded; all of them if ``frame_indices`` is None."""
        # Imported here, since few stores are coded, and FFmpeg's libraries take time to load.
        from emovlm.frames.codecs import CODECS
        from emovlm.frames.lossless import Coded, Damaged

        shard = self._shard(clip_id)
        try:
            clip = Coded(super().tensor(clip_id), CODECS[shard.encoding])
            wanted = range(len(clip)) if frame_indices is None else _within(clip_id, len(clip), frame_indices)
            return clip.frames(wanted)
        except Damaged as error:
            told = f"{shard.path}: clip {clip_id} is damaged: {error}; delete the file, then run again"
            raise StudyError(told) from None


class SoundStore(Store):
    """Sound of clips."""

    def _holds(self, kind: str, shape: list[int], encoding: str) -> bool:
        return kind == "I16" and len(shape) == 1

    def waveform(self, clip_id: str) -> np.ndarray:
        """A clip's sound: float32 [n] within -1 to 1, mono, ``RATE`` samples a second; n is 0 if the clip has none.

        Raises:
            StudyError: the clip is not in the store.
        """
        return self.tensor(clip_id).astype(np.float32) / 32768


def _within(clip_id: str, n: int, frame_indices: Sequence[int]) -> np.ndarray:
    """The indices, int64, all of which a clip of ``n`` frames has."""
    indices = np.asarray(frame_indices, np.int64)
    outside = indices[(indices < 0) | (indices >= n)]
    if len(outside):
        raise StudyError(f"clip {clip_id} has frames 0 to {n - 1}, but no frame {outside[0]}")
    return indices


def _coded(clip_id: str, pixels: np.ndarray, encoding: Encoding) -> np.ndarray:
    # Imported here for the same reason as above.
    from emovlm.frames.lossless import coded

    try:
        return coded(pixels, encoding)
    except StudyError as error:
        raise StudyError(f"clip {clip_id}: {error}") from None
