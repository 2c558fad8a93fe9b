"""Prompts as inputs of a model; the processor's earlier work is reused.

Of a prompt's inputs, those of the language model depend on its texts and on number, size and times of its frames, not
on what the frames show. So they are kept. Those of the vision tower are needed only for frames that it has not seen
(``models.vlm.vision``).
"""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import emovlm.models.torch_setup  # noqa: F401, its settings come first  # isort: skip
from transformers import BatchFeature, ProcessorMixin

from emovlm.models.base import Frame, Part
from emovlm.models.vlm.chat import Turn
from emovlm.models.vlm.families import Family
from emovlm.models.vlm.inputs import encode, layout, without_pixels
from emovlm.models.vlm.vision import PIXELS, Piece, pieces

KEPT = 4096  # prompts that differ in texts or in number, size and times of frames

Places = dict[str, list[list[tuple[tuple[int, ...], str]]]]
"""By ``image`` and ``video``, of each piece of each item: numbers of the frames that it shows, and how it is
prepared."""


@dataclass
class Encoded:
    """A prompt as inputs of a model.

    ``inputs``: without pixels; ``keys``: by ``image`` and ``video``, of each piece of each image or video; ``prepare``
    has the processor prepare the pixels, which are kept in ``pixels``.
    """

    inputs: BatchFeature
    keys: dict[str, list[list[str]]]
    prepare: Callable[[], BatchFeature]
    pixels: BatchFeature | None = None

    def pieces(self) -> dict[str, Piece]:
        """The pieces by their keys."""
        if self.pixels is None:
            self.pixels = self.prepare()
        found = {}
        for kind, items in self.keys.items():
            for keys, item in zip(items, pieces(self.pixels, kind), strict=True):
                found.update(zip(keys, item, strict=True))
        return found


class Encoder:
    """Encodes the prompts of one model.

    Args:
        turn: how a question is put.
        min_pixels: of each frame of a video, at least.
        known: whether the vision tower has seen a piece of a key, so that its pixels need not be prepared.
    """

    def __init__(
        self, processor: ProcessorMixin, family: Family, turn: Turn, min_pixels: int | None,
        known: Callable[[str], bool],
    ):  # fmt: skip
        self.processor, self.family, self.turn, self.min_pixels, self.known = processor, family, turn, min_pixels, known
        self._kept: dict[Any, tuple[BatchFeature, Places | None]] = {}

    def whole(self, parts: Sequence[Part]) -> BatchFeature:
        """All inputs of a prompt, pixels too."""
        return encode(self.processor, self.family, parts, self.turn, self.min_pixels)

    def __call__(self, parts: Sequence[Part]) -> Encoded:
        """A prompt as inputs; pixels are prepared where the tower has not seen all of its pieces."""
        frames = [part for part in parts if isinstance(part, Frame)]
        shape = tuple(part if isinstance(part, str) else (part.pixels.shape, part.time_s) for part in parts)
        inputs, places = self._kept.get(shape, (None, None))
        whole = None
        if inputs is None:
            whole = self.whole(parts)
            inputs, places = without_pixels(whole), _places(parts, whole, self.family, self._step())
            if len(self._kept) == KEPT:
                self._kept.clear()
            self._kept[shape] = inputs, places
        if places is None:
            whole = whole or self.whole(parts)
            keys = {kind: [[piece.key() for piece in item] for item in pieces(whole, kind)] for kind in PIXELS}
        else:
            keys = _keys(places, frames)
        encoded = Encoded(inputs, keys, lambda: self.whole(parts), whole)
        if whole is None and not all(self.known(key) for items in keys.values() for item in items for key in item):
            encoded.pixels = encoded.prepare()
        return encoded

    def _step(self) -> int:
        """How many frames of a video are one step."""
        return getattr(getattr(self.processor, "video_processor", None), "temporal_patch_size", 1)


def _places(parts: Sequence[Part], whole: BatchFeature, family: Family, step: int) -> Places | None:
    """Which frames each piece shows; None where that cannot be told from the numbers of pieces and frames."""
    runs: dict[str, list[list[int]]] = {kind: [] for kind in PIXELS}
    shown = 0
    for part in layout(parts, family):
        if not isinstance(part, str):
            runs[part[0]].append(list(range(shown, shown + len(part[1]))))
            shown += len(part[1])
    kind_of = {frame: kind for kind, each in runs.items() for run in each for frame in run}
    found: Places = {}
    items = {kind: pieces(whole, kind) for kind in PIXELS}
    used = [kind for kind in PIXELS if items[kind]]
    for kind in used:
        flat = [piece for item in items[kind] for piece in item]
        if used == [kind] and len(flat) == shown:
            groups = [(frame,) for frame in sorted(kind_of)]
        else:
            size = step if kind == "video" else 1
            groups = [tuple(run[i : i + size]) for run in runs[kind] for i in range(0, len(run), size)]
        if len(groups) != len(flat):
            return None
        named = iter((group, f"{kind_of[group[0]]}{piece.alike()}") for group, piece in zip(groups, flat, strict=True))
        found[kind] = [[next(named) for _ in item] for item in items[kind]]
    return found


def _keys(places: Places, frames: Sequence[Frame]) -> dict[str, list[list[str]]]:
    """A hash of what each piece shows and how it is prepared."""
    pixels = [hashlib.sha256(f"{f.pixels.shape}".encode() + f.pixels.tobytes()).hexdigest() for f in frames]
    return {
        kind: [["".join([how, *(pixels[i] for i in shown)]) for shown, how in item] for item in items]
        for kind, items in places.items()
    }
