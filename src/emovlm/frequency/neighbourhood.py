"""What stands before and behind a hit of a block, in the normal form."""

import re

from emovlm.frequency.blocks import Block
from emovlm.frequency.finding import Found, ReadHit
from emovlm.frequency.normal_form import decoded, normal_form
from emovlm.frequency.stretches import Text
from emovlm.frequency.surroundings import REACH, Hit
from emovlm.frequency.vocabulary import Vocabulary

CUT = b"[\x00-\x7f]|[\xe4-\xe9][\x80-\xbf]{2}"
"""An ASCII or a Chinese character. Texts that are cut before one have the normal form of the whole, in two parts."""
NEAR = 4 * REACH
"""Bytes that are read first, mostly enough."""
FIRST_CUT, LAST_CUT = re.compile(CUT), re.compile(b"(?s).*(?=" + CUT + b")")


class Neighbourhood:
    """What stands around the hits of a block."""

    def __init__(self, block: Block, found: Found, vocabulary: Vocabulary) -> None:
        self.text, self.found, self.vocabulary = block.text, found, vocabulary
        self.starts, self.ends = found.documents.tolist(), found.document_ends.tolist()

    def of_unit(self, k: int) -> tuple[Hit, str, str]:
        """A hit, and up to ``REACH`` characters before and behind it or, if it is Chinese, its clause."""
        if (read := self._read(k)) is None:
            key = int(self.found.keys[k])
            size = len(self.vocabulary.keys[key].text)
            before, _, after = self.of_hit(k)
            return Hit(key, 0, size, 0, size), before, after
        return read.hit, self._before(k, read, read.hit.first), self._after(k, read, read.hit.last)

    def of_hit(self, k: int) -> tuple[str, str, str]:
        """Up to ``REACH`` characters before a hit, the hit itself, and as much behind it."""
        if (read := self._read(k)) is None:
            word = self.vocabulary.keys[int(self.found.keys[k])].text
            start = int(self.found.starts[k])
            before = _reach_before(self.text, start, self.starts[k])
            return before, word, _reach_after(self.text, start + len(word), self.ends[k])
        hit = read.hit
        return self._before(k, read, hit.start), read.text[hit.start : hit.end], self._after(k, read, hit.end)

    def _read(self, k: int) -> ReadHit | None:
        number = int(self.found.read[k])
        return None if number < 0 else self.found.read_hit(number)

    def _before(self, k: int, read: ReadHit, at: int) -> str:
        if at >= REACH:
            return read.text[at - REACH : at]
        return (_reach_before(self.text, read.stretch.start, self.starts[k]) + read.text[:at])[-REACH:]

    def _after(self, k: int, read: ReadHit, at: int) -> str:
        if len(read.text) - at >= REACH:
            return read.text[at : at + REACH]
        return (read.text[at:] + _reach_after(self.text, read.stretch.end, self.ends[k]))[:REACH]


def _reach_before(text: Text, at: int, first: int) -> str:
    """The last ``REACH`` characters in the normal form of a document before a byte."""
    piece = bytes(text[max(first, at - REACH) : at])
    if piece.isascii():
        return piece.decode().lower()
    near = NEAR
    while True:
        start = max(first, at - near)
        found = FIRST_CUT.search(text, start, at) if start > first else None
        form = normal_form(decoded(text[found.start() if found else start : at]))
        if start == first or (found and len(form) >= REACH):
            return form[-REACH:]
        near *= 4


def _reach_after(text: Text, at: int, last: int) -> str:
    """The first ``REACH`` characters in the normal form of a document from a byte on."""
    piece = bytes(text[at : min(last, at + REACH + 1)])
    if piece.isascii():  # with the byte behind the last character, which could be a mark on it
        return piece[:REACH].decode().lower()
    near = NEAR
    while True:
        end = min(last, at + near)
        found = LAST_CUT.match(text, at, end) if end < last else None
        form = normal_form(decoded(text[at : found.end() if found else end]))
        if end == last or (found and len(form) >= REACH):
            return form[:REACH]
        near *= 4
