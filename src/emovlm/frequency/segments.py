"""Chinese: clauses, simplified characters and the segmenter's words."""

import re
from collections import Counter
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from opencc import OpenCC
    from rjieba import Jieba

BLOCK = r"\u4E00-\u9FD5a-zA-Z0-9+#&\._%\-"
"""Characters of a clause: those of the block that jieba cuts as a whole (its ``re_han_default``)."""
CLAUSE = re.compile(f"[{BLOCK}]+")
OUTSIDE = re.compile(f"[^{BLOCK}\n]")
HAN = re.compile(r"[\u4E00-\u9FD5]")
CHINESE_WORD = re.compile(r"[^a-z0-9_]*[\u4E00-\u9FD5][^a-z0-9_]*")
"""A word of the segmenter with Chinese characters and without a character of an English word."""

Segment = tuple[str, int]
"""A word of the segmenter, and where in its clause it begins."""


def simplified(text: str) -> str:
    """Text with simplified characters for traditional ones, by OpenCC's t2s; its length stays the same."""
    return _opencc().convert(text)


def cut(clause: str) -> list[Segment]:
    """The segmenter's words of one clause in the normal form, simplified: jieba's accurate mode, with its HMM.

    A character that has no simplified form in the segmenter's block ends a clause there too.
    """
    mapped = simplified(clause)
    return [segment for part in CLAUSE.finditer(mapped) for segment in _placed(_cut(part[0]), part.start())]


def cut_together(clauses: list[str]) -> list[str]:
    """The words of many clauses, given simplified, with ``\\n`` between two: :func:`cut` costs more than short ones do.

    A character that ends a clause within is a space.
    """
    return _cut(OUTSIDE.sub(" ", "\n".join(clauses))) if clauses else []


def count_chinese_words(text: str) -> int:
    """The segmenter's words in a text in the normal form that hold a Chinese character and none of an English word."""
    clauses = "\n".join(clause for clause in CLAUSE.findall(text) if HAN.search(clause))
    words = Counter(cut_together(simplified(clauses).split("\n")))
    return sum(n for word, n in words.items() if CHINESE_WORD.fullmatch(word))


def _placed(segments: list[str], at: int) -> list[Segment]:
    placed = []
    for word in segments:
        placed.append((word, at))
        at += len(word)
    return placed


def _cut(text: str) -> list[str]:
    return _segmenter().cut(text, True)


@cache
def _segmenter() -> "Jieba":
    """A segmenter of our own: the module's shared one may have been given words by others."""
    from rjieba import Jieba

    return Jieba()


@cache
def _opencc() -> "OpenCC":
    from opencc import OpenCC

    return OpenCC("t2s")
