"""Fine-tuning of MAE-DFER and HiCMAE on the draws of a training sampler, from an official pretrained checkpoint.

The official recipe as far as it is plain: AdamW whose learning rate falls layer by layer towards the input and whose
weight decay leaves biases and norms alone, stochastic depth, label smoothing, and for each draw a random window of
frames, a random crop, a random flip and mixup (Zhang et al., 2018). It also uses RandAugment, random erasing, CutMix
and a random gain of the sound, which are left out here. All randomness comes from the seed; on a GPU, bfloat16.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from emovlm.models.torch_setup import device, torch  # isort: skip
import numpy as np
import pandas as pd
from torch.nn import functional

from emovlm.core.errors import StudyError
from emovlm.core.hashing import rng
from emovlm.frames.store import FrameStore
from emovlm.models.base import Audio
from emovlm.models.dfer.dfer_classifier import filled, frame_step, normalised
from emovlm.models.dfer.official_weights import build_network, load_pretrained, save_network
from emovlm.models.dfer.spectrogram import heard_with, log_mel
from emovlm.training.loop import train

WEIGHT_DECAY, LAYER_DECAY, SMOOTHING = 0.05, 0.75, 0.1  # as in both official runs
RATIO = 4 / 3  # a crop's longer to shorter side, at most


def train_dfer(
    start: str | Path, schedule: pd.DataFrame, sample: pd.DataFrame, manifest: pd.DataFrame, store: FrameStore,
    params: dict[str, Any], folder: str | Path, sound_of: Callable[[str], Audio | None] | None = None,
) -> pd.DataFrame:  # fmt: skip
    """Fine-tune a network on the draws of a schedule and save it.

    Args:
        start: the official pretrained checkpoint (``.pth``).
        schedule: ``SCHEDULE``: the clips in the order drawn; their number is the length of the training.
        sample: ``SAMPLE``: the frames of each clip in order, of which a draw sees a window of the network's length.
        manifest: labels of the clips.
        store: their frames.
        params: ``network`` (a key of ``NETWORKS``), ``classes``, ``batch``, ``learning_rate`` (of the last layer at
            the top of its cycle; officially 1e-3 x batch / 256), ``seed``, ``crop`` (the least share of a frame's area
            that a crop keeps; officially 0.08, 1 for no crops), ``mixup`` (of the Beta distribution; officially 0.8, 0
            for none) and, for other dimensions than the official ones, ``dimensions``.
        folder: where ``save_network`` writes.
        sound_of: a clip's sound by its id, or ``None`` for one without; needed by HiCMAE.

    Returns:
        The training log.

    Raises:
        StudyError: no drawn clip has frames, HiCMAE gets no ``sound_of``, or as :func:`load_pretrained`.
    """
    torch.manual_seed(params["seed"])
    classes = params["classes"]
    model = build_network(params["network"], len(classes), params.get("dimensions"))
    load_pretrained(model, start)
    model.to(device())
    if model.hears and sound_of is None:
        raise StudyError(f"{params['network']} hears: give train_dfer the clips' sounds (sound_of)")
    shown = sample[sample["clip_id"].isin(set(schedule["clip_id"]))].sort_values(["clip_id", "position"])
    clips = {clip: group for clip, group in shown.groupby("clip_id", sort=True)}
    drawn = schedule.sort_values("draw")[["draw", "clip_id"]].itertuples(index=False, name=None)
    draws = [(draw, clip) for draw, clip in drawn if clip in clips]
    if not draws:
        raise StudyError("no clip of the training schedule has frames; see the clip index for why they failed")
    label_of = manifest.set_index("clip_id")["label"]
    size = params["batch"]
    batches = [draws[i : i + size] for i in range(0, len(draws) - size + 1, size)]

    def inputs_of(draw: int, clip: str) -> list[torch.Tensor]:
        """What the network takes of one draw: pixels [frames, side, side, 3] and a spectrogram, if it hears."""
        random = rng(params["seed"], "augment", draw)
        indices, times = (clips[clip][column].to_numpy() for column in ("frame_index", "timestamp_s"))
        view = _window(len(indices), model.shape.frames, random)
        pixels = torch.from_numpy(store.frames(clip, indices[view])).to(device())
        inputs = [_crop(pixels, model.shape.image, params["crop"], random)]
        if model.hears:
            heard = log_mel(heard_with(sound_of(clip), times[view], frame_step(times)), *model.shape.sound)
            inputs.append(torch.from_numpy(heard)[None].to(device()))
        return inputs

    def loss_of(batch: list[tuple[int, str]]) -> torch.Tensor:
        pixels, *heard = map(torch.stack, zip(*(inputs_of(*draw) for draw in batch), strict=True))
        targets = torch.tensor([classes.index(label_of[clip]) for _, clip in batch], device=device())
        mixup = params["mixup"]
        share = rng(params["seed"], "mixup", batch[0][0]).beta(mixup, mixup) if mixup else 1.0
        inputs = [share * x + (1 - share) * x.flip(0) for x in (normalised(pixels), *heard)]
        with torch.autocast(device().type, torch.bfloat16, enabled=device().type == "cuda"):
            logits = model(*inputs).float()
        own, other = (
            functional.cross_entropy(logits, wanted, label_smoothing=SMOOTHING) for wanted in (targets, targets.flip(0))
        )
        return share * own + (1 - share) * other

    groups = parameter_groups(model, params["learning_rate"])
    log = train(model, batches, len(batches), loss_of, params["learning_rate"], "fine-tune", groups=groups)
    save_network(model, classes, folder)
    return log


def parameter_groups(model: torch.nn.Module, learning_rate: float) -> list[dict[str, Any]]:
    """Groups for the optimizer: the rate falls by ``LAYER_DECAY`` with each layer from the last to the first.

    Weight decay is for matrices only, and not for region tokens.
    """
    layers = {name: model.layer_of(name) for name, _ in model.named_parameters()}
    last = max(layers.values())
    groups: dict[tuple[int, bool], list[torch.nn.Parameter]] = {}
    for name, parameter in model.named_parameters():
        decays = parameter.ndim > 1 and name != "lg_region_tokens"
        groups.setdefault((layers[name], decays), []).append(parameter)
    return [
        {
            "params": parameters,
            "lr": learning_rate * LAYER_DECAY ** (last - layer),
            "weight_decay": WEIGHT_DECAY * decays,
        }
        for (layer, decays), parameters in groups.items()
    ]


def _window(frames: int, length: int, random: np.random.Generator) -> np.ndarray:
    """Positions of a random window of a clip's frames; a short clip's last frame is repeated."""
    start = int(random.integers(max(frames - length, 0) + 1))
    return filled(np.arange(start, min(start + length, frames)), length)


def _crop(pixels: torch.Tensor, side: int, least: float, random: np.random.Generator) -> torch.Tensor:
    """One random crop of all frames, at the network's size, and flipped half the time.

    Args:
        pixels: uint8 [frames, height, width, 3].
        side: of the result.
        least: share of the area that is kept at least; 1 keeps all.
        random: what decides.

    Returns:
        float [frames, side, side, 3] from 0 to 255.
    """
    height, width = pixels.shape[1:3]
    area, ratio = random.uniform(least, 1), RATIO ** random.uniform(-1, 1)
    if least == 1:
        area = ratio = 1.0
    rows = min(height, max(1, round(height * (area / ratio) ** 0.5)))
    columns = min(width, max(1, round(width * (area * ratio) ** 0.5)))
    top, left = int(random.integers(height - rows + 1)), int(random.integers(width - columns + 1))
    piece = pixels[:, top : top + rows, left : left + columns].permute(0, 3, 1, 2).float()
    if piece.shape[2:] != (side, side):
        piece = functional.interpolate(piece, (side, side), mode="bilinear", antialias=True)
    if random.random() < 0.5:
        piece = piece.flip(3)
    return piece.permute(0, 2, 3, 1)
