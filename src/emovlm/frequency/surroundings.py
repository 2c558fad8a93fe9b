"""What stands around a hit: a possessive ending, a negator, a word for a person; and a piece of text to show."""

import re
from functools import cache
from importlib.resources import files
from itertools import islice
from typing import NamedTuple

from emovlm.core.tables import read_cells
from emovlm.frequency.normal_form import APOSTROPHES, words
from emovlm.frequency.segments import CLAUSE, cut

WORDS_AROUND = 10
"""Words on either side that are looked at."""
REACH = 100
"""Characters of the normal form on either side in which these words must stand, or begin to."""
NEGATOR_WORDS = 3
"""Words before a hit among which a negator negates it."""
CONTEXT = 80
"""Characters of the normal form on either side that a context shows."""
NOT_SHORTENED = re.compile(f"n[{APOSTROPHES}]$")  # what stands before the t of don't


class Flags(NamedTuple):
    """What is true of a hit."""

    possessive: bool
    negated_before: bool
    negated_after: bool
    person: bool


class Hit(NamedTuple):
    """A hit in a text in the normal form.

    Attributes:
        key: index of the key in the vocabulary.
        start, end: where it stands.
        first, last: where its clause stands, if it is Chinese; else where it stands itself.
        clause: the words of its clause, if it is Chinese.
        place: which of them it is.
    """

    key: int
    start: int
    end: int
    first: int
    last: int
    clause: tuple[str, ...] = ()
    place: int = 0


def look_around(hit: Hit, before: str, after: str) -> Flags:
    """What is true of a hit.

    Args:
        before, after: up to ``REACH`` characters of the document, in the normal form, before and behind the hit or,
            if it is Chinese, its clause.
    """
    return _in_chinese(hit, before, after) if hit.clause else _in_english(before, after)


def context(before: str, hit: str, after: str) -> str:
    """A piece of text to show, in the normal form, white space made single spaces."""
    return " ".join(f"{before[-CONTEXT:]}{hit}{after[:CONTEXT]}".split())


@cache
def nearby(language: str, kind: str) -> frozenset[str]:
    """The words of one kind in ``nearby.tsv``: ``negates before``, ``negates after`` or ``person``."""
    rows = [cells for _, cells in read_cells(str(files("emovlm.frequency") / "nearby.tsv"))]
    chosen = [row["words"] for row in rows if (row["language"], row["kind"]) == (language, kind)]
    return frozenset(word for cell in chosen for word in cell.split())


def _in_english(before: str, after: str) -> Flags:
    left, right = list(words(before))[-WORDS_AROUND:], list(islice(words(after), WORDS_AROUND))
    negators, people = nearby("en", "negates before"), nearby("en", "person")
    following = right[0] if right else None
    return Flags(
        bool(following) and following[0] == "s" and following.start() == 1 and after[0] in APOSTROPHES,
        any(word[0] in negators or _shortened_not(word) for word in left[-NEGATOR_WORDS:]),
        bool(following) and following[0] in nearby("en", "negates after"),
        any(word[0] in people for word in left) or any(word[0] in people for word in right),
    )


def _shortened_not(word: re.Match[str]) -> bool:
    """Is it the t of don't?"""
    return word[0] == "t" and bool(NOT_SHORTENED.search(word.string, max(0, word.start() - 2), word.start()))


def _in_chinese(hit: Hit, before: str, after: str) -> Flags:
    left, right = hit.clause[: hit.place], hit.clause[hit.place + 1 :]
    negators, people = nearby("zh", "negates before"), nearby("zh", "person")
    around = [*left[-WORDS_AROUND:], *right[:WORDS_AROUND]]
    return Flags(
        possessive=False,
        negated_before=any(word in negators for word in left[-NEGATOR_WORDS:]),
        negated_after=False,
        person=any(word in people for word in around)
        or any(word in people for word in _last_segments(before, WORDS_AROUND - len(left)))
        or any(word in people for word in _first_segments(after, WORDS_AROUND - len(right))),
    )


def _last_segments(text: str, most: int) -> list[str]:
    found: list[str] = []
    for clause in reversed(CLAUSE.findall(text)):
        if len(found) >= most:
            break
        found = [*(word for word, _ in cut(clause)), *found]
    return found[-most:] if most > 0 else []


def _first_segments(text: str, most: int) -> list[str]:
    clauses = (clause[0] for clause in CLAUSE.finditer(text))
    return list(islice((word for clause in clauses for word, _ in cut(clause)), max(0, most)))
