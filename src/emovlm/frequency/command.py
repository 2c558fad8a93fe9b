"""The command ``emovlm count``: how often terms are written in files, as tables on the terminal and in a folder."""

import argparse
import csv
import io
import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import regex
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from emovlm.core.errors import StudyError
from emovlm.core.files import as_cell, write_json, write_text
from emovlm.frequency.corpus import Corpus, Options, count_corpus
from emovlm.frequency.counts import PER_TERM, Counts
from emovlm.frequency.parts import files_of
from emovlm.frequency.readers.forms import Reading
from emovlm.frequency.vocabulary import key_of, not_words
from emovlm.lexicon.terms import LEXICON, Term, counted, read_terms

STORE = "store"
DETAILS = PER_TERM[2:]
Rows = list[dict[str, Any]]


def count(given: argparse.Namespace) -> int:
    """Count, print and write; the exit code is 0.

    Raises:
        StudyError: as of :func:`emovlm.frequency.corpus.count_corpus`, or a number on the command line is too small.
    """
    for name, least in (("workers", 1), ("contexts", 0)):
        if getattr(given, name) < least:
            raise StudyError(f"--{name} is {getattr(given, name)}; it is at least {least}")
    if given.terms and given.lexicon:
        raise StudyError("give a lexicon or single terms, not both")
    if given.contexts and not given.out:
        raise StudyError("--contexts needs a folder for them (--out)")
    single = {key_of(term): term for term in map(_term, reversed(given.terms))}  # in either script one word
    terms = list(single.values())[::-1] or counted(read_terms(given.lexicon or LEXICON, "--lexicon names it"))
    how = Reading(given.form, given.text, given.documents)
    options = Options(given.words, given.details, given.contexts, given.seed)
    store = None
    if given.out:
        store = Path(given.out, STORE)
        _check_folder(Path(given.out), store)
    begun = time.monotonic()
    corpus = count_corpus(files_of(given.files), terms, how, options, store=store, workers=given.workers)
    seconds = time.monotonic() - begun
    if given.out:
        write_corpus(corpus, options, given.out)
    if given.json:
        print(json.dumps(as_json(corpus, options), ensure_ascii=False, indent=1))
    elif given.csv:
        print(_csv(term_rows(corpus.counts, options)), end="")
    else:
        show(corpus.counts, options, Console())
    for remark in _remarks(corpus.counts):
        print(remark, file=sys.stderr)
    text = corpus.counts.total_bytes / 1e6
    files = f"{len(corpus.files):,} file{'s' if len(corpus.files) > 1 else ''}"
    print(f"{files}, {text:,.1f} MB of text, {text / seconds:,.0f} MB/s", file=sys.stderr)
    return 0


def _check_folder(folder: Path, store: Path) -> None:
    """Nothing but an earlier count may be overwritten."""
    if folder.exists() and not folder.is_dir():
        raise StudyError(f"{folder}: a file; name a folder for the tables (--out)")
    if folder.is_dir() and not store.is_dir() and (names := sorted(path.name for path in folder.iterdir())):
        raise StudyError(
            f"{folder}: the folder holds other files ({names[0]} for example) and nothing is overwritten; name a new "
            "or empty folder (--out)"
        )


def _term(word: str) -> Term:
    """A term that stands for itself: Chinese if it has Han characters."""
    chinese = regex.search(r"\p{Han}", word) is not None
    return Term(word, "zh" if chinese else "en", word)


def term_rows(counts: Counts, options: Options) -> Rows:
    """One row a term: what was counted of it."""
    rows = []
    for k, term in enumerate(counts.terms):
        row = {"emotion": term.emotion, "language": term.language, "term": term.text, "form": term.form,
               "count": int(counts.hits[k]), "per_million": _per_million(counts.hits[k], counts),
               "documents": int(counts.documents[k])}  # fmt: skip
        rows.append(row | {name: int(getattr(counts, name)[k]) for name in (DETAILS if options.details else ())})
    return rows


def class_rows(counts: Counts) -> Rows:
    """One row a class: the sums over its terms, and the documents with any of them."""
    rows = []
    for k, emotion in enumerate(counts.classes):
        hits = sum(int(n) for term, n in zip(counts.terms, counts.hits, strict=True) if term.emotion == emotion)
        rows.append({"emotion": emotion, "count": hits, "per_million": _per_million(hits, counts),
                     "documents": int(counts.joint[k, k])})  # fmt: skip
    return rows


def _joint_rows(counts: Counts) -> Rows:
    return [
        {"emotion": one, "other": other, "documents": int(counts.joint[i, j])}
        for i, one in enumerate(counts.classes)
        for j, other in enumerate(counts.classes)
        if i < j
    ]


