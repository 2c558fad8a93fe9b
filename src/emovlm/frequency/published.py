"""Counts that others made: columns of published tables, and the lists of the package wordfreq.

Such a source lists no words below a cut. So a word that it does not list has no count, rather than a count of 0.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from emovlm.core.contracts.frequency import TERM_COUNTS
from emovlm.core.errors import StudyError
from emovlm.core.tables import Row
from emovlm.lexicon.terms import Term

PER_BILLION = 1e9


def published_counts(source: Row, terms: Sequence[Term], path: str | Path) -> dict[str, float]:
    """Counts of the words that one column of a published table lists, in that column's unit.

    Raises:
        StudyError: the table or the column is missing, a term has no row in the table (the table was made for other
            words), has two, or a cell is not a count.
    """
    language, column = source["language"], source.get("column")
    if not Path(path).is_file():
        raise StudyError(f"{path}: no such table of counts (source {source['source']}, {language})")
    table = pd.read_csv(path, dtype={"term": str}, keep_default_na=False, na_values=[""])
    if column not in table.columns:
        raise StudyError(
            f"{path}: no column {column!r} (source {source['source']}, {language}); the table has "
            + ", ".join(table.columns[1:])
        )
    if table["term"].duplicated().any():
        raise StudyError(f"{path}: two rows for {table['term'][table['term'].duplicated()].iloc[0]}")
    counts = pd.to_numeric(table.set_index("term")[column], errors="coerce")
    if (counts < 0).any() or (counts.isna() & table.set_index("term")[column].notna()).any():
        raise StudyError(f"{path}, column {column}: every cell must be a count or empty")
    for term in terms:
        if term.text not in counts.index:
            raise StudyError(
                f"{path}: no row for {term.text!r}, which names {term.emotion} in the lexicon; "
                "add its counts or take it out of the lexicon"
            )
    return counts[counts > 0].to_dict()


def wordfreq_counts(language: str) -> Mapping[str, float]:
    """Occurrences per billion words by wordfreq's large list.

    The dictionary is read as a whole because a look-up would tokenise Chinese; ``zh`` is the simplified list.
    """
    from wordfreq import get_frequency_dict

    return {term: share * PER_BILLION for term, share in get_frequency_dict(language, "large").items() if share > 0}


def count_listed(source: Row, terms: Sequence[Term], path: str | Path) -> tuple[pd.DataFrame, float | None]:
    """Counts of the terms by one source of kind ``published`` or ``wordfreq``.

    Args:
        source: row of ``config/sources.tsv``: source, language, kind, and where it has them column and tokens.
        terms: to count, from :func:`emovlm.lexicon.terms.counted`; those of other languages are left out.
        path: table of published counts of the source's language.

    Returns:
        TERM_COUNTS, and the source's tokens, where they are known.

    Raises:
        StudyError: the source is of another kind; see also :func:`published_counts`.
    """
    language, kind = source["language"], source["kind"]
    asked = [term for term in terms if term.language == language]
    if kind == "published":
        listed, tokens = published_counts(source, asked, path), source.get("tokens")
    elif kind == "wordfreq":
        listed, tokens = wordfreq_counts(language), PER_BILLION
    else:
        raise StudyError(f"source {source['source']}, {language}: its kind {kind} is counted, not looked up")
    return count_table(source, asked, [{"count": listed.get(term.text)} for term in asked]), tokens


def count_table(source: Row, terms: Sequence[Term], counts: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    """TERM_COUNTS of a source: a row a term, with what was counted of it."""
    rows = [
        {"language": source["language"], "source": source["source"], "term": term.text, "emotion": term.emotion,
         "form": term.form, "script": term.script or None, "role": term.role, **count}
        for term, count in zip(terms, counts, strict=True)
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=list(TERM_COUNTS.columns)).astype({"count": float})
