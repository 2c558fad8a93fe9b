"""Stretches of a block that have the same hits alone as in their document, so that only they need to be read."""

import re
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from emovlm.frequency.normal_form import decoded, normal_form

SPACE = rb"[\t-\r ]"
"""ASCII white space: neither a word nor a clause goes over it, and nothing composes with it."""
CLAUSE_END = (
    rb"(?:[^a-zA-Z0-9+#&._%\-<=>\x80-\xff]"  # < with a mark behind it composes
    rb"|\xe3\x80[\x80-\x82\x88-\x91]"  # the wide space and 、。〈〉《》「」『』【】
    rb"|\xef\xbc[\x81\x88\x89\x8c\x9a\x9b\x9f]"  # ！（），：；？
    rb"|\xe2\x80[\x94\x98\x99\x9c\x9d])"  # —‘’“”
)
"""Characters that end a clause, as does their normal form, and compose with nothing: not all, but the frequent ones."""
WORD_BYTE = re.compile(b"[a-zA-Z0-9_]")
NEAR = 256
"""Bytes in which an end is looked for first."""

Text = bytes | bytearray | memoryview
Pattern = re.Pattern[bytes]


class Stretch(NamedTuple):
    """Bytes of one document: ``start`` and ``end`` in the block, and those of the document."""

    start: int
    end: int
    document_start: int
    document_end: int


class Limits:
    """What stretches end at: a pattern of bytes."""

    def __init__(self, pattern: bytes) -> None:
        self.any, self.last = re.compile(pattern), re.compile(b"(?s).*" + pattern)

    def before(self, text: Text, at: int, first: int) -> int:
        """The end of the last match that ends at or before ``at``, or ``first``."""
        near = NEAR
        while True:
            start = max(first, at - near)
            if found := self.last.match(text, start, at):
                return found.end()
            if start == first:
                return first
            near *= 4

    def after(self, text: Text, at: int, last: int) -> int:
        """The start of the next match from ``at`` on, or ``last``."""
        found = self.any.search(text, at, last)
        return found.start() if found else last


SPACES, CLAUSE_LIMITS = Limits(SPACE), Limits(CLAUSE_END)


def stretches(text: Text, places: Iterable[tuple[int, int, int]], limits: Limits) -> Iterator[Stretch]:
    """The stretches between limits in which places are, each once, in order.

    Args:
        places: the offset of a byte, and where its document starts and ends; in ascending order.
    """
    end = -1
    for at, first, last in places:
        if at >= end:
            end = limits.after(text, at, last)
            yield Stretch(limits.before(text, at, first), end, first, last)


def widened(text: Text, some: Iterable[Stretch], words: int) -> Iterator[Stretch]:
    """Stretches between spaces, each with so many more words on either side; those that meet are made one.

    A phrase with a word in the stretch is whole then. Where what stands between two spaces is neither a word nor
    white space in the normal form, no phrase goes over it.
    """
    now: Stretch | None = None
    for one in some:
        start, end = one.start, one.end
        for _ in range(words):
            start = _one_more_before(text, start, one.document_start)
            end = _one_more_after(text, end, one.document_end)
        if now and start <= now.end and now.document_end == one.document_end:
            now = Stretch(now.start, max(now.end, end), one.document_start, one.document_end)
            continue
        if now:
            yield now
        now = Stretch(start, end, one.document_start, one.document_end)
    if now:
        yield now


def _one_more_before(text: Text, start: int, first: int) -> int:
    while start > first:
        before = SPACES.before(text, start - 1, first)
        if not _blank(text[before:start]):
            return before
        start = before
    return start


def _one_more_after(text: Text, end: int, last: int) -> int:
    while end < last:
        after = SPACES.after(text, end + 1, last)
        if not _blank(text[end:after]):
            return after
        end = after
    return end


def _blank(piece: Any) -> bool:
    return not WORD_BYTE.search(piece) and not normal_form(decoded(piece)).strip()
