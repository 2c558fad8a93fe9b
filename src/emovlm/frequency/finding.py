"""Find the hits of a block: plain ones among those of the scan, others by reading stretches of it."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from emovlm.frequency.blocks import Block
from emovlm.frequency.chinese_hits import ChineseHits
from emovlm.frequency.folding import combines
from emovlm.frequency.normal_form import WORD, decoded, normal_form
from emovlm.frequency.reference import find_english
from emovlm.frequency.scanning import Patterns, Scan
from emovlm.frequency.stretches import CLAUSE_LIMITS, SPACES, Stretch, Text, stretches, widened
from emovlm.frequency.surroundings import Hit
from emovlm.frequency.vocabulary import Vocabulary


class ReadHit(NamedTuple):
    """A hit found by reading a stretch; ``text`` is the stretch in the normal form."""

    stretch: Stretch
    text: str
    hit: Hit


@dataclass(frozen=True)
class Found:
    """The hits of a block, in order of document and place in it; those of one key are in order of place.

    Attributes:
        keys: (hits,) key of each, by its index in the vocabulary.
        documents: (hits,) offset in the block at which the document begins.
        document_ends: (hits,) offset at which it ends.
        starts: (hits,) offset in the block of a plain hit's first byte, or of the stretch in which a hit was read.
        read: (hits,) by which number ``read_hit`` gives it; -1 for a plain one: ASCII, as long as its key.
        read_hit: gives a hit found by reading.
    """

    keys: np.ndarray
    documents: np.ndarray
    document_ends: np.ndarray
    starts: np.ndarray
    read: np.ndarray
    read_hit: Callable[[int], ReadHit]


class Finder:
    """Finds the hits of a vocabulary in blocks."""

    def __init__(self, vocabulary: Vocabulary, patterns: Patterns, scan: Scan) -> None:
        self.vocabulary, self.patterns, self.scan = vocabulary, patterns, scan
        self.keys = np.array([vocabulary.words[word] for word in patterns.words], np.int64)
        self.lengths = np.array([len(word) for word in patterns.words], np.int64)
        self.more_words = max((len(words) for _, words, _ in vocabulary.phrases), default=1) - 1

    def find(self, block: Block) -> Found:
        """The hits of a block."""
        text = block.text
        ends, kinds = self.scan(text)
        plain = kinds < self.patterns.special
        words, word_ends = kinds[plain], ends[plain]
        word_starts = word_ends - self.lengths[words]
        bounded, unclear = _bounded(text, word_starts, word_ends)
        special = np.union1d(ends[kinds == self.patterns.special], word_ends[unclear]) - 1
        whole = list(widened(text, stretches(text, _places(block, special), SPACES), self.more_words))
        kept = bounded & ~_within(whole, word_starts)
        chinese = ends[kinds == self.patterns.chinese] - 1
        chinese = chinese[~_within(whole, chinese)]
        clauses = list(stretches(text, _places(block, chinese), CLAUSE_LIMITS))
        keys, starts, read_hit = self._read(text, whole, clauses)
        numbers = np.concatenate([np.full(np.count_nonzero(kept), -1), np.arange(len(keys))])
        keys = np.concatenate([self.keys[words[kept]], keys])
        starts = np.concatenate([word_starts[kept], starts])
        order = np.argsort(starts, kind="stable")  # hits of one stretch are in order already
        keys, starts, numbers = keys[order], starts[order], numbers[order]
        return Found(keys, *block.bounds(starts), starts, numbers, read_hit)

    def _read(
        self, text: Text, whole: list[Stretch], clauses: list[Stretch]
    ) -> tuple[np.ndarray, np.ndarray, Callable[[int], ReadHit]]:
        """The hits of both languages in whole stretches, and of Chinese in clauses too.

        Returns:
            (hits,) keys, (hits,) where the stretches start, and what gives a hit by its number.
        """
        forms = [normal_form(decoded(text[one.start : one.end])) for one in whole]
        english = [(k, hit) for k, form in enumerate(forms) for hit in find_english(form, self.vocabulary)]
        joined = b"\n".join([text[one.start : one.end] for one in clauses])  # no clause goes over the end of a line
        forms += normal_form(decoded(joined)).split("\n") if clauses else []
        both = [*whole, *clauses]
        chinese = ChineseHits(forms if self.vocabulary.chinese else [], len(whole), self.vocabulary)
        stretch_starts = np.array([one.start for one in both], np.int64)

        def read_hit(number: int) -> ReadHit:
            if number < len(english):
                k, hit = english[number]
            else:
                k, hit = int(chinese.texts[number - len(english)]), chinese.hit(number - len(english))
            return ReadHit(both[k], forms[k], hit)

        keys = np.concatenate([np.array([hit.key for _, hit in english], np.int64), chinese.keys])
        of_english = np.array([k for k, _ in english], np.int64)
        return keys, stretch_starts[np.concatenate([of_english, chinese.texts])], read_hit


def _bounded(text: Text, starts: np.ndarray, ends: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Which plain words are not part of longer ones, and of which only reading tells, for a mark is beside them.

    The scan knows ASCII letters only, so this looks at the characters beside a word that are not ASCII.

    Returns:
        (words,) truth values each.
    """
    bounded, unclear = np.ones(len(starts), bool), np.zeros(len(starts), bool)
    if not len(starts):
        return bounded, unclear
    data = np.frombuffer(text, np.uint8)
    foreign = (data[np.maximum(starts - 1, 0)] > 0x7F) & (starts > 0)
    foreign |= (data[np.minimum(ends, len(data) - 1)] > 0x7F) & (ends < len(data))
    for k in np.flatnonzero(foreign):
        before, after = _before(text, int(starts[k])), _after(text, int(ends[k]))
        unclear[k] = _combines(before) or _combines(after)
        bounded[k] = not unclear[k] and not _joins(before, -1) and not _joins(after, 0)
    return bounded, unclear


def _before(text: Text, at: int) -> str:
    piece = bytes(text[max(0, at - 4) : at]) or b" "
    first = len(piece) - 1
    while first and 0x80 <= piece[first] < 0xC0:
        first -= 1
    return decoded(piece[first:])[-1]


def _after(text: Text, at: int) -> str:
    return decoded(bytes(text[at : at + 4]) or b" ")[0]


_combines = lru_cache(4096)(combines)


@lru_cache(4096)
def _joins(char: str, at: int) -> bool:
    """Is the last (-1) or first (0) character of the normal form of a character one of a word?"""
    return bool(WORD.match((normal_form(char) or " ")[at]))  # what vanishes is special, and so read


def _places(block: Block, offsets: np.ndarray) -> Iterable[tuple[int, int, int]]:
    starts, ends = block.bounds(offsets)
    return zip(offsets.tolist(), starts.tolist(), ends.tolist(), strict=True)


def _within(some: list[Stretch], offsets: np.ndarray) -> np.ndarray:
    """(offsets,) does a byte stand in one of the stretches, which are in order?"""
    if not some:
        return np.zeros(len(offsets), bool)
    before = np.searchsorted([one.start for one in some], offsets, side="right") - 1
    return (before >= 0) & (offsets < np.array([one.end for one in some])[before])
