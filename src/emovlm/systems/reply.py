"""What every system under test is asked and answers."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np

Part = np.ndarray | str  # a frame, uint8 [height, width, 3], or a piece of text
SCORE_DIGITS = 4  # of a log-likelihood: what is below is rounding noise of the arithmetic


@dataclass(frozen=True)
class Reply:
    """What a system says of one clip.

    ``scores``: log-likelihood of each label as the answer (nats); ``text``: the free greedy reply, empty
    for a classifier; ``tokens``: length of the prompt with its visual tokens.
    """

    scores: dict[str, float]
    text: str
    tokens: int


class System(Protocol):
    """A system under test."""

    def answer(self, parts: list[Part], classes: list[str], max_new_tokens: int) -> Reply:
        """Score ``classes`` as the answer to frames and texts, and reply freely."""
