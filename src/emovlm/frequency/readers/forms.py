"""The forms in which a corpus lies: plain text, JSON lines or Parquet, and how its documents are found."""

import os
from dataclasses import dataclass
from pathlib import Path

from emovlm.core.errors import StudyError

TEXT, JSONL, PARQUET = CONTENTS = ("text", "jsonl", "parquet")
SUFFIXES = {"jsonl": JSONL, "ndjson": JSONL, "json": JSONL, "parquet": PARQUET, "pq": PARQUET}
COMPRESSIONS = {"gz": "gz", "zst": "zst", "zstd": "zst"}
FORMS = (TEXT, "text.gz", "text.zst", JSONL, "jsonl.gz", "jsonl.zst", PARQUET)
LINE, PARAGRAPH, FILE = DOCUMENTS = ("line", "paragraph", "file")
BLOCK = 2 << 20  # bytes of a block: larger ones leave the cache before they are counted, smaller ones cost more calls
MAGIC = {
    b"\x1f\x8b": "gzip", b"\x28\xb5\x2f\xfd": "zstd", b"PAR1": "Parquet", b"BZh": "bzip2", b"\xfd7zXZ": "xz",
    b"PK\x03\x04": "zip", b"\xff\xfe": "UTF-16 text", b"\xfe\xff": "UTF-16 text", b"%PDF": "PDF",
}  # fmt: skip
"""How files begin that are not what they were taken for."""
HEAD = 8192  # bytes at the start in which a text has no NUL
BEGINS = {"gz": "gzip", "zst": "zstd", PARQUET: "Parquet"}


@dataclass(frozen=True)
class Reading:
    """How the files of a corpus are read.

    Attributes:
        form: one of ``FORMS``; empty: by each file's name.
        column: name of the text in JSON lines and Parquet; ``a.b`` is ``b`` within ``a``.
        documents: what a document of plain text is: a line (blank ones too), a paragraph (blank lines between), or the
            file.
        size: bytes of a block. Counts do not depend on it.
    """

    form: str = ""
    column: str = "text"
    documents: str = LINE
    size: int = BLOCK

    def __post_init__(self) -> None:
        for given, allowed, what in ((self.form, ("", *FORMS), "form"), (self.documents, DOCUMENTS, "documents")):
            if given not in allowed:
                raise StudyError(f"{what} {given!r} is not known; it is one of {', '.join(filter(None, allowed))}")


@dataclass(frozen=True)
class Form:
    """What a file holds (one of ``CONTENTS``), and its compression: gz, zst or none."""

    content: str
    compression: str = ""


def form_of(file: str | Path, form: str = "") -> Form:
    """The form of a file: the one given, or else the one that its name says; any other name is plain text."""
    if form:
        content, _, compression = form.partition(".")
        return Form(content, compression)
    suffixes = [suffix[1:].lower() for suffix in Path(file).suffixes]
    compression = COMPRESSIONS.get(suffixes[-1], "") if suffixes else ""
    if compression:
        suffixes.pop()
    return Form(SUFFIXES.get(suffixes[-1], TEXT) if suffixes else TEXT, compression)


def check_file(file: str | Path, form: Form, named: bool = False) -> None:
    """Check that a file can be read, and begins as its form does.

    Args:
        named: the form was named, not seen from the file's name.

    Raises:
        StudyError: it is missing, a folder or unreadable, or it begins as another form.
    """
    path = Path(file)
    if path.is_dir():
        raise StudyError(f"{file}: a folder; name files, for example '{file}/*.txt'")
    if path.exists() and not path.is_file():
        raise StudyError(f"{file}: a pipe or device; write what it gives to a file, and count that")
    try:
        with open(path, "rb") as handle:
            head = handle.read(HEAD)
    except OSError as error:
        raise StudyError(f"{file}: cannot be read ({os.strerror(error.errno or 0)})") from None
    begins = next((what for magic, what in MAGIC.items() if head.startswith(magic)), "")
    wanted = BEGINS.get(form.compression or form.content, "")
    if begins != wanted and (head or wanted == "Parquet"):
        taken = ".".join(filter(None, (form.content, form.compression)))
        found = begins or "nothing of the kind"
        raise StudyError(
            f"{file}: taken for {taken}, but it begins as {found}; convert it, or name its form if it is one of "
            f"{', '.join(FORMS)}"
        )
    if form == Form(TEXT) and not named and b"\0" in head:
        raise StudyError(f"{file}: holds NUL bytes, as binary files do; if it is a text, name its form: {TEXT}")
