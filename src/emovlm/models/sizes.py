"""How large a model is, by its own files and without loading its weights: what its cost depends on."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from emovlm.models.torch_setup import torch  # isort: skip
import numpy as np
import transformers
from safetensors import safe_open
from torch.utils.flop_counter import FlopCounterMode
from transformers import AutoConfig, AutoProcessor

from emovlm.models.base import as_frames
from emovlm.models.flops import Size
from emovlm.models.hub_classifier.hub_classifier import KINDS, FrameProcessor, frames_wanted
from emovlm.models.hub_classifier.labels import CLASSIFIERS
from emovlm.models.vlm.chat import find_turn
from emovlm.models.vlm.families import family_of
from emovlm.models.vlm.inputs import encode, limited

TOWER = re.compile(r"(^|\.)(visual|vision\w*|video_tower)\.")
UNUSED = re.compile(r"^(talker|token2wav)\.|(^|\.)(audio_tower|image_tower)\.")  # by frames of a clip, and for a reply
FRAMES = 16  # of the clip that is put through the processor, to see how many tokens it becomes


def checkpoint_size(folder: str | Path, row: Mapping[str, Any], side: int) -> Size | None:
    """The size of the model of a row, by the files of its checkpoint; None if they do not tell it.

    Args:
        folder: with configuration and processor; of a vision-language model also with its safetensors.
        row: of the systems table.
        side: pixels of the square frames that it is shown.
    """
    clip = as_frames(np.full((FRAMES, side, side, 3), 128, np.uint8), np.arange(FRAMES) / 5)
    measure = _classifier_size if row.get("family") in CLASSIFIERS else _language_model_size
    try:
        return measure(Path(folder), row, clip)
    except Exception:  # files may be incomplete or of any kind; an estimate is no reason to stop
        return None


def _classifier_size(folder: Path, row: Mapping[str, Any], clip: list) -> Size:
    """By building the model without memory for its weights, and counting the operations of one forward pass."""
    config = AutoConfig.from_pretrained(folder, trust_remote_code=False)
    frames = frames_wanted(config) if row["family"] == "video-classification" else 1
    inputs = FrameProcessor(folder, row["family"])([clip[0]] * frames)
    with torch.device("meta"):
        model = getattr(transformers, KINDS[row["family"]]).from_config(config).eval()
    with FlopCounterMode(display=False) as counter, torch.inference_mode():
        model(**{name: value.to("meta") for name, value in inputs.items()})
    parameters = model.num_parameters()
    # Where weights are used in several places, as in a convolution, this many patches would cost the same.
    patches = counter.get_total_flops() / (2 * parameters * frames)
    return Size(parameters, patches, most_frames=row.get("frames", 0) if frames == 1 else frames)


def _language_model_size(folder: Path, row: Mapping[str, Any], clip: list) -> Size:
    """By the shapes in the headers of its safetensors, and by putting a clip through its processor."""
    counts = dict.fromkeys(("tower", "embeddings", "head", "language"), 0)
    for path in sorted(folder.glob("*.safetensors")):
        with safe_open(path, "np") as weights:
            for name in weights.keys():  # noqa: SIM118, it is no dictionary
                if not UNUSED.search(name):
                    counts[_part(name)] += int(np.prod(weights.get_slice(name).get_shape()))
    if not counts["language"]:
        raise ValueError(f"{folder}: no safetensors")
    config = AutoConfig.from_pretrained(folder, trust_remote_code=False)
    config = getattr(config, "thinker_config", config)
    text, vision = config.get_text_config(), config.vision_config
    head_size = getattr(text, "head_dim", None) or text.hidden_size // text.num_attention_heads
    processor = AutoProcessor.from_pretrained(folder, trust_remote_code=False)
    family, turn = family_of(row), find_turn(processor)
    alone, shown = (
        encode(processor, family, limited(parts, None, row.get("pixels")), turn, row.get("min_pixels"))
        for parts in (["?"], [*clip, "?"])
    )
    tokens = (shown["input_ids"].shape[1] - alone["input_ids"].shape[1]) / len(clip)
    patch = getattr(vision, "patch_size", None)
    return Size(
        vision_parameters=counts["tower"],
        patches=tokens if patch is None else _patches(shown, np.ravel(patch)[0]) / len(clip),
        # The output reads the input's embeddings where it has no weights of its own.
        parameters=counts["language"] + (counts["head"] or counts["embeddings"]),
        layers=text.num_hidden_layers,
        width=text.hidden_size,
        kv_width=text.num_key_value_heads * head_size,
        tokens=tokens,
        most_frames=row.get("frames", 0),
    )


def _part(name: str) -> str:
    """The part of a vision-language model that a weight belongs to."""
    if TOWER.search(name):
        return "tower"
    return "embeddings" if "embed_tokens" in name else "head" if "lm_head" in name else "language"


def _patches(inputs: Mapping[str, torch.Tensor], side: int) -> float:
    """How many patches of ``side`` pixels the tower sees: rows, where the processor has cut frames into patches."""
    pixels = [value for name, value in inputs.items() if name.startswith("pixel_values")]
    return sum(len(value) if value.ndim == 2 else value.numel() / 3 / side**2 for value in pixels)
