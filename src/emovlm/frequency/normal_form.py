"""The form in which texts are compared, and what a word of English is in it.

Python's ``unicodedata`` makes the normal form; what a letter is, says ``regex``, whose Unicode tables are newer.
"""

import re
import unicodedata
from collections.abc import Iterator

import regex

UNSPACED = r"\p{Ideographic}\p{Han}\p{Hiragana}\p{Katakana}\p{Hangul}\p{Thai}"
WORD_CHARACTER = rf"[[\p{{Alphabetic}}\p{{M}}\p{{Nd}}\p{{Pc}}]--[{UNSPACED}]]"
"""Letters, marks, decimal digits and connectors, without the scripts that put no space between words."""
WORD = regex.compile(f"{WORD_CHARACTER}+", regex.V1)
"""A word, in the normal form."""
ASCII_WORD = re.compile("[a-z0-9_]+")
"""The same where all is ASCII, which is faster to search."""
APOSTROPHES = "'\u2019"
HYPHENS = "-\u2010"  # NFKC makes U+2010 of the non-breaking hyphen, and - of the full-width one
ZERO_WIDTH_SPACE = "\u200b"
WIDE, NARROW = "，！？：；（）", ",!?:;()"
"""What NFKC makes of the signs that Chinese text is full of. Without them most of it is NFKC already, which is fast."""
IGNORABLE = regex.compile(r"\p{Default_Ignorable_Code_Point}")


def normal_form(text: str) -> str:
    """NFKC, without default-ignorable characters (a zero-width space becomes a space), case-folded, NFKC again.

    Applied twice it changes nothing more. Nothing composes backwards with an ASCII character or a Chinese one: a text
    cut before one has the normal form of its parts, joined.
    """
    if text.isascii():
        return text.lower()
    for wide, narrow in zip(WIDE, NARROW, strict=True):
        text = text.replace(wide, narrow)
    text = IGNORABLE.sub(_shown, _nfkc(text))
    return _nfkc(_nfkc(text).casefold())


def _nfkc(text: str) -> str:
    """NFKC, line by line: Python takes a fast way through what is NFKC already, if all of it is."""
    return "\n".join([unicodedata.normalize("NFKC", line) for line in text.split("\n")])


def _shown(ignorable: regex.Match[str]) -> str:
    return " " if ignorable[0] == ZERO_WIDTH_SPACE else ""


def decoded(text: bytes | bytearray | memoryview) -> str:
    """UTF-8 as text; what is invalid becomes U+FFFD, as by Python's ``errors="replace"``."""
    return str(text, "utf-8", "replace")


def words(text: str) -> Iterator[re.Match[str]]:
    """The words of a text in the normal form, in order."""
    return (ASCII_WORD if text.isascii() else WORD).finditer(text)
