"""Counts of the sources that a study counts itself: corpora, raw exports of Google Books, infini-gram indices.

A source is counted by as many jobs as its row says. Each job's counts are plain values for a file; the counts of all
jobs together are the source's rows of the tables.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from emovlm.core import notes
from emovlm.core.contracts.frequency import JOINT_COUNTS, TERM_CONTEXTS
from emovlm.core.errors import StudyError
from emovlm.core.tables import Row
from emovlm.frequency.corpus import Options, count_corpus
from emovlm.frequency.counts import PER_TERM, Counts
from emovlm.frequency.google_books import count_google_books, read_totals
from emovlm.frequency.infini_gram import count_indexed
from emovlm.frequency.packages import TEXT
from emovlm.frequency.published import count_table
from emovlm.frequency.readers.forms import LINE, Reading
from emovlm.frequency.vocabulary import not_words
from emovlm.lexicon.terms import Term

CONTEXTS = 5
"""Occurrences of each term that are drawn from a corpus, for people to see what the word meant there."""
DETAILS = PER_TERM[1:]


@dataclass(frozen=True)
class SourceCounts:
    """TERM_COUNTS of a source, its words in all where they are known, JOINT_COUNTS and TERM_CONTEXTS."""

    terms: pd.DataFrame
    tokens: float | None
    joint: pd.DataFrame
    contexts: pd.DataFrame


def count_source(
    source: Row, terms: Sequence[Term], files: Sequence[str], seed: int, store: str | Path, share: tuple[int, int]
) -> dict[str, Any]:
    """Count the terms of a source's language in one share of its files, as plain values.

    Args:
        source: row of ``config/sources.tsv``.
        terms: of all languages.
        files: of the source, or the one file that its package was fetched to.
        seed: of the draw of occurrences.
        store: a folder of this share, that keeps what was counted of each part of a corpus.
        share: (k, n), as of :func:`emovlm.frequency.corpus.count_corpus`.

    Raises:
        StudyError: a file is missing, damaged or not of its form; the years are not among the totals; the tokenizer is
            not that of the index.
    """
    asked = [term for term in terms if term.language == source["language"]]
    if source["kind"] == "google_books":
        years = tuple(map(int, source["years"].split("-"))) if "years" in source else None
        found = count_google_books({source["n"]: files}, asked, years, source["version"])
        tokens = read_totals(source["totals"], years) if "totals" in source else source.get("tokens")
        return {"terms": {text: asdict(count) for text, count in found.items()}, "tokens": tokens}
    if source["kind"] == "infini_gram":
        indexed = count_indexed(files, asked, source.get("tokenizer"))
        return {"terms": {text: {"count": count} for text, count in indexed.items()}, "tokens": source.get("tokens")}
    column = TEXT if "package" in source else source.get("text", TEXT)
    how = Reading(column=column, documents=source.get("documents", LINE))
    options = Options(words=True, details=True, contexts=CONTEXTS, seed=seed)
    counted = count_corpus(files, asked, how, options, store=store, share=share)
    for path in Path(store).glob("*.json"):
        if path in counted.kept:
            notes.wrote(path)
        else:
            path.unlink()  # of what is no more in the corpus, or was counted otherwise
    return {
        "counts": counted.counts.as_dict(),
        "files": [{"file": each.file, "bytes": each.bytes, "sha256": each.sha256} for each in counted.files],
    }


def gather_source(source: Row, terms: Sequence[Term], shares: Sequence[Mapping[str, Any]]) -> SourceCounts:
    """The counts of a source from those of all its shares (:func:`count_source`).

    Raises:
        StudyError: the corpus has no documents.
    """
    asked = [term for term in terms if term.language == source["language"]]
    if source["kind"] != "corpus":
        (share,) = shares
        counts = [{"count": share["terms"][term.text]["count"]} for term in asked]
        return SourceCounts(
            count_table(source, asked, counts), share["tokens"], _joint(source, None), _contexts(source, {})
        )
    total, *others = (Counts.from_dict(share["counts"], tuple(asked)) for share in shares)
    for other in others:
        total.add(other)
    if not total.total_documents:
        reasons = "; ".join(f"{reason}: {n:,}" for reason, n in sorted(total.skipped.items()))
        raise StudyError(f"source {source['source']}, {source['language']}: the corpus has no documents ({reasons})")
    never = not_words(asked)
    counts = [
        {"count": None if term in never else int(total.hits[k]),
         **{name: int(getattr(total, name)[k]) for name in DETAILS}}
        for k, term in enumerate(asked)
    ]  # fmt: skip
    return SourceCounts(
        count_table(source, asked, counts), total.total_words, _joint(source, total), _contexts(source, total.contexts)
    )


def _of(source: Row) -> dict[str, str]:
    return {"language": source["language"], "source": source["source"]}


def _joint(source: Row, total: Counts | None) -> pd.DataFrame:
    classes = total.classes if total else []
    rows = [
        {**_of(source), "emotion": one, "other": other, "documents": int(total.joint[i, j])}
        for i, one in enumerate(classes)
        for j, other in enumerate(classes)
        if total and i < j
    ]
    return pd.DataFrame(rows, columns=list(JOINT_COUNTS.columns))


def _contexts(source: Row, drawn: Mapping[str, Sequence[tuple[int, str, int, str]]]) -> pd.DataFrame:
    rows = [
        {**_of(source), "term": term, "draw": draw, "file": file, "document": document, "text": text}
        for term, found in drawn.items()
        for draw, (_, file, document, text) in enumerate(found, 1)
    ]
    return pd.DataFrame(rows, columns=list(TERM_CONTEXTS.columns))
