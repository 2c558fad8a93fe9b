"""Count all words of a block: ASCII text by a compiled loop, other characters by a table, the rest by reading."""

import unicodedata
from functools import cache

import numpy as np

from emovlm.frequency.folding import folded
from emovlm.frequency.normal_form import WORD, decoded, normal_form
from emovlm.frequency.segments import count_chinese_words
from emovlm.frequency.stretches import CLAUSE_LIMITS, Text

OTHER, PART, NOTHING, UNCLEAR = 0, 1, 2, 3
"""What a character is to a word: none of it, part of it, nothing at all (it vanishes), or not to be told alone."""
PIECE = 1 << 17
"""Bytes of Chinese text that are cut at a time, or more, up to the end of a clause."""
MOST_SPANS = 1 << 12


def count_words(text: Text, *, chinese: bool) -> int:
    """The words of a block's text: English ones by the rule of ``normal_form.WORD``, over all documents.

    Args:
        chinese: count the segmenter's words too that hold a Chinese character and no character of an English word.
            The whole text is segmented for that.
    """
    from emovlm.frequency.word_loop import count_words_from  # numba takes a while to import

    data = np.frombuffer(text, np.uint8)
    data.setflags(write=False)  # whatever the text is, so that the loop is compiled once
    kinds = character_kinds()
    spans = np.empty((MOST_SPANS, 2), np.int64)
    n_words, at = 0, 0
    while at < len(data):
        found, at, n_spans = count_words_from(data, at, kinds, spans)
        n_words += found
        if n_spans:
            joined = b" ".join(text[start:end] for start, end in spans[:n_spans].tolist())
            n_words += len(WORD.findall(normal_form(decoded(joined))))
    return n_words + (_count_chinese(text) if chinese else 0)


def _count_chinese(text: Text) -> int:
    n_words, at, size = 0, 0, len(text)
    while at < size:
        end = CLAUSE_LIMITS.after(text, min(at + PIECE, size), size)
        n_words += count_chinese_words(normal_form(decoded(text[at:end])))
        at = end
    return n_words


@cache
def character_kinds() -> np.ndarray:
    """(code points,) uint8, what each character is to a word, by its normal form."""
    plain = np.full(0x110000, OTHER, np.uint8)
    for first in range(0, len(plain), 0x1000):  # surrogates are no part of a word
        for run in WORD.finditer("".join(map(chr, range(first, first + 0x1000)))):
            plain[first + run.start() : first + run.end()] = PART
    kinds = plain.copy()
    for char, form in folded().items():
        of_form = {int(plain[ord(c)]) for c in form} or {NOTHING}
        kinds[ord(char)] = of_form.pop() if len(of_form) == 1 else UNCLEAR
        if any(_may_change(c, plain) for c in {char, *form}):
            kinds[ord(char)] = UNCLEAR
    return kinds


def _may_change(char: str, plain: np.ndarray) -> bool:
    """May a mark become part of another kind of character, or change places with marks of another kind?"""
    return char in _composing_with_others() or (plain[ord(char)] == OTHER and unicodedata.combining(char) > 0)


@cache
def _composing_with_others() -> frozenset[str]:
    """Marks that compose with what is no part of a word, as U+0338 does with <."""
    found = set()
    for char in folded():
        parts = unicodedata.decomposition(char).split()
        if len(parts) == 2 and not parts[0].startswith("<"):
            first, mark = (chr(int(part, 16)) for part in parts)
            if normal_form(first) == first and not WORD.match(first):
                found.add(mark)
    return frozenset(found)
