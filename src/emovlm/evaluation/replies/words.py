"""Which words of a reply name a class.

A class is an emotion of the lexicon if its name is one of that row's words: the noun, the adjective, a dataset's label
(``happy`` and ``happiness`` are the same), a word of the family or a Chinese term. Then all these words name it, and
those of the emotion's rows in the table of synonyms. A class that only the table of synonyms knows (``joy``) is named
by the words of its row there, and any other class by its own name alone. The name of a class names no other class, and
a word of two classes names none.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path

from emovlm.core.errors import StudyError
from emovlm.core.tables import read_cells
from emovlm.evaluation.replies.plain_text import same
from emovlm.lexicon.terms import LABEL_COLUMNS, LEXICON

SYNONYMS = str(files("emovlm.evaluation.replies") / "synonyms.tsv")
SEVERAL = ("family", "chinese")  # columns of the lexicon with several words, besides ``LABEL_COLUMNS`` with one term
COLUMNS = ("emotion", "language", "words")  # of the table of synonyms

Row = tuple[str, frozenset[str]]
"""An emotion and some of its words."""


@dataclass(frozen=True)
class Words:
    """The words of emotions: rows of a lexicon and of a table of synonyms."""

    lexicon: tuple[Row, ...]
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
        """The words of one class; a row of synonyms that holds the name of another class is that one's."""
        for emotion, words in self.lexicon:
            if name in words:
                return words.union(*(more for of, more in self.synonyms if of == emotion and not more & others))
        return next((words for _, words in self.synonyms if name in words), frozenset([name]))


@cache
def read_words(lexicon: str | Path = LEXICON, synonyms: str | Path = SYNONYMS) -> Words:
    """The words of a lexicon and of a table of synonyms, by default the package's own.

    A study's lexicon may have the names of its classes alone. Then the package's rows stand for its emotions.

    Args:
        lexicon: table with the columns emotion, dfew, noun, adjective, family and chinese; all but the first may lack.
        synonyms: table with the columns ``COLUMNS``; the words of a cell are parted by spaces. Words that the lexicon
            has for another emotion are left out.

    Raises:
        StudyError: a file is missing or not such a table, or a synonym stands for two emotions.
    """
    own = [(same(row.get("emotion") or ""), _terms(row)) for _, row in read_cells(lexicon)]
    rows = [(emotion, terms) for emotion, terms in own if len(terms) > 1]
    known = {term: emotion for emotion, terms in rows for term in terms}
    default = () if str(lexicon) == LEXICON else read_words().lexicon
    rows += [(emotion, terms) for emotion, terms in default if not terms & known.keys()]
    return Words(tuple(rows), tuple(_synonyms(synonyms, known)))


def _terms(row: Mapping[str, str]) -> frozenset[str]:
    terms = [cell for column, cell in row.items() if cell and (column in LABEL_COLUMNS or column.startswith("labels-"))]
    return frozenset(map(same, [*terms, *(word for column in SEVERAL for word in row.get(column, "").split())]))


def _synonyms(path: str | Path, lexicon: Mapping[str, str]) -> list[Row]:
    rows, owner = [], {}
    for line, row in read_cells(path, "config, key tables.synonyms, names it"):
        if lacking := [column for column in COLUMNS if not (row.get(column) or "").strip()]:
            raise StudyError(f"{path}, line {line}, column {lacking[0]}: nothing is written there; fill the cell")
        emotion, words = same(row["emotion"]), [same(word) for word in row["words"].split()]
        for word in words:
            if owner.setdefault(word, emotion) != emotion:
                raise StudyError(
                    f"{path}, line {line}, column words: {word} stands for {owner[word]} already; leave it in one row"
                )
        rows.append((emotion, frozenset(word for word in words if lexicon.get(word, emotion) == emotion)))
    return rows
