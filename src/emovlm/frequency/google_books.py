"""Counts of Google Books Ngrams from its raw exports, of 2012 (v2) and of 2020 (v3).

A line of v2 is ``ngram TAB year TAB matches TAB volumes``; of v3 ``ngram TAB year,matches,volumes TAB ...`` with gaps
between years. Capitals are kept apart there and added up here. Rows of words with their part of speech
(``happy_ADJ``) split up the row without; they are never added to it. Google lists what occurs 40 times or more: a term
that is not listed is *censored*, not 0.

Sources: https://storage.googleapis.com/books/ngrams/books/datasetsv3.html; Michel et al. 2011; Lin et al. 2012.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from emovlm.core.errors import StudyError
from emovlm.frequency.readers.forms import BLOCK, TEXT, Form, check_file, form_of
from emovlm.frequency.readers.lines import last_line_end, whole_documents
from emovlm.frequency.readers.streams import opened
from emovlm.lexicon.terms import Term

VERSIONS = ("v2", "v3")
TAGS = {"noun": "NOUN", "verb": "VERB", "adjective": "ADJ", "adverb": "ADV"}
"""Google's parts of speech, by the lexicon's forms."""
CHECKED = 1000  # lines at the start of each file of which n and the format are checked; those of terms always are
ROW = {
    "v2": re.compile(rb"[^\t]+\t\d{4}\t\d+\t\d+"),
    "v3": re.compile(rb"[^\t]+(?:\t\d{4},\d+,\d+)+"),
}
YEAR = re.compile(rb"\t(\d{4})[\t,](\d+)[\t,](\d+)")

Years = tuple[int, int]
"""The first and the last year, both included."""


@dataclass
class NgramCount:
    """Occurrences of one term.

    Attributes:
        count: those in the years; None if the term is censored.
        volumes: sum over its rows of the books that hold it; a book with two spellings counts twice.
        tagged: those by part of speech (``ADJ``, ...), of terms of one word. They are not added to ``count``.
        censored: why there is no count; empty if there is one.
    """

    count: int | None = None
    volumes: int | None = None
    tagged: dict[str, int] = field(default_factory=dict)
    censored: str = ""


def count_google_books(
    files: Mapping[int, Sequence[str | Path]], terms: Iterable[Term], years: Years | None = None, version: str = ""
) -> dict[str, NgramCount]:
    """Count terms in exports.

    Args:
        files: n -> files of n-grams, in any order; a term may be in several. Each plain, .gz or .zst.
        terms: of n words each, with a space between two.
        years: all if not given.
        version: one of ``VERSIONS``; seen from each file if not given.

    Returns:
        term -> its count.

    Raises:
        StudyError: a file cannot be read, is no export or one of another version or n, or a row of a term stands twice.
    """
    found = {term.text: NgramCount() for term in terms}
    for n in sorted({len(text.split()) for text in found}):
        texts = {_folded(text): text for text in found if len(text.split()) == n}
        why = f"no files of {n}-grams"
        if files.get(n):
            why = "not listed: fewer than 40 occurrences, or its file is not among those given"
            seen: set[tuple[str, bytes]] = set()
            for file in map(str, files[n]):
                for line in _lines_of(file, n, texts, version):
                    _add(found, texts, line, years, seen, file)
        for text in texts.values():
            if found[text].count is None:
                found[text].censored = why
    return found


def _add(
    found: dict[str, NgramCount], texts: Mapping[str, str], line: bytes, years: Years | None,
    seen: set[tuple[str, bytes]], file: str,
) -> None:  # fmt: skip
    """Add a line of the export to the term that it is of."""
    ngram = line[: line.index(b"\t")].decode()
    word, _, tag = ngram.partition("_")
    if tag and tag not in TAGS.values():  # ``happy_adj`` is a word with a low line
        return
    into = found[texts[_folded(word)]]
    matches = volumes = 0
    for year, of_year, books in YEAR.findall(line):
        if (ngram, year) in seen:
            raise StudyError(f"{file}: {ngram} has two rows for {year.decode()}; is a file given twice?")
        seen.add((ngram, year))
        if years is None or years[0] <= int(year) <= years[1]:
            matches, volumes = matches + int(of_year), volumes + int(books)
    if tag:
        into.tagged[tag] = into.tagged.get(tag, 0) + matches
    else:
        into.count, into.volumes = (into.count or 0) + matches, (into.volumes or 0) + volumes


def _lines_of(file: str, n: int, texts: Iterable[str], version: str) -> Iterator[bytes]:
    """The lines of some n-grams, whatever their capitals.

    Raises:
        StudyError: the file is no export of n-grams, or one of another version.
    """
    form = Form(TEXT, form_of(file).compression)
    check_file(file, form)
    tags = b"|".join(tag.encode().lower() for tag in TAGS.values()) if n == 1 else b""
    words = b"|".join(_any_case(text) for text in texts)
    wanted = re.compile(rb"\n(?:%s)%s\t" % (words, rb"(?:_(?:%s))?" % tags if tags else b""))
    unchecked, row = CHECKED, ROW.get(version)
    with opened(file, form.compression) as stream:
        for held in whole_documents(stream, BLOCK, last_line_end):
            data = held.data.rstrip(b"\n") + b"\n"
            for line in data.split(b"\n", unchecked)[:unchecked] if unchecked else ():
                row = row or next((each for each in ROW.values() if each.fullmatch(line)), None)
                _check(line, row, n, file, version)
            unchecked = 0
            for match in wanted.finditer(b"\n" + data.lower()):
                line = data[match.start() : data.index(b"\n", match.start())]
                _check(line, row, n, file, version)
                yield line
    if unchecked:
        raise StudyError(f"{file}: the file is empty; fetch it again")


def _check(line: bytes, row: re.Pattern[bytes] | None, n: int, file: str, version: str) -> None:
    """Is it a line of an export of n-grams?"""
    if not line:
        return
    if row is None or not row.fullmatch(line.removesuffix(b"\r")):
        known = {"v2": "ngram, year, matches, volumes", "v3": "ngram, and year,matches,volumes of each year"}
        asked = " or ".join(f"{name} ({says})" for name, says in known.items() if version in ("", name))
        shown = line[:60].decode(errors="replace")
        raise StudyError(f"{file}: not an export of Google Books Ngrams {asked}, with tabs between; it has {shown!r}")
    ngram = line[: line.index(b"\t")]
    if (found := ngram.count(b" ") + 1) != n:
        shown = ngram.decode(errors="replace")
        raise StudyError(f"{file}: given as {n}-grams, but {shown!r} is a {found}-gram; give the right files")


def _folded(text: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def _any_case(text: str) -> bytes:
    """A pattern of a folded text in bytes whose ASCII letters are small."""
    patterns = []
    for char in text:
        spellings = [re.escape(each.encode()) for each in (char, *_other_cases().get(char, []))]
        patterns.append(spellings[0] if len(spellings) == 1 else b"(?:" + b"|".join(spellings) + b")")
    return b"".join(patterns)


@cache
def _other_cases() -> dict[str, list[str]]:
    """Letters beyond ASCII that differ from another by case alone, by that one: the long s is one of s."""
    found: dict[str, list[str]] = {}
    for char in map(chr, range(0x80, 0x110000)):
        if len(folded := char.casefold()) == 1 and folded != char:
            found.setdefault(folded, []).append(char)
    return found


def read_totals(file: str | Path, years: Years | None = None) -> int:
    """Words of all books in the years, from a file of totals (``totalcounts-1``): of v2 and v3 alike.

    It begins with a space and a tab, and holds ``year,words,pages,volumes`` with tabs between.

    Raises:
        StudyError: it cannot be read, is another file, or has not all the years.
    """
    form = form_of(file)
    check_file(file, Form(TEXT, form.compression))
    with opened(file, form.compression) as stream:
        content = b"".join(held.data for held in whole_documents(stream, BLOCK, last_line_end))
    entries = content.split()
    if not entries or not all(re.fullmatch(rb"\d{4},\d+,\d+,\d+", entry) for entry in entries):
        wrong = next((entry for entry in entries if not re.fullmatch(rb"\d{4},\d+,\d+,\d+", entry)), b"")
        raise StudyError(
            f"{file}: not a file of totals, which has year,words,pages,volumes with tabs between; it has "
            f"{wrong[:60].decode(errors='replace')!r}"
        )
    totals = {int(year): int(words) for year, words, *_ in (entry.split(b",") for entry in entries)}
    first, last = min(totals), max(totals)
    asked = years or (first, last)
    if asked[0] > asked[1]:
        raise StudyError(f"years {asked[0]} to {asked[1]}: the first is after the last")
    if asked[0] < first or asked[1] > last:
        raise StudyError(
            f"{file}: totals of {first} to {last}, but the years {asked[0]} to {asked[1]} are asked; ask for years "
            "among them"
        )
    return sum(words for year, words in totals.items() if asked[0] <= year <= asked[1])
