"""What a model's vision tower makes of frames, computed once for each frame while the model is loaded.

Conditions of a study show the same frames again: at other rates, in another order, with texts between. The towers of
all families treat frames (Qwen's: pairs of frames, the steps of a video) apart from one another, so what they make of
one can be kept. A frame is known by its pixels and by how the processor prepares it (``models.vlm.encoding``).

Features differ in their last bits with the number of frames that are computed together. So the tower always gets
``GROUP`` frames; the last group is filled up. Then a frame's features do not depend on the others of its group, nor on
whether they were kept.
"""

import hashlib
import os
import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from emovlm.models.torch_setup import device, torch  # isort: skip
from transformers import BatchFeature, PreTrainedModel
from transformers.modeling_outputs import BaseModelOutputWithPooling

from emovlm.core.errors import StudyError
from emovlm.models.vlm.families import Family

if TYPE_CHECKING:
    from emovlm.models.vlm.encoding import Encoded

GROUP = 16
MEMORY = "EMOVLM_FEATURE_MEMORY"
"""Environment variable: how many MiB of features a loaded model keeps at most; 0 keeps none."""
USUAL_MIB = 1024
PIXELS = {"image": "pixel_values", "video": "pixel_values_videos"}
IMAGES = "pixel_values_images"  # how the processor of Video-LLaVA calls those of images
MASK = "pixel_attention_mask"  # which pixels of an image are no padding

Features = tuple[torch.Tensor, ...]
"""Of a frame: [tokens, channels] for the language model's input, and for each of its first layers where it has such."""


@dataclass
class Piece:
    """The smallest part of a prompt's pixels that the tower treats apart.

    ``inputs``: by name, a frame [1, channels, height, width] or the patches of a step [patches, values]; ``grid``:
    height and width in patches, of families whose frames may have any size; ``listed``: whether the tower takes frames
    as a list for each prompt, in a dimension more.
    """

    kind: str
    inputs: dict[str, torch.Tensor]
    grid: tuple[int, int] | None = None
    listed: bool = False

    def key(self) -> str:
        """Hash of all that its features depend on, but for the weights."""
        digest = hashlib.sha256(f"{self.kind}{self.grid}".encode())
        for name, tensor in self.inputs.items():
            digest.update(f"{name}{tuple(tensor.shape)}{tensor.dtype}".encode())
            digest.update(tensor.contiguous().view(torch.uint8).numpy())
        return digest.hexdigest()

    def alike(self) -> tuple:
        """What pieces have in common that are computed together."""
        return self.kind, self.grid, self.listed, tuple((k, v.shape) for k, v in self.inputs.items())


def pieces(inputs: BatchFeature, kind: str) -> list[list[Piece]]:
    """The images or videos of one prompt's inputs in order, each as its pieces.

    Args:
        kind: ``image`` or ``video``.
    """
    name, grids = PIXELS[kind], inputs.get(f"{kind}_grid_thw")
    pixels = inputs.get(IMAGES) if kind == "image" and IMAGES in inputs else inputs.get(name)
    if pixels is None:
        return []
    if grids is not None:
        found, start = [], 0
        for steps, height, width in grids.tolist():
            end = start + steps * height * width
            cut = pixels[start:end].split(height * width)
            found.append([Piece(kind, {name: step}, (height, width)) for step in cut])
            start = end
        return found
    if pixels.ndim == 4:
        return [[Piece(kind, {name: frame[None]})] for frame in pixels]
    masks = inputs.get(MASK) if kind == "image" else None
    return [
        [
            Piece(kind, {name: frame[None], **({} if masks is None else {MASK: masks[i, j][None]})}, listed=True)
            for j, frame in enumerate(frames)
        ]
        for i, frames in enumerate(pixels)
    ]


@dataclass
class Seen(BaseModelOutputWithPooling):
    """What the tower has seen, as models of ``transformers`` take it, those of ``deepstack_features`` among them."""

    deepstack_features: list | None = None


class Memory:
    """Features by key, at most ``most`` bytes of them; when it is full, some that are drawn at random make room.

    Conditions show all clips one after another. Were the longest unused to go first, each would go just before it is
    asked for again.
    """

    def __init__(self, most: int):
        self.most, self.size = most, 0
        self._kept: dict[str, Features] = {}
        self._keys: list[str] = []
        self._draw = random.Random(0)

    def get(self, key: str) -> Features | None:
        """What is kept under a key."""
        return self._kept.get(key)

    def add(self, key: str, features: Features) -> None:
        """Keep features, if they are not larger than the memory."""
        size = _size(features)
        if size > self.most:
            return
        while self.size + size > self.most:
            i = self._draw.randrange(len(self._keys))
            self._keys[i], self._keys[-1] = self._keys[-1], self._keys[i]
            self.size -= _size(self._kept.pop(self._keys.pop()))
        self._kept[key] = features
        self._keys.append(key)
        self.size += size


def _size(features: Features) -> int:
    return sum(tensor.nbytes for tensor in features)


