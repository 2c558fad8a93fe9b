"""How often each emotion's words are written, by source of counts.

A source that does not list a word may have cut it off, so a missing word is *not listed*, never zero; an emotion
without any listed word is *censored*: its count is empty.
"""

from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from emovlm.core.errors import StudyError
from emovlm.core.tables import Row
from emovlm.lexicon.terms import FORMS, terms_of

PER_BILLION = 1e9


def published_counts(source: Row, lexicon: list[Row], path: str | Path) -> dict[str, float]:
    """Counts of the words that one column of a published table lists, in that column's unit.

    Raises:
        StudyError: the table or the column is missing, a word of the lexicon has no row in the table (the table was
            made for other words), has two, or a cell is not a count.
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
    for row in lexicon:
        for form in FORMS[language]:
            for term in terms_of(row, language, form):
                if term not in counts.index:
                    raise StudyError(
                        f"{path}: no row for {term!r}, a word of {row['emotion']} in the lexicon; "
                        "add its counts or take it out of the lexicon"
                    )
    return counts[counts > 0].to_dict()


def wordfreq_counts(language: str) -> Mapping[str, float]:
    """Occurrences per billion words by wordfreq's large list.

    The dictionary is read as a whole because a look-up would tokenise Chinese; ``zh`` is the simplified list.
    """
    from wordfreq import get_frequency_dict

    return {term: share * PER_BILLION for term, share in get_frequency_dict(language, "large").items() if share > 0}


def listing(listed: int, asked: int) -> str:
    """``complete``, ``partial`` or ``censored``: how many of the terms asked for a source lists."""
    return "censored" if not listed else "complete" if listed == asked else "partial"


def count_all(sources: list[Row], lexicon: list[Row], paths: Mapping[str, str | Path]) -> pd.DataFrame:
    """Frequency of every emotion by every source; ``paths`` has the table of published counts of each language."""
    tables = [count_terms(source, lexicon, paths[source["language"]]) for source in sources]
    return pd.concat(tables, ignore_index=True)


def count_terms(source: Row, lexicon: list[Row], path: str | Path) -> pd.DataFrame:
    """Frequency of every emotion by one source (a row of ``config/sources.tsv``): a TERM_FREQUENCY table.

    Args:
        source: source, language, kind, and where it has them column and tokens.
        lexicon: from :func:`emovlm.lexicon.terms.read_lexicon`.
        path: table of published counts of the source's language.
    """
    language = source["language"]
    if source["kind"] == "wordfreq":
        listed, tokens = wordfreq_counts(language), PER_BILLION
    else:
        listed, tokens = published_counts(source, lexicon, path), source.get("tokens")
    rows = []
    for form in FORMS[language]:
        for row in lexicon:
            asked = terms_of(row, language, form)
            found = [listed[term] for term in asked if term in listed]
            count = float(sum(found)) if found else None
            rows.append({
                "language": language, "source": source["source"], "form": form, "emotion": row["emotion"],
                "count": count, "per_million": count / tokens * 1e6 if found and tokens else None,
                "listing": listing(len(found), len(asked)), "terms_listed": len(found), "terms_asked": len(asked),
            })  # fmt: skip
    return pd.DataFrame(rows).astype({"count": float, "per_million": float})
