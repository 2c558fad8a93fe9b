"""Lines of annotation files: which clip has which emotion, and where that is written.

Annotation files are written by others, so every line is checked before its path is used.
"""

import csv
import os
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path, PurePosixPath

from emovlm.core import notes
from emovlm.core.errors import StudyError


@dataclass(frozen=True)
class Line:
    """One line of a list of clips.

    ``path`` is relative to the dataset's folder, ``name`` is the clip's name without folder and suffix,
    ``where`` is the file and line for messages.
    """

    path: str
    name: str
    label: str
    where: str


def read_list(file: Path, folder: Path, clips: str, classes: Collection[str]) -> list[Line]:
    """Read a list of lines ``00025.mp4 anger``, as MAFW's ``set_k/train.txt``.

    Args:
        file: the list.
        folder: the dataset's folder, which no clip may leave.
        clips: folder of the clips, relative to ``folder``.
        classes: the known class names.

    Raises:
        StudyError: naming file and line, if the list is missing or empty, a line is malformed, its class is
            unknown, its path leaves ``folder``, or the list has the clip already.
    """
    lines: dict[str, Line] = {}
    for number, text in enumerate(_read_text(file).splitlines(), start=1):
        if not text.strip():
            continue
        where = f"{file}, line {number}"
        cells = text.split()
        if len(cells) != 2 or not text.isprintable():
            raise StudyError(f"{where}: {text[:80]!r} is not of the form '00025.mp4 anger'")
        name, label = cells
        if label not in classes:
            raise StudyError(f"{where}: unknown class {label!r}; the lexicon has {', '.join(classes)}")
        inside(folder, name, where)
        path = PurePosixPath(clips, name)
        inside(folder, str(path), where)
        line = Line(str(path), str(PurePosixPath(name).with_suffix("")), label, where)
        if line.name in lines:
            raise StudyError(f"{where}: clip {line.name} is listed already in {lines[line.name].where}")
        lines[line.name] = line
    if not lines:
        raise StudyError(f"{file}: the annotation file is empty; it should have lines of the form '00025.mp4 anger'")
    return list(lines.values())


def inside(folder: Path, path: str, where: str) -> Path:
    """Return ``folder / path``; the file need not exist.

    Raises:
        StudyError: ``path`` is absolute, climbs with ``..``, or a symbolic link leads out of ``folder``.
    """
    parent, name = os.path.split(f"{folder}/{path}")
    target = f"{_real(parent)}/{name}"
    if os.path.islink(target):
        target = os.path.realpath(target)
    climbs = path.startswith("/") or ".." in path.split("/") or name in ("", ".")
    if climbs or not target.startswith(f"{_real(str(folder))}/"):
        raise StudyError(
            f"{where}: the path {path!r} is not inside the dataset's folder {folder}; "
            "annotations may only name files below it, links included"
        )
    return folder / path


@lru_cache(maxsize=1024)
def _real(folder: str) -> str:
    """A folder without links; remembered, since a dataset's clips share few."""
    return os.path.realpath(folder)


def read_identities(file: Path) -> dict[str, str]:
    """Read a CSV file with the columns ``name`` (of a clip, without suffix) and ``identity``.

    Raises:
        StudyError: naming file and line, if the file is missing or malformed or names a clip twice.
    """
    identities: dict[str, str] = {}
    for where, row in read_csv(file, ("name", "identity")):
        if row["name"] in identities:
            raise StudyError(f"{where}: clip {row['name']} has an identity already")
        identities[row["name"]] = row["identity"]
    return identities


def read_csv(file: Path, columns: tuple[str, ...], delimiter: str = ",") -> Iterator[tuple[str, dict[str, str]]]:
    """Yield each row of a table with the place it is written; ``columns`` must be there and filled."""
    reader = csv.DictReader(_read_text(file).splitlines(), delimiter=delimiter)
    missing = [c for c in columns if c not in (reader.fieldnames or ())]
    if missing:
        raise StudyError(f"{file}, line 1: no column {', '.join(missing)}; needed are {', '.join(columns)}")
    for row in reader:
        where = f"{file}, line {reader.line_num}"
        empty = [c for c in columns if not row[c]]
        if empty or None in row:
            raise StudyError(f"{where}: " + (f"column {empty[0]} is empty" if empty else "more cells than columns"))
        yield where, row


def _read_text(file: Path) -> str:
    notes.read(file)
    try:
        return file.read_text(encoding="utf-8-sig")
    except (FileNotFoundError, NotADirectoryError):
        raise StudyError(f"{file}: no such file") from None
    except (OSError, UnicodeDecodeError) as error:
        raise StudyError(f"{file}: not a readable UTF-8 text file ({error})") from None