def _context_rows(counts: Counts) -> Rows:
    return [
        {"term": term, "file": file, "document": document, "text": text}
        for term in dict.fromkeys(term.text for term in counts.terms)
        for _, file, document, text in counts.contexts.get(term, [])
    ]


def _file_rows(corpus: Corpus) -> Rows:
    return [
        {"file": each.file, "bytes": each.bytes, "sha256": " ".join(each.sha256),
         "documents": each.counts.total_documents, "text_bytes": each.counts.total_bytes,
         "words": each.counts.total_words, "left_out_or_repaired": sum(each.counts.skipped.values())}
        for each in corpus.files
    ]  # fmt: skip


def _per_million(hits: int, counts: Counts) -> float | None:
    return round(int(hits) / counts.total_words * 1e6, 6) if counts.total_words else None


def as_json(corpus: Corpus, options: Options) -> dict[str, Any]:
    """Everything that was counted, as plain values."""
    counts = corpus.counts
    return {
        "documents": counts.total_documents, "bytes": counts.total_bytes, "words": counts.total_words,
        "left_out_or_repaired": dict(sorted(counts.skipped.items())),
        "never_words": [term.text for term in not_words(counts.terms)], "terms": term_rows(counts, options),
        "classes": class_rows(counts), "joint": _joint_rows(counts), "contexts": _context_rows(counts),
        "files": _file_rows(corpus),
    }  # fmt: skip


def write_corpus(corpus: Corpus, options: Options, folder: str | Path) -> None:
    """Write what was counted: ``counts.json`` with all, and tables of terms, classes, pairs of classes, drawn
    occurrences and files."""
    folder, counts = Path(folder), corpus.counts
    tables = {"terms": term_rows(counts, options), "classes": class_rows(counts), "joint": _joint_rows(counts),
              "contexts": _context_rows(counts), "files": _file_rows(corpus)}  # fmt: skip
    for name, rows in tables.items():
        if rows:
            write_text(folder / f"{name}.csv", _csv(rows))
        else:
            (folder / f"{name}.csv").unlink(missing_ok=True)  # of an earlier count
    write_json(folder / "counts.json", as_json(corpus, options))


def _csv(rows: Rows) -> str:
    out = io.StringIO()
    writer = csv.DictWriter(out, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows({k: as_cell(v) if isinstance(v, str) else v for k, v in row.items()} for row in rows)
    return out.getvalue()


def show(counts: Counts, options: Options, console: Console) -> None:
    """Print terms and their sums by class, and what was read."""
    shown = Table(box=SIMPLE_HEAD)
    with_words = options.words
    for heading in ("class", "term"):
        shown.add_column(heading)
    details = [name.replace("_", " ") for name in DETAILS] if options.details else []
    for heading in ("count", *(["per million words"] if with_words else []), "documents", *details):
        shown.add_column(heading, justify="right")
    terms, classes = term_rows(counts, options), class_rows(counts)
    for of_class in classes:
        rows = [row for row in terms if row["emotion"] == of_class["emotion"]]
        for row in rows:
            name = of_class["emotion"] if row is rows[0] else ""
            shown.add_row(*_cells(name, row["term"], row, options), end_section=len(rows) == 1)
        if len(rows) > 1:
            shown.add_row(*_cells("", "all", of_class, options), style="bold", end_section=True)
    console.print(shown)
    words = f"{counts.total_words:,} words, " if with_words else ""
    console.print(f"{words}{counts.total_documents:,} {_plural('document', counts.total_documents)}", soft_wrap=True)


def _cells(name: str, term: str, row: dict[str, Any], options: Options) -> Sequence[Text]:
    rate = [f"{row['per_million']:,.2f}" if row["per_million"] is not None else "–"] if options.words else []
    details = [f"{row[name]:,}" if name in row else "" for name in (DETAILS if options.details else ())]
    return [Text(cell) for cell in (name, term, f"{row['count']:,}", *rate, f"{row['documents']:,}", *details)]


def _remarks(counts: Counts) -> list[str]:
    """What must be known of the counts: documents that were left out or repaired, and terms that say nothing."""
    found = [f"{n:,} {_plural('document', n)}: {reason}" for reason, n in sorted(counts.skipped.items())]
    if never := [term.text for term in not_words(counts.terms)]:
        found.append(f"never a word for the segmenter, so that 0 says nothing: {' '.join(never)}")
    return found


def _plural(word: str, n: int) -> str:
    return word if n == 1 else f"{word}s"
