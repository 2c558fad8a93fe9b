"""Vision-only temporal classifiers: the standard class ``VideoMAEForVideoClassification``.

The network first learns action units from the pretraining clips (no emotion word), as the organism's
tower does, then the classes from the draws of a training schedule.
"""

from pathlib import Path
from typing import Any

from emovlm.systems.torch_setup import device, torch  # isort: skip
import numpy as np
import pandas as pd
from torch.nn import functional
from transformers import AutoModelForVideoClassification, VideoMAEConfig, VideoMAEForVideoClassification

from emovlm.core.errors import StudyError
from emovlm.core.hashing import rng
from emovlm.frames.store import FrameStore
from emovlm.systems.loop import train
from emovlm.systems.reply import SCORE_DIGITS, Part, Reply


def build_classifier(
    params: dict[str, Any], image_size: int, classes: list[str], seed: int
) -> VideoMAEForVideoClassification:
    """A VideoMAE with random weights that classifies ``frames`` frames of ``image_size`` pixels."""
    torch.manual_seed(seed)
    return VideoMAEForVideoClassification(
        VideoMAEConfig(
            image_size=image_size, num_frames=params["frames"], patch_size=params["patch_size"], tubelet_size=2,
            hidden_size=params["hidden_size"], num_hidden_layers=params["layers"], num_attention_heads=params["heads"],
            intermediate_size=4 * params["hidden_size"], use_mean_pooling=True,
            id2label=dict(enumerate(classes)), label2id={c: i for i, c in enumerate(classes)},
        )
    )  # fmt: skip


def to_pixels(frames: torch.Tensor) -> torch.Tensor:
    """Float pixels [n, t, 3, h, w], about -2 to 2, of uint8 frames [n, t, h, w, 3]."""
    return (frames.permute(0, 1, 4, 2, 3).float() / 255 - 0.5) / 0.25


def pretrain_video(
    store: FrameStore, truth: pd.DataFrame, sample: pd.DataFrame, params: dict[str, Any], folder: str | Path
) -> pd.DataFrame:
    """Build the network, teach it the peak of each action unit in the pretraining clips, and save it.

    Args:
        store: frames of the pretraining clips.
        truth: their ``FRAME_TRUTH``.
        sample: ``SAMPLE``: the frames shown of each clip.
        params: ``frames``, ``patch_size``, ``hidden_size``, ``layers``, ``heads``, ``batch``,
            ``pretraining`` (``epochs``, ``learning_rate``), ``image_size``, ``seed``.
        folder: where ``save_pretrained`` writes.

    Returns:
        The training log.
    """
    videos = clip_videos(store, sample, params["frames"])
    units = [c for c in truth.columns if c.startswith("au_")]
    shown = sample[["clip_id", "frame_index"]].merge(truth, on=["clip_id", "frame_index"])
    peaks = shown.groupby("clip_id")[units].max().reindex(videos).to_numpy()
    targets = torch.from_numpy((peaks / np.maximum(peaks.std(0), 0.02)).astype(np.float32))
    model = build_classifier(params, params["image_size"], units, params["seed"])
    order = rng(params["seed"], "video pretraining")
    draws = np.concatenate([order.permutation(len(videos)) for _ in range(params["pretraining"]["epochs"])])
    settings = {"batch": params["batch"], "learning_rate": params["pretraining"]["learning_rate"]}
    log = fit(model, list(videos.values()), targets, draws, settings, "pretrain video network", params["seed"])
    model.save_pretrained(folder)
    return log


