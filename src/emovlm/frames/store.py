"""The packed frame store: one safetensors file a shard, one uint8 tensor [n, size, size, 3] a clip."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from safetensors import SafetensorError, safe_open

from emovlm.core.errors import StudyError
from emovlm.core.files import atomic
from emovlm.core.hashing import sha256_bytes


def write_store(pixels: Mapping[str, np.ndarray], path: str | Path) -> None:
    """Write clips as a safetensors file, atomically; equal clips give equal bytes.

    The library's own writer copies all tensors first, which doubles the memory of a shard; the format is plain: the
    header's length, a JSON header, the tensors one after another.

    Args:
        pixels: uint8 [n, size, size, 3] by clip id.
        path: the file.
    """
    header, offset = {}, 0
    for clip_id in sorted(pixels):
        end = offset + pixels[clip_id].nbytes
        header[clip_id] = {"dtype": "U8", "shape": pixels[clip_id].shape, "data_offsets": [offset, end]}
        offset = end
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)  # aligned, as the format asks
    with atomic(path) as temporary, open(temporary, "wb") as handle:
        handle.write(len(text).to_bytes(8, "little") + text)
        for clip_id in header:
            handle.write(np.ascontiguousarray(pixels[clip_id], np.uint8))


class FrameStore:
    """Frames of clips, read from memory-mapped shards: only the clips asked for are loaded."""

    def __init__(self, paths: Sequence[str | Path]) -> None:
        """Open the shards.

        Raises:
            StudyError: a shard is missing or damaged, or two shards have the same clip.
        """
        self._shards: dict[str, safe_open] = {}
        for path in paths:
            try:
                shard = safe_open(str(path), framework="numpy")
            except (OSError, SafetensorError) as error:
                raise StudyError(f"{path}: not a readable frame store ({error}); decode the shard again") from None
            for clip_id in shard.keys():  # noqa: SIM118 (the file is no dict)
                if clip_id in self._shards:
                    raise StudyError(f"{path}: clip {clip_id} is also in another shard; are these of one dataset?")
                self._shards[clip_id] = shard

    def clip_ids(self) -> list[str]:
        """The clips that were decoded, sorted."""
        return sorted(self._shards)

    def frames(self, clip_id: str, frame_indices: Sequence[int]) -> np.ndarray:
        """Frames of a clip in the order of ``frame_indices``: uint8 [len(frame_indices), size, size, 3].

        Raises:
            StudyError: the clip or a frame is not in the store.
        """
        if clip_id not in self._shards:
            raise StudyError(f"clip {clip_id} is not in the frame store; the clip index says why, if it failed")
        pixels = self._shards[clip_id].get_tensor(clip_id)
        indices = np.asarray(frame_indices, np.int64)
        outside = indices[(indices < 0) | (indices >= len(pixels))]
        if len(outside):
            raise StudyError(f"clip {clip_id} has frames 0 to {len(pixels) - 1}, but no frame {outside[0]}")
        return pixels[indices]

    def sha256(self, clip_id: str, frame_indices: Sequence[int]) -> str:
        """Hash of the frames' pixels and number, in their order.

        Raises:
            StudyError: as :meth:`frames`.
        """
        frames = self.frames(clip_id, frame_indices)
        return sha256_bytes(f"{frames.shape}".encode() + frames.tobytes())
