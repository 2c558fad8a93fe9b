"""Features of frames by the frozen tower: what the organism's language part learns on."""

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from emovlm.models.torch_setup import torch  # isort: skip
import numpy as np
import pandas as pd
from transformers import AutoModel

from emovlm.core.progress import track
from emovlm.frames.store import FrameStore, Store, StoreWriter
from emovlm.models.organism.video_classifier import feature_maps


class Features(Protocol):
    """Where features of frames come from."""

    def of(self, clip_id: str, frames: Sequence[int]) -> torch.Tensor:
        """Features of some frames of a clip: float32 [frames, cells, channels]."""


class FeatureStore(Store):
    """Features that :func:`encode_frames` has written."""

    def of(self, clip_id: str, frames: Sequence[int]) -> torch.Tensor:
        """As of :class:`Features`.

        Raises:
            StudyError: the clip or a frame is not in the store.
        """
        return torch.from_numpy(self.rows(clip_id, frames))


class ComputedFeatures:
    """Features of the frames that some prompts show, computed at once and held in memory.

    Args:
        tower: a vision tower.
        store: the clips' frames.
        wanted: columns clip_id and ``frames``.
    """

    def __init__(self, tower: torch.nn.Module, store: FrameStore, wanted: pd.DataFrame):
        needed: dict[str, list[int]] = {}
        for clip, frames in zip(wanted["clip_id"], wanted["frames"], strict=True):
            needed.setdefault(clip, []).extend(frames)
        self._rows: dict[str, tuple[np.ndarray, torch.Tensor]] = {}
        tower.eval()
        for clip, frames in track(sorted(needed.items()), "tower features", "clips"):
            indices = np.unique(frames)
            self._rows[clip] = (indices, _features(tower, store.frames(clip, indices)))

    def of(self, clip_id: str, frames: Sequence[int]) -> torch.Tensor:
        """As of :class:`Features`, for frames that were wanted."""
        indices, features = self._rows[clip_id]
        return features[np.searchsorted(indices, frames)]


def encode_frames(tower: str | Path, frames: FrameStore, path: str | Path) -> None:
    """Write the features of all frames of a store into a store of their own, a tensor a clip.

    All pretraining variants and runs show the same clips, so this is done once for all of them.

    Args:
        tower: folder of the tower.
    """
    model = AutoModel.from_pretrained(tower).eval()
    clips = frames.clip_ids()
    longest = max((len(frames.tensor(clip)) for clip in clips), default=0)
    with StoreWriter(path, clips, (longest, 10**6, 10**6)) as writer:
        for clip in track(clips, "tower features", "clips"):
            writer.add(clip, _features(model, frames.tensor(clip)).numpy())


def _features(tower: torch.nn.Module, frames: np.ndarray) -> torch.Tensor:
    return feature_maps(tower, frames).flatten(2).permute(0, 2, 1).contiguous()
