"""Training of vision-only temporal classifiers: the standard class ``VideoMAEForVideoClassification``.

The network sees with the organism's own eyes: its video is the trained tower's feature maps (one channel a
feature) instead of colours. So it differs from the organism in what reads the features, not in the
features, and it has never seen a word. On raw pixels a transformer of this size learns next to nothing
from so few clips.
"""

from pathlib import Path
from typing import Any

from emovlm.models.torch_setup import device, torch  # isort: skip
import pandas as pd
from torch.nn import functional
from transformers import AutoModel, VideoMAEConfig, VideoMAEForVideoClassification

from emovlm.core.errors import StudyError
from emovlm.core.progress import track
from emovlm.frames.store import FrameStore
from emovlm.models.base import spread
from emovlm.models.organism.video_classifier import feature_maps
from emovlm.training.loop import train


def build_classifier(
    params: dict[str, Any], maps: torch.Size, classes: list[str], seed: int
) -> VideoMAEForVideoClassification:
    """A VideoMAE with random weights.

    Args:
        params: ``frames``, ``hidden_size``, ``layers``, ``heads``, ``dropout``.
        maps: shape of a clip's feature maps, [frames, channels, side, side]; each cell is a patch.
        classes: in the order of the outputs.
        seed: of the weights.
    """
    torch.manual_seed(seed)
    return VideoMAEForVideoClassification(
        VideoMAEConfig(
            image_size=maps[-1], num_channels=maps[1], num_frames=params["frames"], patch_size=1, tubelet_size=1,
            hidden_size=params["hidden_size"], num_hidden_layers=params["layers"], num_attention_heads=params["heads"],
            intermediate_size=4 * params["hidden_size"], hidden_dropout_prob=params["dropout"], use_mean_pooling=True,
            id2label=dict(enumerate(classes)), label2id={c: i for i, c in enumerate(classes)},
        )
    )  # fmt: skip


def train_classifier(
    tower: str | Path, schedule: pd.DataFrame, sample: pd.DataFrame, manifest: pd.DataFrame, store: FrameStore,
    params: dict[str, Any], folder: str | Path,
) -> pd.DataFrame:  # fmt: skip
    """Train a classifier on the draws of a schedule and save it.

    Args:
        tower: folder of the trained tower.
        schedule: ``SCHEDULE``: the clips in the order drawn.
        sample: ``SAMPLE``: the frames shown of each clip.
        manifest: labels of the clips.
        store: their frames.
        params: those of :func:`build_classifier`, and ``classes``, ``batch``, ``learning_rate``, ``seed``.
        folder: where ``save_pretrained`` writes.

    Returns:
        The training log.

    Raises:
        StudyError: no drawn clip has frames.
    """
    eyes = AutoModel.from_pretrained(tower).to(device()).eval()
    shown = sample[sample["clip_id"].isin(set(schedule["clip_id"]))].sort_values(["clip_id", "position"])
    clips = {clip: group["frame_index"].to_numpy() for clip, group in shown.groupby("clip_id", sort=True)}
    if not clips:
        raise StudyError("no clip of the training schedule has frames; see the clip index for why they failed")
    videos = torch.stack([
        feature_maps(eyes, store.frames(clip, indices[spread(len(indices), params["frames"])]))
        for clip, indices in track(list(clips.items()), "tower features", "clips")
    ])  # fmt: skip
    classes = params["classes"]
    labels = manifest.set_index("clip_id")["label"].reindex(list(clips))
    targets = torch.tensor([classes.index(label) for label in labels], device=videos.device)
    model = build_classifier(params, videos.shape[1:], classes, params["seed"]).to(device())
    number = {clip: i for i, clip in enumerate(clips)}
    draws = [number[clip] for clip in schedule.sort_values("draw")["clip_id"] if clip in number]
    batches = [draws[i : i + params["batch"]] for i in range(0, len(draws) - params["batch"] + 1, params["batch"])]

    def loss_of(batch: list[int]) -> torch.Tensor:
        return functional.cross_entropy(model(videos[batch]).logits, targets[batch], label_smoothing=0.05)

    log = train(model, batches, len(batches), loss_of, params["learning_rate"], "train classifier")
    model.save_pretrained(folder)
    return log
