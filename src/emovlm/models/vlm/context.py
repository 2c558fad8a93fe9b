"""How long a prompt may be, and what becomes of one that is longer.

A model answers beyond its context too, with positions that it has never seen; nothing in its output tells.
"""

from bisect import bisect_left
from collections.abc import Callable, Mapping
from typing import Any

from emovlm.core.errors import StudyError
from emovlm.models.base import NoReplyError

STRETCHED = ("linear", "yarn")  # rotary positions of a context that is ``factor`` times the original one


class TooLongError(NoReplyError, StudyError):
    """A prompt and its answer are longer than the model's context."""


def context_length(config: Any) -> int | None:
    """How many tokens the language model of a checkpoint takes, prompt and answer together.

    ``max_position_embeddings`` of its configuration; where rotary positions are stretched over a longer context, as
    some configurations ask, ``factor`` times the original context, if that is more. These do not count:

    - ``dynamic`` scaling, which stretches positions only beyond the context, where the model was not trained.
    - Sliding windows: such layers look back less far at any length, and were trained to.
    - The tokenizer's ``model_max_length``: where plain text would be cut in training. Checkpoints have 2,048 there
      beside a context of 4,096, or 10^30.

    Args:
        config: of the model, or of its language model.

    Returns:
        None where the configuration names no length.
    """
    text = config.get_text_config()
    return stretched(getattr(text, "max_position_embeddings", None), getattr(text, "rope_parameters", None))


def stretched(length: int | None, rope: Mapping[str, Any] | None) -> int | None:
    """A context of ``max_position_embeddings`` as its rotary positions stretch it (:func:`context_length`)."""
    rope = rope or {}
    if length and (rope.get("rope_type") or rope.get("type")) in STRETCHED:
        original = rope.get("original_max_position_embeddings") or length
        length = max(length, int(original * (rope.get("factor") or 1)))
    return length


def frames_that_fit(frames: int, takes: Callable[[int], int], context: int | None, on_overflow: str | None) -> int:
    """How many of ``frames`` a prompt can show.

    Args:
        frames: that are to be shown.
        takes: from the number of evenly spaced frames to the tokens of prompt and answer; more frames take more.
        context: how many tokens there may be; None: any number.
        on_overflow: ``fewer_frames``: as many frames as fit, at least one. Otherwise all or nothing.

    Raises:
        TooLongError: it does not fit.
    """
    needed = takes(frames)
    if context is None or needed <= context:
        return frames
    fewer = on_overflow == "fewer_frames"
    fitting = bisect_left(range(1, frames), True, key=lambda n: takes(n) > context) if fewer else 0
    if fitting > 0:
        return fitting
    even = " even with one frame" if fewer and frames else ""
    least = takes(1) if even and frames > 1 else needed
    raise TooLongError(f"prompt and answer take {least} tokens{even}, and the model's context is {context}")