def train_classifier(
    base: str | Path, schedule: pd.DataFrame, sample: pd.DataFrame, manifest: pd.DataFrame, store: FrameStore,
    params: dict[str, Any], folder: str | Path,
) -> pd.DataFrame:  # fmt: skip
    """Train a classifier on the draws of a schedule, from the network in ``base``, and save it.

    Args:
        base: folder that :func:`pretrain_video` wrote.
        schedule: ``SCHEDULE``: the clips in the order drawn.
        sample: ``SAMPLE``: the frames shown of each clip.
        manifest: labels of the clips.
        store: their frames.
        params: ``classes``, ``frames``, ``batch``, ``learning_rate``, ``seed``.
        folder: where ``save_pretrained`` writes.

    Returns:
        The training log.

    Raises:
        StudyError: no drawn clip has frames.
    """
    videos = clip_videos(store, sample[sample["clip_id"].isin(set(schedule["clip_id"]))], params["frames"])
    number = {clip: i for i, clip in enumerate(videos)}
    draws = schedule.sort_values("draw")["clip_id"].map(number).dropna().astype(int).to_numpy(copy=True)
    if not len(draws):
        raise StudyError("no clip of the training schedule has frames; see the clip index for why they failed")
    classes = params["classes"]
    labels = manifest.set_index("clip_id")["label"].reindex(list(videos)).map(classes.index)
    torch.manual_seed(params["seed"])
    model = AutoModelForVideoClassification.from_pretrained(
        base, id2label=dict(enumerate(classes)), label2id={c: i for i, c in enumerate(classes)},
        ignore_mismatched_sizes=True,
    )  # fmt: skip
    targets = torch.tensor(labels.to_list())
    log = fit(model, list(videos.values()), targets, draws, params, "train classifier", params["seed"])
    model.save_pretrained(folder)
    return log


def clip_videos(store: FrameStore, sample: pd.DataFrame, count: int) -> dict[str, np.ndarray]:
    """Frames uint8 [count, h, w, 3] of each clip, in the order of ``sample``, by clip id."""
    ordered = sample.sort_values(["clip_id", "position"])
    return {
        clip: store.frames(clip, group["frame_index"].to_numpy()[spread(len(group), count)])
        for clip, group in ordered.groupby("clip_id", sort=True)
    }


def spread(have: int, count: int) -> np.ndarray:
    """``count`` positions spread evenly over ``have``: the network takes a fixed number of frames."""
    return np.round(np.linspace(0, have - 1, count)).astype(int)


def fit(
    model: VideoMAEForVideoClassification, clips: list[np.ndarray], targets: torch.Tensor, draws: np.ndarray,
    params: dict[str, Any], what: str, seed: int,
) -> pd.DataFrame:  # fmt: skip
    """Train ``model`` in place on ``draws`` (numbers of clips, in order).

    Args:
        clips: uint8 [t, h, w, 3] each, all of the same shape.
        targets: class numbers [n], or float [n, labels] for regression.
        params: ``batch`` and ``learning_rate``.

    Returns:
        The training log (step, mean loss since the last row).
    """
    generator = torch.Generator().manual_seed(seed)
    videos = torch.from_numpy(np.stack(clips))
    batches = [draws[i : i + params["batch"]] for i in range(0, len(draws) - params["batch"] + 1, params["batch"])]
    compare = functional.mse_loss if targets.is_floating_point() else functional.cross_entropy

    def loss_of(batch: np.ndarray) -> torch.Tensor:
        dx, dy = (int(v) for v in torch.randint(-4, 5, (2,), generator=generator))
        gain = 1 + 0.15 * torch.randn(len(batch), 1, 1, 1, 1, generator=generator)
        pixels = torch.roll(to_pixels(videos[batch]), (dy, dx), (3, 4)) * gain
        return compare(model(pixels).logits, targets[batch])

    return train(model, batches, len(batches), loss_of, params["learning_rate"], what)


class VideoClassifier:
    """A saved classifier under test; answers with the same call as a vision-language model."""

    def __init__(self, folder: str | Path):
        self.model = AutoModelForVideoClassification.from_pretrained(folder).to(device()).eval()

    def answer(self, parts: list[Part], classes: list[str], max_new_tokens: int = 0) -> Reply:
        """Log-probabilities of ``classes``; ``parts`` must be frames only (texts are ignored).

        The network takes a fixed number of frames: with another number, the nearest in the given order
        are taken.
        """
        frames = np.stack([part for part in parts if not isinstance(part, str)])
        count = self.model.config.num_frames
        frames = frames[spread(len(frames), count)]
        with torch.inference_mode():
            pixels = to_pixels(torch.from_numpy(frames)[None]).to(device())
            scores = self.model(pixels).logits[0].float().log_softmax(-1)
        label_of = self.model.config.label2id
        return Reply({c: round(float(scores[label_of[c]]), SCORE_DIGITS) for c in classes}, "", 0)
