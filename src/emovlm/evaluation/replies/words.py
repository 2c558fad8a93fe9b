"""Which words of a reply name a class.

A class is an emotion of the lexicon if its name names that emotion there (``happy`` and ``happiness`` are the same).
Then all terms that name the emotion name the class, and so do its synonyms. A class that is only a synonym (``joy``) is
named by it and by the synonyms of the same head (``joyful``), and any other class by its own name alone. What datasets
call a class names it too. The name of a class names no other class, and a word of two classes names none.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from emovlm.evaluation.replies.plain_text import same
from emovlm.lexicon.terms import CLASSES, LEXICON, read_classes, read_terms

Row = tuple[str, frozenset[str]]
"""An emotion and some of its words."""


@dataclass(frozen=True)
class Words:
    """Words of emotions: what datasets call them, what names them, and synonyms by their heads."""

    classes: tuple[Row, ...]
    names: tuple[Row, ...]
    synonyms: tuple[Row, ...]

    def of(self, classes: Sequence[str]) -> dict[str, str]:
        """The class that each word, or term of several words, names."""
        names = [same(name) for name in classes]
        own = [self._own(name, {*names} - {name}) for name in names]
        found: dict[str, str] = {}
        for name, words in zip(classes, own, strict=True):
            others = {word for other, theirs in zip(classes, own, strict=True) if other != name for word in theirs}
            found |= {word: name for word in words - others}
        return found | dict(zip(names, classes, strict=True))

    def _own(self, name: str, others: set[str]) -> frozenset[str]:
        """The words of one class; a group of synonyms that holds the name of another class is that one's."""
        own = frozenset([name]).union(*(words for _, words in self.classes if name in words))
        for emotion, words in self.names:
            if name in words:
                return own.union(words, *(more for of, more in self.synonyms if of == emotion and not more & others))
        return own.union(*(words for _, words in self.synonyms if name in words))


@cache
def read_words(classes: str | Path = CLASSES, lexicon: str | Path = LEXICON) -> Words:
    """The words of a table of classes and of a lexicon, by default the package's own.

    A term of the lexicon that is another class's word for a dataset names that class alone.

    Raises:
        StudyError: see :func:`emovlm.lexicon.terms.read_classes` and :func:`emovlm.lexicon.terms.read_terms`.
    """
    rows = [(same(row["emotion"]), frozenset(map(same, row.values()))) for row in read_classes(classes)]
    owner = {word: emotion for emotion, words in rows for word in words - {emotion}}
    groups: dict[tuple[str, str], set[str]] = {}  # by emotion and head; what names an emotion has no head
    for term in read_terms(lexicon):
        emotion, word = same(term.emotion), same(term.text)
        if owner.get(word, emotion) == emotion:
            groups.setdefault((emotion, ""), {emotion})
            groups.setdefault((emotion, term.head), set()).add(word)
    names = [(emotion, frozenset(words)) for (emotion, head), words in groups.items() if not head]
    synonyms = [(emotion, frozenset(words)) for (emotion, head), words in groups.items() if head]
    return Words(tuple(rows), tuple(names), tuple(synonyms))
