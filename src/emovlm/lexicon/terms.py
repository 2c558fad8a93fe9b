"""The lexicon: the classes of a study, and their words in long form, one row a term.

One table says which words name a class, for the counter of word frequency and for the reader of replies alike. Terms of
the role ``name`` are counted; a ``synonym`` is only read in replies.
"""

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from emovlm.core.errors import StudyError
from emovlm.core.tables import read_cells

LEXICON = str(files("emovlm.lexicon") / "lexicon.tsv")
"""The package's own terms."""
CLASSES = str(files("emovlm.lexicon") / "classes.tsv")
"""The package's own classes."""
LANGUAGES = ("en", "zh")
FAMILY = "family"  # all terms that name a class, whatever their form
PARTS = ("noun", "adjective", "verb", "adverb")
FORMS = (FAMILY, *PARTS)
"""Which terms of a class an estimate adds up."""
SCRIPTS = ("simplified", "traditional")
NAME, SYNONYM = ROLES = ("name", "synonym")
NEEDED = ("emotion", "language", "term", "form", "role")
COLUMNS = ("emotion", "language", "term", "form", "script", "role", "sense", "source", "head")
LABELS = ("noun", "adjective")  # the forms of naming terms that labels are made of


@dataclass(frozen=True)
class Term:
    """A word or phrase, and what it stands for."""

    text: str
    language: str  # en or zh
    emotion: str  # the class
    form: str = ""  # noun, adjective, verb, adverb
    script: str = ""  # of Chinese: simplified or traditional
    role: str = NAME  # name: it names the class; synonym: a model may say it for the class
    head: str = ""  # of synonyms that belong together (joy, joyful, joyous): the first


def read_terms(path: str | Path = LEXICON, named_by: str = "config, key tables.lexicon, names it") -> list[Term]:
    """Read a lexicon: a table with the columns ``COLUMNS``, of which ``NEEDED`` must be there, one row a term.

    Args:
        named_by: what names the table, for the message that it is missing.

    Raises:
        StudyError: the file is missing or has other columns, a cell is empty or none of its allowed values, or a term
            has two rows.
    """
    terms: dict[tuple[str, str], tuple[int, Term]] = {}
    for line, cells in read_cells(path, named_by):
        _check_columns(path, cells)
        term = _term(f"{path}, line {line}", {column: " ".join(cell.split()) for column, cell in cells.items()})
        key = (term.language, unicodedata.normalize("NFKC", term.text).casefold())
        if key in terms:
            first, other = terms[key]
            theirs = "" if other.emotion == term.emotion else f", for {other.emotion}"
            raise StudyError(
                f"{path}, line {line}, column term: {term.text} stands in line {first} already{theirs}; "
                "leave it in one row"
            )
        terms[key] = line, term
    return [term for _, term in terms.values()]


def _check_columns(path: str | Path, columns: Iterable[str]) -> None:
    columns = list(columns)
    unknown = [column for column in columns if column not in COLUMNS]
    lacking = [column for column in NEEDED if column not in columns]
    if unknown or lacking:
        says = f"there is no column {unknown[0]!r}" if unknown else f"the column {lacking[0]} is missing"
        raise StudyError(
            f"{path}: {says}. A lexicon has the columns {', '.join(COLUMNS)}, parted by tabs, and one row a term"
        )


def _term(where: str, cells: Mapping[str, str]) -> Term:
    chinese = cells["language"] == "zh"
    for column in (*NEEDED, *(["script"] if chinese else [])):
        if not cells.get(column):
            raise StudyError(f"{where}, column {column}: nothing is written there; fill the cell")
    for column, allowed in (("language", LANGUAGES), ("form", PARTS), ("role", ROLES), ("script", SCRIPTS)):
        if (cell := cells.get(column)) and cell not in allowed:
            raise StudyError(f"{where}, column {column}: {cell!r} is not one of {', '.join(allowed)}")
    given = [column for column, needs in (("script", chinese), ("head", cells["role"] == SYNONYM)) if not needs]
    if wrong := [column for column in given if cells.get(column)]:
        whose = {"script": "Chinese terms", "head": "synonyms"}[wrong[0]]
        raise StudyError(f"{where}, column {wrong[0]}: only {whose} have one; leave the cell empty")
    head = cells.get("head") or (cells["term"] if cells["role"] == SYNONYM else "")
    return Term(
        cells["term"], cells["language"], cells["emotion"], cells["form"], cells.get("script", ""), cells["role"], head
    )


def counted(terms: Iterable[Term], classes: Iterable[str] | None = None) -> list[Term]:
    """The terms whose frequency is counted: those that name one of the classes (all, if not given).

    Of Chinese these are the simplified ones, which counters map traditional texts to.
    """
    wanted = None if classes is None else set(classes)
    return [
        term for term in terms
        if term.role == NAME and term.script != "traditional" and (wanted is None or term.emotion in wanted)
    ]  # fmt: skip


def of_form(terms: Iterable[Term], form: str) -> list[Term]:
    """The terms that an estimate by a form (one of ``FORMS``) adds up."""
    return [term for term in terms if form in (FAMILY, term.form)]


def read_classes(path: str | Path = CLASSES) -> list[dict[str, str]]:
    """Read a table of classes: the column ``emotion`` has their names, the others (dfew, labels-...) a dataset's words.

    Returns:
        The cells of each class by column, without empty ones, in the order of the table.

    Raises:
        StudyError: the file is missing, a class has no name, or two rows.
    """
    found: dict[str, dict[str, str]] = {}
    for line, cells in read_cells(path, "config, key tables.classes, names it"):
        if not (name := cells.get("emotion")):
            raise StudyError(f"{path}, line {line}, column emotion: a class needs a name")
        if name in found:
            raise StudyError(f"{path}, line {line}: two rows for the emotion {name}; merge them")
        found[name] = {column: cell for column, cell in cells.items() if cell}
    return list(found.values())


def label_words(classes: Sequence[Mapping[str, str]], terms: Sequence[Term]) -> dict[str, list[str]]:
    """What labels may call each class: its name, the datasets' words, and the nouns and adjectives that name it."""
    named = [term for term in terms if term.role == NAME and term.form in LABELS]
    return {
        row["emotion"]: sorted({*row.values(), *(term.text for term in named if term.emotion == row["emotion"])})
        for row in classes
    }
