"""Find where terms may stand in bytes: by Hyperscan or, without it, by Python's ``re``."""

import re
from collections.abc import Callable, Iterable, Sequence
from threading import Lock

import numpy as np

from emovlm.core.errors import StudyError
from emovlm.frequency.folding import byte_ranges, plain_spellings, special
from emovlm.frequency.stretches import Text
from emovlm.frequency.vocabulary import Vocabulary

ENGINES = ("hyperscan", "python")
MOST_BYTES = 2**32 - 1
"""Of one buffer: Hyperscan counts them in 32 bits."""

Scan = Callable[[Text], tuple[np.ndarray, np.ndarray]]
"""Makes of a text (hits,) ends in ascending order, and (hits,) ids."""


class Patterns:
    """Patterns of bytes, in three kinds, by their ids.

    Ids below ``special`` are English words in plain ASCII, by their place in ``words``. ``special`` is what only the
    naive counter can read: characters that fold, and phrases. ``chinese`` is where a Chinese term may stand.
    """

    def __init__(self, vocabulary: Vocabulary) -> None:
        self.words = [word for word in vocabulary.words if word.isascii()]
        self.special, self.chinese = len(self.words), len(self.words) + 1
        self.special_patterns = [list(map(_range, ranges)) for ranges in byte_ranges(special(vocabulary))]
        self.phrase_patterns = [
            rb"\b" + rb"\W+".join(word.encode() for word in words) + rb"\b"
            for _, words, _ in vocabulary.phrases
            if all(word.isascii() for word in words)
        ]
        self.chinese_patterns = [
            [*map(_byte, first.encode()), *(_any_of(plain_spellings(char)) for char in word[1:])]
            for word in vocabulary.chinese
            for first in plain_spellings(word[0])
        ]


def scanner(patterns: Patterns, engine: str | None = None) -> Scan:
    """What scans texts.

    Args:
        engine: ``hyperscan`` or ``python``; None takes Hyperscan where it is installed.

    Raises:
        StudyError: there is no such engine, or it is not installed.
    """
    if engine not in (None, *ENGINES):
        raise StudyError(f"unknown engine {engine!r} for counting; known are {', '.join(ENGINES)}")
    if engine != "python":
        try:
            return _hyperscan(patterns)
        except ImportError:
            if engine:
                raise StudyError(
                    "hyperscan is not installed; install it (pip install hyperscan), or count with the engine python"
                ) from None
    return _python(patterns)


def _hyperscan(patterns: Patterns) -> Scan:
    import hyperscan

    parts = [
        *((rb"\b" + word.encode() + rb"\b", k, hyperscan.HS_FLAG_CASELESS) for k, word in enumerate(patterns.words)),
        *((pattern, patterns.special, hyperscan.HS_FLAG_CASELESS) for pattern in patterns.phrase_patterns),
        *((b"".join(pattern), patterns.special, 0) for pattern in patterns.special_patterns),
        *((b"".join(pattern), patterns.chinese, 0) for pattern in patterns.chinese_patterns),
    ]
    expressions, ids, flags = zip(*parts, strict=True)
    database = hyperscan.Database(mode=hyperscan.HS_MODE_BLOCK)
    database.compile(expressions=expressions, ids=ids, flags=flags)
    kinds = patterns.chinese + 1
    alone = Lock()  # a database scans one text at a time, and engines such as Polars call from several threads

    def scan(text: Text) -> tuple[np.ndarray, np.ndarray]:
        if len(text) > MOST_BYTES:
            raise StudyError(f"a block of {len(text):,} bytes is too long to scan; the most are {MOST_BYTES:,}")
        found: list[int] = []
        push = found.append

        def hit(kind: int, start: int, end: int, flags: int, context: object) -> None:
            push(end * kinds + kind)

        with alone:
            database.scan(text, match_event_handler=hit)
        return np.divmod(np.unique(np.array(found, np.int64)), kinds)

    return scan


def _python(patterns: Patterns) -> Scan:
    numbers = {word.encode(): k for k, word in enumerate(patterns.words)}
    letters = [[letter.encode() for letter in word] for word in patterns.words]
    # Words cannot overlap. Overlapping specials or Chinese characters are in one stretch, of which one hit is enough.
    parts = [
        (rb"\b" + _tree(letters) + rb"\b", None),
        (_tree(patterns.special_patterns), patterns.special),
        *((phrase, patterns.special) for phrase in patterns.phrase_patterns),
        (_tree(patterns.chinese_patterns), patterns.chinese),
    ]
    compiled = [(re.compile(pattern), kind) for pattern, kind in parts if pattern not in (b"", rb"\b\b")]
    kinds = patterns.chinese + 1

    def scan(text: Text) -> tuple[np.ndarray, np.ndarray]:
        lower = bytes(text).lower()  # of ASCII alone, as the words are in the normal form
        found: list[int] = []
        for pattern, kind in compiled:
            found += [m.end() * kinds + (numbers[m[0]] if kind is None else kind) for m in pattern.finditer(lower)]
        return np.divmod(np.unique(np.array(found, np.int64)), kinds)

    return scan


def _tree(sequences: Iterable[Sequence[bytes]]) -> bytes:
    """A pattern of any of some sequences of patterns, in which what they begin with is written once."""
    following: dict[bytes, list[Sequence[bytes]]] = {}
    may_end = False
    for sequence in sequences:
        if sequence:
            following.setdefault(sequence[0], []).append(sequence[1:])
        may_end |= not sequence
    branches = [first + _tree(rest) for first, rest in following.items()]
    if not branches:
        return b""
    return b"(?:" + b"|".join(branches) + b")" + (b"?" if may_end else b"")


def _any_of(chars: list[str]) -> bytes:
    return b"(?:" + b"|".join(b"".join(map(_byte, char.encode())) for char in chars) + b")"


def _byte(byte: int) -> bytes:
    return b"\\x%02x" % byte


def _range(bounds: tuple[int, int]) -> bytes:
    low, high = bounds
    return _byte(low) if low == high else b"[" + _byte(low) + b"-" + _byte(high) + b"]"