def memory_mib() -> int:
    """How many MiB of features a loaded model may keep.

    Raises:
        StudyError: ``EMOVLM_FEATURE_MEMORY`` is no whole number.
    """
    given = os.environ.get(MEMORY, str(USUAL_MIB))
    if not given.isdecimal():
        raise StudyError(f"environment variable {MEMORY}: {given!r} is no whole number of MiB; 0 turns the memory off")
    return int(given)


class Vision:
    """The vision tower of a loaded model.

    Attributes:
        shown: how many pieces of prompts it was given so far.
        computed: how many of them it computed.

    Raises:
        StudyError: as :func:`memory_mib`.
    """

    def __init__(self, model: PreTrainedModel, family: Family):
        self.model, self.family = model, family
        self.memory = Memory(memory_mib() * 2**20)
        self.shown = self.computed = 0

    def knows(self, key: str) -> bool:
        """Whether the features of a key are kept."""
        return self.memory.get(key) is not None

    def features(self, prompts: Sequence["Encoded"]) -> list[dict[str, list[Features]]]:
        """For each prompt, by ``image`` and ``video``, the features of each of its images or videos."""
        known: dict[str, Features] = {}
        new: dict[str, Piece] = {}
        for prompt in prompts:
            keys = [key for items in prompt.keys.values() for item in items for key in item]
            self.shown += len(keys)
            known |= {key: kept for key in keys if key not in known and (kept := self.memory.get(key)) is not None}
            if not all(key in known or key in new for key in keys):
                new |= {key: piece for key, piece in prompt.pieces().items() if key not in known and key not in new}
        for key, made in self._computed(new):
            known[key] = made
            self.memory.add(key, made)
        return [
            {
                kind: [self._item(kind, [known[key] for key in item]) for item in items]
                for kind, items in prompt.keys.items()
                if items
            }
            for prompt in prompts
        ]

    def _item(self, kind: str, frames: list[Features]) -> Features:
        """The features of one image or video from those of its pieces."""
        joined = [torch.cat(parts) for parts in zip(*frames, strict=True)]
        if kind == "video" and self.family.video_end:
            end = getattr(self.model.model, self.family.video_end).detach()[None]
            joined[0] = torch.cat([joined[0], end.to(joined[0])])
        return tuple(joined)

    def _computed(self, new: dict[str, Piece]) -> list[tuple[str, Features]]:
        """The features of pieces, on the CPU, in groups of a fixed size."""
        together: dict[tuple, list[str]] = {}
        for key, piece in new.items():
            together.setdefault(piece.alike(), []).append(key)
        made = []
        for keys in together.values():
            for start in range(0, len(keys), GROUP):
                chosen = keys[start : start + GROUP]
                filled = [new[key] for key in (*chosen, *chosen[-1:] * (GROUP - len(chosen)))]
                made += zip(chosen, self._group(filled), strict=False)
        self.computed += len(made)
        return made

    def _group(self, group: list[Piece]) -> list[Features]:
        first = group[0]
        inputs = {name: torch.cat([piece.inputs[name] for piece in group]) for name in first.inputs}
        pixels = inputs[PIXELS[first.kind]].to(self.model.dtype)
        if self.family.channels_last:
            pixels = pixels.contiguous(memory_format=torch.channels_last)
        inputs[PIXELS[first.kind]] = pixels
        if first.listed:
            inputs = {name: tensor[None] for name, tensor in inputs.items()}
        if first.grid:
            inputs[f"{first.kind}_grid_thw"] = torch.tensor([[1, *first.grid]] * len(group))
        tower = getattr(self.model.model, f"get_{first.kind}_features")
        with torch.no_grad():
            seen = tower(**{name: tensor.to(device()) for name, tensor in inputs.items()}, return_dict=True)
        layers = [seen.pooler_output, *(getattr(seen, "deepstack_features", None) or ())]
        return list(zip(*(self._split(layer, first.kind, len(group)) for layer in layers), strict=True))

    def _split(self, features: Any, kind: str, parts: int) -> list[torch.Tensor]:
        """What was made of each piece: copies, so that one may be let go without the others."""
        rows = torch.cat([each.flatten(0, -2) for each in features]).cpu()
        if kind == "video" and self.family.video_end:
            rows = rows[:-1]
        return [part.clone() for part in rows.split(len(rows) // parts)]


def as_encoder_outputs(prompts: Sequence[dict[str, list[Features]]], grids: bool) -> dict[str, Any]:
    """The features of a batch of prompts as a model of ``transformers`` takes them: ``mm_encoder_outputs``.

    Args:
        prompts: from :meth:`Vision.features`.
        grids: whether the family's frames may have any size: then the model takes a list of features.
    """
    outputs = {}
    for kind in PIXELS:
        items = [item for prompt in prompts for item in prompt.get(kind, ())]
        if items:
            first, *later = (torch.cat(parts).to(device()) for parts in zip(*items, strict=True))
            outputs[kind] = Seen(
                pooler_output=[first] if grids else first[None], deepstack_features=[[layer] for layer in later]
            )
    return outputs
