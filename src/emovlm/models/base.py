"""What every system under test is asked and answers."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

import numpy as np


@dataclass(frozen=True, eq=False)
class Frame:
    """One frame shown: ``pixels`` uint8 [height, width, 3] (RGB), ``time_s`` seconds from the clip's beginning."""

    pixels: np.ndarray
    time_s: float


@dataclass(frozen=True, eq=False)
class Audio:
    """A clip's sound: ``samples`` float32 [n] of one channel, from -1 to 1, ``rate_hz`` of them a second.

    It begins where the clip begins. ``last_frame_s`` is the time of the clip's last frame, where that is known. Systems
    that cannot hear leave it out.
    """

    samples: np.ndarray
    rate_hz: int
    last_frame_s: float | None = None


SETTINGS = (
    "family", "dtype", "frames", "on_overflow", "pixels", "min_pixels", "batch", "batch_tokens", "pooling",
    "label_map", "missing_labels", "label_words", "allow_remote_code",
)  # fmt: skip
"""What changes what a model answers: columns of ``systems.tsv`` (``batch`` and ``batch_tokens`` by rounding only), the
words that labels of a classifier are matched with, and the hash of code that came with the weights."""

Part = Frame | Audio | str  # a frame, the clip's sound or a piece of text
SCORE_DIGITS = 4  # of a log-likelihood: what is below is rounding noise of the arithmetic


@dataclass(frozen=True)
class Reply:
    """What a system says of one clip.

    ``scores``: log-likelihood of each label as the answer (nats); ``text``: the free greedy reply, empty
    for a classifier; ``tokens``: length of the prompt with its visual tokens; ``frames``: how many it was shown,
    where a limit left some out.

    ``failure`` says why there is no reply: an API model gave none, or the prompt is longer than the model's context.
    ``cut`` says whether the text ended at ``max_new_tokens`` and not by itself.

    Of an API model there are no scores. ``refused`` says whether it gave no reply because it refused, and ``model``
    which version of it the server says has answered.
    """

    scores: dict[str, float]
    text: str
    tokens: int
    failure: str = ""
    model: str = ""
    frames: int | None = None
    refused: bool = False
    cut: bool = False


class NoReplyError(Exception):
    """A model gives no reply to this prompt and would give none again: it refuses, or the prompt is too long.

    Args:
        says: why.
        refused: whether it refused.
    """

    def __init__(self, says: str, refused: bool = False):
        super().__init__(says)
        self.refused = refused


class System(Protocol):
    """A system under test.

    One that answers several prompts at once also has ``answers(prompts, classes, max_new_tokens)`` and
    ``say_many(prompts, max_new_tokens)``, which take prompts as an iterable and yield the number of each and what
    ``answer`` or ``say`` would return for it, in any order. What ``say`` would raise is yielded too.

    One that scores labels by their tokens also has ``label_tokens(classes)``: how many tokens each label has, without
    the one that ends it.
    """

    def answer(self, parts: list[Part], classes: list[str], max_new_tokens: int) -> Reply:
        """Score ``classes`` as the answer to frames and texts, and reply freely."""

    def say(self, parts: list[Part], max_new_tokens: int) -> str:
        """Reply freely; a classifier cannot.

        Raises:
            NoReplyError: an API model refused, for example, or the prompt is longer than the context.
        """


def spread(have: int, count: int) -> np.ndarray:
    """``count`` positions spread evenly over ``have``."""
    return np.round(np.linspace(0, have - 1, count)).astype(int)


def at_most(parts: list[Frame | str], frames: int | None) -> list[Frame | str]:
    """Texts and at most ``frames`` frames, spread evenly over those given, in their order; all if None."""
    places = [i for i, part in enumerate(parts) if isinstance(part, Frame)]
    if not frames or len(places) <= frames:
        return parts
    kept = {places[i] for i in spread(len(places), frames)}
    return [part for i, part in enumerate(parts) if isinstance(part, str) or i in kept]


def as_frames(pixels: np.ndarray, times_s: Iterable[float]) -> list[Frame]:
    """Frames uint8 [n, height, width, 3] and their n times as parts of a prompt."""
    return [Frame(*shown) for shown in zip(pixels, times_s, strict=True)]
