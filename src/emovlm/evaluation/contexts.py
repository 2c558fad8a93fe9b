"""What a system is shown in each context: frames, texts between them, and the question."""

import numpy as np
import pandas as pd

from emovlm.core.errors import StudyError
from emovlm.core.hashing import rng
from emovlm.models.base import Part, as_frames

CONTEXTS: dict[str, str | None] = {
    "none": None,
    "msce": "motion",
    "msce-shuffled": "motion",
    "text-only": "motion",
    "static": "static",
    "truth": "truth",
}
"""Context: the kind of texts that it shows (``enrichment``), if any.

``none`` shows the frames alone. ``msce`` puts after each keyframe the text of what happens until the next (multi-stage
context enrichment). Its controls: ``msce-shuffled`` puts the same texts in random order, ``text-only`` shows them
without frames, ``static`` puts texts about the keyframes themselves, ``truth`` puts the true motion into words.
"""


def build_parts(
    frames: np.ndarray, sample: pd.DataFrame, texts: pd.DataFrame | None, question: str, context: str
) -> list[Part]:
    """The parts of one clip's prompt, in order.

    Args:
        frames: uint8 [n, h, w, 3], one for each row of ``sample``.
        sample: the clip's rows of ``SAMPLE`` by position.
        texts: the clip's rows of ``TEXTS``, where the context shows texts.
        question: asked after the frames.
        context: a key of ``CONTEXTS``.

    Raises:
        StudyError: unknown context, or texts missing.
    """
    if context not in CONTEXTS:
        raise StudyError(f"unknown context {context!r}; known: {', '.join(CONTEXTS)}")
    shown = as_frames(frames, sample["timestamp_s"])
    if CONTEXTS[context] is None:
        return [*shown, question]
    if texts is None:
        raise StudyError(f"context {context} needs enrichment texts (--texts)")
    text_of = dict(zip(texts["gap"], texts["text"], strict=True))
    parts: list[Part] = []
    for frame, gap in zip(shown, sample["gap"], strict=True):
        parts += [] if context == "text-only" else [frame]
        parts += [text_of[gap]] if gap in text_of else []
    return [*parts, question]


def shuffle_texts(texts: pd.DataFrame, clip_id: str) -> pd.DataFrame:
    """A clip's ``TEXTS`` dealt to its gaps in a random order that differs, where any order does."""
    said = texts["text"].to_numpy(object)
    draw = rng("shuffled texts", clip_id)
    while len(set(said)) > 1:
        dealt = draw.permutation(said)
        if (dealt != said).any():
            return texts.assign(text=dealt)
    return texts
