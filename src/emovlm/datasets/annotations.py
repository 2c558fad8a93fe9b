"""Lines of annotation files: which clip has which emotion, and where that is written.

Annotation files are written by others, so every line is checked before its path is used.
"""

import os
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path, PurePosixPath

from emovlm.core import notes
from emovlm.core.errors import StudyError

CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f]")  # names may have tabs and ends of lines


@dataclass(frozen=True)
class Line:
    """One line of a list of clips.

    ``path`` is relative to the dataset's folder, ``name`` is the clip's name without suffix (``readers.distinct`` adds
    it where clips share a name), ``label`` the study's name of its class, ``where`` the file and line for messages.
    """

    path: str
    name: str
    label: str
    where: str


def read_list(file: Path, folder: Path, clips: str, words: Mapping[str, str], suffix: bool = True) -> list[Line]:
    """Read a list of lines ``00025.mp4 anger``, as MAFW's ``set_k/train.txt``.

    Args:
        file: the list.
        folder: the dataset's folder, which no clip may leave.
        clips: folder of the clips, relative to ``folder``.
        words: the study's name of each label word.
        suffix: clips are files called as in the list; if not, folders called so without the suffix.

    Raises:
        StudyError: naming file and line, if the list is missing or empty, a line is malformed, its class is
            unknown, its path leaves ``folder``, or the list has the clip already.
    """
    lines: dict[str, Line] = {}
    for number, text in enumerate(read_text(file).splitlines(), start=1):
        if not text.strip():
            continue
        where = f"{file}, line {number}"
        cells = text.split()
        if len(cells) != 2 or not text.isprintable():
            raise StudyError(f"{where}: {text[:80]!r} is not of the form '00025.mp4 anger'")
        name, label = cells
        inside(folder, name, where)
        short = str(PurePosixPath(name).with_suffix(""))
        path = PurePosixPath(clips, name if suffix else short)
        inside(folder, str(path), where)
        add(lines, Line(str(path), short, emotion(label, words, where), where))
    if not lines:
        raise StudyError(f"{file}: the annotation file is empty; it should have lines of the form '00025.mp4 anger'")
    return list(lines.values())


def emotion(label: str, words: Mapping[str, str], where: str) -> str:
    """The study's name of a label word.

    Raises:
        StudyError: no class is called so.
    """
    if label not in words:
        raise StudyError(f"{where}: unknown class {label!r}; the classes are {', '.join(words)}")
    return words[label]


def add(lines: dict[str, Line], line: Line) -> None:
    """Add a line to those of its list, by path: two files are two clips, even if their names differ in suffix alone.

    Raises:
        StudyError: the clip is among them already.
    """
    if line.path in lines:
        raise StudyError(f"{line.where}: clip {line.name} is listed already in {lines[line.path].where}")
    lines[line.path] = line


def is_text(name: str) -> bool:
    """Whether a file's name is UTF-8; those of foreign archives may be in an old encoding."""
    return name.encode(errors="replace").decode() == name


def as_on_disk(folder: Path, path: str) -> str:
    """A path as the dataset's folder has it, if a table spells it another way, else as it is written.

    Programs add spaces around it, write ``\\`` for ``/``, or compose accents in another way (Unicode's NFC and NFD).
    """
    bare = path.strip()
    spellings = (path, bare, bare.replace("\\", "/"))
    forms = (unicodedata.normalize(form, spelling) for form in ("NFC", "NFD") for spelling in spellings)
    found = (each for each in dict.fromkeys((*spellings, *forms)) if os.path.lexists(folder / each))
    return str(PurePosixPath(next(found, bare)))


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


def read_text(file: Path) -> str:
    """A text file that others wrote.

    Raises:
        StudyError: it is missing, or is no UTF-8 text.
    """
    notes.read(file)
    try:
        return file.read_text(encoding="utf-8-sig")
    except (FileNotFoundError, NotADirectoryError):
        raise StudyError(f"{file}: no such file") from None
    except (OSError, UnicodeDecodeError) as error:
        raise StudyError(f"{file}: not a readable UTF-8 text file ({error})") from None
