"""How figures arrange and name the estimators of word frequency: blocks of a language, a row a source and form."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import pandas as pd

from emovlm.figures.labels import LANGUAGES

if TYPE_CHECKING:
    from matplotlib.axes import Axes

FORMS = ("family", "noun", "adjective", "verb", "adverb")
DRAWN = FORMS[:3]
"""Forms that have rows in figures; adverbs follow the adjectives, and tables have all."""


class Estimator(NamedTuple):
    """A source and a form in one language."""

    language: str
    source: str
    form: str


class Pair(NamedTuple):
    """What two estimators have in common."""

    rho: float
    n: int


def pairs_of(agreement: pd.DataFrame) -> dict[frozenset[Estimator], Pair]:
    """The rows of ESTIMATOR_AGREEMENT by their two estimators."""
    a, b = (agreement[[f"{name}_{side}" for name in Estimator._fields]].itertuples(index=False) for side in "ab")
    found = map(Pair, agreement["rho"], agreement["n_classes"])
    return {frozenset([Estimator(*x), Estimator(*y)]): pair for x, y, pair in zip(a, b, found, strict=True)}


def estimators_of(table: pd.DataFrame, source: str) -> list[Estimator]:
    """The estimators of a table's rows, by language, source (the primary first) and form (the family first)."""
    places = {form: place for place, form in enumerate(FORMS)}
    languages = list(LANGUAGES)

    def order(each: Estimator) -> tuple:
        return languages.index(each.language), each.source != source, each.source, places.get(each.form, len(places))

    return sorted({Estimator(*key) for key in table[list(Estimator._fields)].itertuples(index=False)}, key=order)


def drawn_estimators(frequency: pd.DataFrame, source: str) -> list[Estimator]:
    """The estimators of a TERM_FREQUENCY table that have rows in figures."""
    return estimators_of(frequency[frequency["form"].isin(DRAWN)], source)


def in_blocks(estimators: list[Estimator]) -> list[Estimator | str]:
    """The estimators with the name of its language before each block."""
    rows: list[Estimator | str] = []
    for each in estimators:
        if not any(isinstance(row, Estimator) and row.language == each.language for row in rows):
            rows.append(LANGUAGES[each.language])
        rows.append(each)
    return rows


def name_rows(axes: Axes, rows: list[Estimator | str], source: str, form: str, forms: bool = True) -> None:
    """Write the names of rows beside an axis whose row k is at k: languages and the primary estimator in bold.

    ``forms``: each row is named by its form, the first of a source by the source as well.
    """
    names: list[str] = []
    before = None
    for row in rows:
        if isinstance(row, str):
            names.append(row)
            continue
        shown = row.source if (row.language, row.source) != before or not forms else ""
        names.append(f"{shown}   {row.form}".strip() if forms else shown)
        before = row.language, row.source
    axes.set_yticks(range(len(rows)), names)
    for label, row in zip(axes.get_yticklabels(), rows, strict=True):
        bold = isinstance(row, str) or (row.source, row.form) == (source, form)
        label.set_fontweight("bold" if bold else "normal")
