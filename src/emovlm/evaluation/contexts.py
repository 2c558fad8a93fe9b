"""What a system is shown in each context: frames, texts between them, and the question."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from emovlm.core.errors import StudyError
from emovlm.core.hashing import rng
from emovlm.core.registry import Registry
from emovlm.models.base import Part, as_frames


@dataclass(frozen=True)
class Context:
    """What is shown beside the question.

    Attributes:
        name: what a condition calls it.
        about: what is shown, in a sentence.
        texts: the kind of texts that it shows (``enrichment``), if any.
        frames: whether it shows the frames.
        shuffled: whether the texts change places (:func:`shuffle_texts`).
    """

    name: str
    about: str
    texts: str | None = None
    frames: bool = True
    shuffled: bool = False


CONTEXTS: Registry[Context] = Registry("context")
for _context in (
    Context("none", "the frames alone"),
    Context(
        "msce", "after each keyframe the text of what happens until the next (multi-stage context enrichment)", "motion"
    ),
    Context("msce-shuffled", "a control: the same texts in random order", "motion", shuffled=True),
    Context("text-only", "a control: the texts without frames", "motion", frames=False),
    Context("static", "a control: texts about the keyframes themselves", "static"),
    Context("truth", "a control: the true motion in words, which rendered clips know", "truth"),
):
    CONTEXTS.add(_context)


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
    kind = CONTEXTS[context]
    shown = as_frames(frames, sample["timestamp_s"])
    if kind.texts is None:
        return [*shown, question]
    if texts is None:
        raise StudyError(f"context {context} needs enrichment texts (--texts)")
    text_of = dict(zip(texts["gap"], texts["text"], strict=True))
    parts: list[Part] = []
    for frame, gap in zip(shown, sample["gap"], strict=True):
        parts += [frame] if kind.frames else []
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
