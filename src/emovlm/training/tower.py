"""The organism's vision tower learns to see: action-unit intensities from single frames, no emotion word.

It is trained once and shared by every variant and seed, so that variants differ only in language.
"""

from pathlib import Path
from typing import Any

from emovlm.models.torch_setup import torch  # isort: skip
import numpy as np
import pandas as pd
from torch import nn
from torch.nn import functional
from transformers import AutoModel, TimmWrapperConfig

from emovlm.core.errors import StudyError
from emovlm.frames.store import FrameStore
from emovlm.models.organism.build import STRIDE
from emovlm.models.organism.pixels import frame_pixels
from emovlm.training.loop import train


def fit_tower(store: FrameStore, truth: pd.DataFrame, params: dict[str, Any], folder: str | Path) -> pd.DataFrame:
    """Build, train and save the tower.

    Args:
        store: frames of the pretraining clips.
        truth: ``FRAME_TRUTH`` of the frames that were decoded.
        params: ``tower`` (``architecture``, ``arguments``, ``channels``, ``epochs``, ``batch``,
            ``learning_rate``), ``image_size`` and ``seed``.
        folder: where ``save_pretrained`` writes.

    Returns:
        The training log: step, loss, and after each epoch the R2 on held-out people, averaged over units.

    Raises:
        StudyError: there are too few frames to train on.
    """
    tower = params["tower"]
    truth = truth.sort_values(["clip_id", "frame_index"])
    frames = np.concatenate([store.frames(clip, g["frame_index"]) for clip, g in truth.groupby("clip_id", sort=True)])
    if len(frames) < 2 * tower["batch"]:
        raise StudyError(f"only {len(frames)} frames to train the tower on; raise synface.corpora.faces.pretrain.clips")
    units = truth[[c for c in truth.columns if c.startswith("au_")]].to_numpy(np.float32)
    torch.manual_seed(params["seed"])
    config = TimmWrapperConfig(
        architecture=tower["architecture"], do_pooling=False, num_classes=0, model_args=tower["arguments"],
        hidden_size=tower["channels"],
    )  # fmt: skip
    model = AutoModel.from_config(config)
    log = train_tower(model, tower["channels"], frames, units, pd.factorize(truth["clip_id"])[0], tower, params["seed"])
    model.save_pretrained(folder)
    return log


class UnitReader(nn.Module):
    """A tower with a linear read-out of action units from its feature map."""

    def __init__(self, tower: nn.Module, channels: int, cells: int, units: int):
        super().__init__()
        self.tower = tower
        self.head = nn.Linear(channels * cells, units)

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        """Intensities [n, units] of pixels [n, 3, height, width]."""
        return self.head(self.tower(pixels).last_hidden_state.flatten(1))


def jitter(frames: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    """Shift each batch by a few pixels and change brightness and contrast a little; pixels [n, 3, h, w]."""
    dx, dy = (int(v) for v in torch.randint(-4, 5, (2,), generator=generator))
    gain = 1 + 0.15 * torch.randn(len(frames), 1, 1, 1, generator=generator)
    lift = 0.15 * torch.randn(len(frames), 1, 1, 1, generator=generator)
    return torch.roll(frames, (dy, dx), (2, 3)) * gain + lift


def train_tower(
    tower: nn.Module, channels: int, frames: np.ndarray, targets: np.ndarray, clips: np.ndarray,
    params: dict[str, Any], seed: int,
) -> pd.DataFrame:  # fmt: skip
    """Fit ``tower`` in place to action-unit intensities.

    Args:
        tower: maps pixels [n, 3, h, w] to features [n, channels, h / 32, w / 32].
        channels: of its features.
        frames: uint8 [n, h, w, 3].
        targets: float [n, units] intensities.
        clips: [n] clip number of each frame; one clip in ten is held out.
        params: ``epochs``, ``batch``, ``learning_rate``.
        seed: of order, jitter and head.

    Returns:
        The training log: step, loss, and held-out R2 at the end of each epoch.
    """
    torch.manual_seed(seed)
    generator = torch.Generator().manual_seed(seed)
    images = torch.from_numpy(frames)
    scale = np.maximum(targets.std(0), 0.02)
    wanted = torch.from_numpy((targets / scale).astype(np.float32))
    held = torch.from_numpy(clips % 10 == 0)
    train_rows, test_rows = torch.nonzero(~held)[:, 0], torch.nonzero(held)[:, 0]
    cells = (frames.shape[1] // STRIDE) ** 2
    reader = UnitReader(tower, channels, cells, targets.shape[1]).to(memory_format=torch.channels_last)

    def loss_of(chosen: torch.Tensor) -> torch.Tensor:
        pixels = jitter(frame_pixels(images[chosen]), generator).contiguous(memory_format=torch.channels_last)
        return functional.mse_loss(reader(pixels), wanted[chosen])

    epoch = len(train_rows) // params["batch"]
    batches = (
        order[i : i + params["batch"]]
        for _ in range(params["epochs"])
        for order in [train_rows[torch.randperm(len(train_rows), generator=generator)]]
        for i in range(0, epoch * params["batch"], params["batch"])
    )
    return train(
        reader, batches, params["epochs"] * epoch, loss_of, params["learning_rate"], "train tower",
        measure=lambda: _r2(reader, images, wanted, test_rows), measure_every=epoch,
    )  # fmt: skip


def _r2(reader: UnitReader, images: torch.Tensor, wanted: torch.Tensor, test: torch.Tensor) -> float:
    """Share of variance explained, averaged over the units that vary in the held-out frames."""
    with torch.no_grad():
        seen = torch.cat([reader(frame_pixels(images[part])) for part in test.split(256)])
    residual = ((seen - wanted[test]) ** 2).sum(0)
    spread = ((wanted[test] - wanted[test].mean(0)) ** 2).sum(0)
    return float((1 - residual / spread)[spread > 1e-3].mean())
