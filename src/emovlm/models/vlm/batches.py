"""Which prompts are answered together, such that an answer does not depend on the others of its batch.

What a model computes differs in its last bits with the shape of a batch, not with what else the batch holds. So the
shape follows from each prompt's own length: it is padded to one of a few lengths, and a batch of a length always has
the same number of rows; rows that are left over are filled up.
"""

import sys
from collections.abc import Iterator
from dataclasses import dataclass, field

from emovlm.models.vlm.encoding import Encoded

PROMPTS = 16  # of a batch, at most, where a system's row says nothing
CPU_TOKENS, GPU_TOKENS = 2_048, 16_384  # the same; a CPU is as fast with small batches, which waste less when filled up
STEPS = 8  # lengths between a power of two and the next: at most an eighth of a batch is padding
SHORTEST = 8  # difference of two lengths, in tokens
WAITING = 8  # batches of prompts that wait for others of their length, at most

Prompts = dict[int, Encoded]
"""Prompts by number."""


@dataclass
class Limits:
    """The most ``prompts`` and ``tokens`` (padding included) of a batch; one prompt may be longer."""

    prompts: int = PROMPTS
    tokens: int = CPU_TOKENS

    def rows(self, length: int) -> int:
        """How many prompts a batch of a padded length has."""
        return max(1, min(self.prompts, self.tokens // length))

    def halve(self, length: int) -> None:
        """Allow half as many tokens as a batch of a padded length has, for memory was too small for it."""
        rows = self.rows(length)
        self.tokens = rows * length // 2
        print(
            f"memory is too small for {rows} prompts of {length} tokens at once; going on with {self.rows(length)}",
            file=sys.stderr,
        )


def padded_length(tokens: int) -> int:
    """The length to which a prompt is padded, longer than the prompt.

    Every row of a batch then has padding. A batch without any might be computed in another way.
    """
    step = max(SHORTEST, 2 ** (tokens.bit_length() - 1) // STEPS)
    return (tokens // step + 1) * step


@dataclass
class Sorter:
    """Gathers prompts of the same kind and padded length until they fill a batch."""

    limits: Limits
    waiting: dict[tuple, Prompts] = field(default_factory=dict)

    def add(self, number: int, prompt: Encoded) -> Iterator[tuple[int, Prompts]]:
        """Padded length and prompts of each batch that is due now.

        A batch is due where it is full, and where too many prompts wait.
        """
        length = padded_length(prompt.inputs["input_ids"].shape[1])
        alike = length, tuple(sorted(prompt.inputs))
        self.waiting.setdefault(alike, {})[number] = prompt
        if len(self.waiting[alike]) >= self.limits.rows(length):
            yield length, self.waiting.pop(alike)
        elif sum(map(len, self.waiting.values())) >= WAITING * self.limits.prompts:
            most = max(self.waiting, key=lambda each: len(self.waiting[each]))
            yield most[0], self.waiting.pop(most)

    def rest(self) -> Iterator[tuple[int, Prompts]]:
        """The same of what still waits."""
        for alike in list(self.waiting):
            yield alike[0], self.waiting.pop(alike)
