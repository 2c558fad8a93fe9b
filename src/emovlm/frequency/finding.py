"""Find the hits of a block: plain ones among those of the scan, others by reading stretches of it."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from emovlm.frequency.blocks import Block
from emovlm.frequency.folding import combines
from emovlm.frequency.normal_form import WORD, decoded, normal_form
from emovlm.frequency.reference import find_english
from emovlm.frequency.scanning import Patterns, Scan
from emovlm.frequency.segments import CLAUSE, cut_all, simplified
from emovlm.frequency.stretches import CLAUSE_LIMITS, SPACES, Stretch, Text, stretches, widened
from emovlm.frequency.surroundings import Hit
from emovlm.frequency.vocabulary import Vocabulary


@dataclass(frozen=True, slots=True)
class ReadHit:
    """A hit found by reading a stretch; ``text`` is the stretch in the normal form."""

    stretch: Stretch
    text: str
    hit: Hit


@dataclass(frozen=True)
class Found:
    """The hits of a block, in order of document and place in it.

    Attributes:
        keys: (hits,) key of each, by its index in the vocabulary.
        documents: (hits,) index of the document in the block.
        starts: (hits,) offset of a plain hit's first byte in the block.
        read: the hits found by reading, by their index; the others are plain: ASCII, as long as their key.
    """

    keys: np.ndarray
    documents: np.ndarray
    starts: np.ndarray
    read: dict[int, ReadHit]


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
        read = sorted(self._read(text, whole, clauses), key=lambda one: (one.stretch.start, one.hit.start))
        return _in_order(block, self.keys[words[kept]], word_starts[kept], read)

    def _read(self, text: Text, whole: list[Stretch], clauses: list[Stretch]) -> Iterator[ReadHit]:
        """The hits of both languages in whole stretches, and of Chinese in clauses."""
        forms = [normal_form(decoded(text[one.start : one.end])) for one in whole]
        for stretch, form in zip(whole, forms, strict=True):
            for hit in find_english(form, self.vocabulary):
                yield ReadHit(stretch, form, hit)
        if self.vocabulary.chinese:
            joined = b"\n".join(text[one.start : one.end] for one in clauses)  # no clause goes over the end of a line
            forms += normal_form(decoded(joined)).split("\n")[: len(clauses)]
            both = [*whole, *clauses]
            for k, hit in self._chinese(forms):
                yield ReadHit(both[k], forms[k], hit)

    def _chinese(self, forms: list[str]) -> Iterator[tuple[int, Hit]]:
        """The Chinese hits of texts in the normal form, with the index of the text; all clauses are cut in one call."""
        spans = [(k, *clause.span()) for k, form in enumerate(forms) for clause in CLAUSE.finditer(form)]
        mapped = simplified("\n".join(forms[k][start:end] for k, start, end in spans)).split("\n")
        chosen = [n for n, clause in enumerate(mapped) if spans and self.vocabulary.any_chinese.search(clause)]
        for n, segments in zip(chosen, cut_all([mapped[n] for n in chosen]), strict=True):
            k, start, end = spans[n]
            words = tuple(word for word, _ in segments)
            for place, (word, at) in enumerate(segments):
                if (key := self.vocabulary.chinese.get(word)) is not None:
                    yield k, Hit(key, start + at, start + at + len(word), start, end, words, place)


def _bounded(text: Text, starts: np.ndarray, ends: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Which plain words stand alone, and of which only reading tells: a mark is beside them. (words,) truth values each.

    The scan knows ASCII letters only; so a word beside a byte that is not ASCII may be part of a longer one.
    """
    data = np.frombuffer(text, np.uint8)
    bounded, unclear = np.ones(len(starts), bool), np.zeros(len(starts), bool)
    if not len(starts):
        return bounded, unclear
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
    return bool(WORD.match(normal_form(char)[at]))


def _places(block: Block, offsets: np.ndarray) -> Iterable[tuple[int, int, int]]:
    documents = np.searchsorted(block.ends, offsets, side="right")
    return zip(offsets.tolist(), block.starts[documents].tolist(), block.ends[documents].tolist(), strict=True)


def _within(some: list[Stretch], offsets: np.ndarray) -> np.ndarray:
    """(offsets,) does a byte stand in one of the stretches, which are in order?"""
    if not some:
        return np.zeros(len(offsets), bool)
    before = np.searchsorted([one.start for one in some], offsets, side="right") - 1
    return (before >= 0) & (offsets < np.array([one.end for one in some])[before])


def _in_order(block: Block, keys: np.ndarray, starts: np.ndarray, read: list[ReadHit]) -> Found:
    keys = np.concatenate([keys, np.array([one.hit.key for one in read], np.int64)])
    starts = np.concatenate([starts, np.array([one.stretch.start for one in read], np.int64)])
    order = np.argsort(starts, kind="stable")  # hits of one stretch are in order already
    n_plain = len(keys) - len(read)
    places = {int(k): place for place, k in enumerate(order.tolist()) if k >= n_plain} if read else {}
    return Found(
        keys[order],
        np.searchsorted(block.ends, starts[order], side="right"),
        starts[order],
        {places[n_plain + n]: one for n, one in enumerate(read)},
    )
