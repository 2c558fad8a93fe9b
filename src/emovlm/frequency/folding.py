"""Which characters a scan of bytes must look out for.

A scan finds a term only where it is written in plain characters. Any other way to write it holds a character whose
normal form has one of the term's characters in it, or one that is ignorable.
"""

import unicodedata
from collections.abc import Iterable, Iterator
from functools import cache

from emovlm.frequency.normal_form import ZERO_WIDTH_SPACE, normal_form
from emovlm.frequency.segments import CLAUSE, simplified
from emovlm.frequency.vocabulary import Vocabulary

FOLDING = ((0x80, 0x4000), (0xA000, 0xAC00), (0xF000, 0x20000), (0x2F000, 0x30000), (0xE0000, 0xE1000))
"""Code points outside these ranges are their own normal form, and neither marks nor ignorable."""
HAN = (0x4E00, 0x9FD6)  # of the segmenter's block
IN_PHRASES = "么幺 俱具 像象 哩里 噁𫫇 坏坯 彷仿 沈沉 甦苏 畫划 瞭了 藉借 衹只 覆复 逕迳 鉅钜 鍊链 鍾锺 麼麽"
"""What OpenCC's t2s makes of a character in certain phrases only: pairs of the character and what becomes of it."""


@cache
def folded() -> dict[str, str]:
    """Non-ASCII characters of ``FOLDING``, and the normal form of each."""
    chars = [chr(code) for first, end in FOLDING for code in range(first, end)]
    return dict(zip(chars, normal_form("\n".join(chars)).split("\n"), strict=True))


def combines(char: str) -> bool:
    """Is a character, or one in its normal form, a mark or anything else that changes places with a mark?"""
    return any(unicodedata.category(c)[0] == "M" or unicodedata.combining(c) for c in char + normal_form(char))


def special(vocabulary: Vocabulary) -> list[str]:
    """Characters that may stand in a term that is not written plainly: what holds one, only the naive counter reads."""
    letters = {char for key in vocabulary.keys if key.language == "en" for char in key.text if char not in " -"}
    chinese = {source for word in vocabulary.chinese for char in word for source in sources()[char]}
    with_marks = not all(char.isascii() for char in letters)  # a letter and its mark may be two characters
    return [
        char
        for char, form in folded().items()
        if not form
        or char == ZERO_WIDTH_SPACE
        or not letters.isdisjoint(form)
        or (len(form) > 1 and not chinese.isdisjoint(form))
        or (with_marks and combines(char))
    ]


@cache
def sources() -> dict[str, set[str]]:
    """From which characters of the segmenter's block OpenCC makes a character; itself is among them."""
    chars = [chr(code) for code in [*range(0x80), *range(*HAN)] if CLAUSE.match(chr(code))]
    found = {char: {char} for char in chars}
    for char, other in zip(chars, simplified("\n".join(chars)).split("\n"), strict=True):
        found.setdefault(other, {other}).add(char)
    for char, other in IN_PHRASES.split():
        found.setdefault(other, {other}).add(char)
    return found


@cache
def spellings() -> dict[str, set[str]]:
    """The single characters whose normal form is a character; itself is among them."""
    found: dict[str, set[str]] = {}
    for char, form in [*folded().items(), *((chr(code), chr(code).lower()) for code in range(0x80))]:
        if len(form) == 1:
            found.setdefault(form, {form}).add(char)
    return found


def plain_spellings(char: str) -> list[str]:
    """The single characters from which a character of a Chinese term may come."""
    return sorted({spelling for source in sources()[char] for spelling in spellings().get(source, {source})})


def byte_ranges(chars: Iterable[str]) -> Iterator[list[tuple[int, int]]]:
    """The UTF-8 of characters as few sequences of ranges of bytes: the lowest and highest at each place."""
    ranges: list[list[int]] = []
    for code in sorted(map(ord, chars)):
        if ranges and ranges[-1][1] == code - 1:
            ranges[-1][1] = code
        else:
            ranges.append([code, code])
    for first, last in ranges:
        for low, high in _same_but_for_the_tail(first, last):
            yield list(zip(chr(low).encode(), chr(high).encode(), strict=True))


def _same_but_for_the_tail(first: int, last: int) -> Iterator[tuple[int, int]]:
    """Parts of a range of code points in which each byte takes all values between its lowest and its highest."""
    for top in (0x7F, 0x7FF, 0xFFFF):
        if first <= top < last:
            yield from _same_but_for_the_tail(first, top)
            yield from _same_but_for_the_tail(top + 1, last)
            return
    for k in range(1, len(chr(first).encode())):
        tail = (1 << 6 * k) - 1
        if first & ~tail != last & ~tail:
            if first & tail:
                cut = (first | tail) + 1
            elif last & tail != tail:
                cut = last & ~tail
            else:
                continue
            yield from _same_but_for_the_tail(first, cut - 1)
            yield from _same_but_for_the_tail(cut, last)
            return
    yield first, last
