"""What a system is shown in each context: frames, texts between them, and the question."""

import numpy as np
import pandas as pd

from emovlm.core.errors import StudyError
from emovlm.systems.reply import Part


def build_parts(
    frames: np.ndarray, sample: pd.DataFrame, texts: pd.DataFrame | None, question: str, context: str
) -> list[Part]:
    """The parts of one clip's prompt, in order.

    Args:
        frames: uint8 [n, h, w, 3], one for each row of ``sample``.
        sample: the clip's rows of ``SAMPLE`` by position.
        texts: the clip's rows of ``TEXTS``; needed by the context ``msce``.
        question: asked after the frames.
        context: ``none`` shows the frames; ``msce`` puts the text of each gap after its keyframe
            (multi-stage context enrichment).

    Raises:
        StudyError: unknown context, or ``msce`` without texts.
    """
    if context == "none":
        return [*frames, question]
    if context == "msce":
        if texts is None:
            raise StudyError("context msce needs enrichment texts (--texts)")
        text_of = dict(zip(texts["gap"], texts["text"], strict=True))
        parts: list[Part] = []
        for frame, gap in zip(frames, sample["gap"], strict=True):
            parts += [frame, *([text_of[gap]] if gap in text_of else [])]
        return [*parts, question]
    raise StudyError(f"unknown context {context!r}; known: none, msce")
