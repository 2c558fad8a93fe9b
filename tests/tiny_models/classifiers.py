"""Tiny classifiers with random weights, saved as on the hub: real classes, configurations and processors.

Each family's processor has another size, crop and normalisation than its class has by default, so that a test sees
whether the saved ones are used.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from emovlm.models.torch_setup import torch  # isort: skip
import transformers as hf

WIDTH, SIDE, PATCH, FRAMES = 16, 32, 8, 4
LABELS = ("sad", "Happy", "surprise", "angry", "neutral")
MEAN, DEVIATION = [0.4, 0.5, 0.3], [0.2, 0.3, 0.25]
Made = tuple[hf.PreTrainedModel, Any]


def _transformer(labels: dict[str, Any]) -> dict[str, Any]:
    return {
        "hidden_size": WIDTH, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 2 * WIDTH,
        "image_size": SIDE, "initializer_range": 1.0, **labels,
    }  # fmt: skip


def vit(labels: dict[str, Any]) -> Made:
    size = {"height": SIDE, "width": SIDE}
    processor = hf.ViTImageProcessor(size=size, resample=3, image_mean=MEAN, image_std=DEVIATION)
    return hf.ViTForImageClassification(hf.ViTConfig(patch_size=PATCH, **_transformer(labels))), processor


def convnext(labels: dict[str, Any]) -> Made:
    """Its processor enlarges the frame by 1 / crop_pct before it crops."""
    processor = hf.ConvNextImageProcessor(size={"shortest_edge": 40}, crop_pct=0.7, image_mean=MEAN, image_std=MEAN)
    config = hf.ConvNextConfig(hidden_sizes=[8, 8, 16, 16], depths=[1, 1, 1, 1], initializer_range=0.5, **labels)
    return hf.ConvNextForImageClassification(config), processor


def videomae(labels: dict[str, Any]) -> Made:
    """With an image processor, as the published checkpoints have it."""
    processor = hf.VideoMAEImageProcessor(
        size={"shortest_edge": 48}, crop_size={"height": SIDE, "width": SIDE}, image_mean=MEAN, image_std=DEVIATION
    )
    config = hf.VideoMAEConfig(patch_size=PATCH, num_frames=FRAMES, tubelet_size=2, **_transformer(labels))
    return hf.VideoMAEForVideoClassification(config), processor


def timesformer(labels: dict[str, Any]) -> Made:
    """With a video processor, as transformers saves it today."""
    processor = hf.TimesformerVideoProcessor(
        size={"shortest_edge": 36}, crop_size={"height": SIDE, "width": SIDE}, image_mean=MEAN, image_std=DEVIATION
    )
    config = hf.TimesformerConfig(patch_size=PATCH, num_frames=2 * FRAMES, **_transformer(labels))
    return hf.TimesformerForVideoClassification(config), processor


IMAGE_CLASSIFIERS: dict[str, Callable[[dict[str, Any]], Made]] = {"vit": vit, "convnext": convnext}
VIDEO_CLASSIFIERS: dict[str, Callable[[dict[str, Any]], Made]] = {"videomae": videomae, "timesformer": timesformer}


def save_classifier(
    architecture: str, folder: str | Path, labels: Sequence[str] = LABELS, seed: int = 0, **config: Any
) -> None:
    """Save a tiny classifier with its processor.

    Args:
        architecture: a key of ``IMAGE_CLASSIFIERS`` or ``VIDEO_CLASSIFIERS``.
        labels: of the classifier, by number.
        seed: of the weights.
        config: further values of its configuration.
    """
    torch.manual_seed(seed)
    named = {"id2label": dict(enumerate(labels)), "label2id": {label: i for i, label in enumerate(labels)}}
    model, processor = {**IMAGE_CLASSIFIERS, **VIDEO_CLASSIFIERS}[architecture]({**named, **config})
    for name, weight in model.named_parameters():
        # By default heads are almost 0, and TimeSformer does not know the order of frames.
        if name.startswith("classifier") or name.endswith("time_embeddings"):
            torch.nn.init.normal_(weight, std=0.3)
    model.save_pretrained(folder)
    processor.save_pretrained(folder)
