"""The files of a corpus, and parts of them that are counted one by one: on a machine or by the jobs of a cluster."""

import glob
import hashlib
import os
import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from emovlm.core.errors import StudyError
from emovlm.frequency.readers.forms import FILE, PARAGRAPH, PARQUET, TEXT, Reading, check_file, form_of
from emovlm.frequency.readers.parquet import row_groups
from emovlm.frequency.readers.read import Part

PART = 64 << 20  # bytes of a part, about: what a stopped run counts again, at most
WINDOW = 1 << 20  # bytes in which the end of a document is looked for at a time
LINE_END = re.compile(rb"\n")
BLANK_LINES = re.compile(rb"\n(?:[^\S\n]*\n)+(?=[^\S\n]*\S)")  # in front of a paragraph


def files_of(patterns: Iterable[str | Path]) -> list[str]:
    """The files that names and patterns (``*``, ``?``, ``[...]``, and ``**`` for any folders) stand for, sorted.

    A file that is named twice, also by a link, is taken once. Folders that a pattern matches are passed over.

    Raises:
        StudyError: there is no such file, or a pattern that no file matches.
    """
    found: dict[str, str] = {}
    for pattern in map(str, patterns):
        is_pattern = glob.has_magic(pattern) and not os.path.lexists(pattern)
        names = [pattern]
        if is_pattern:
            names = [name for name in glob.glob(pattern, recursive=True) if not os.path.isdir(name)]
        if not names or not (is_pattern or os.path.lexists(pattern)):
            raise StudyError(f"{pattern}: {'no file matches the pattern' if is_pattern else 'no such file'}")
        for name in sorted(names):
            found.setdefault(os.path.realpath(name), name)
    if not found:
        raise StudyError("there are no files to count; name some")
    return sorted(found.values())


def plan_parts(files: Sequence[str], how: Reading, bytes_per_part: int | None = PART) -> list[Part]:
    """Parts of files, in their order, that hold whole documents.

    A compressed file is one part, and so is a file that is one document. The parts of a file follow from its content
    and ``bytes_per_part`` alone; without that, each file is one part.

    Raises:
        StudyError: a file cannot be read or is not of its form.
    """
    parts = []
    for file in files:
        form = form_of(file, how.form)
        check_file(file, form, bool(how.form))
        if bytes_per_part is None:
            bounds = [0]
        elif form.content == PARQUET:
            bounds = _bounds_of_groups([size for _, size in row_groups(file)], bytes_per_part)
        elif form.compression or (form.content == TEXT and how.documents == FILE):
            bounds = [0]
        else:
            paragraphs = form.content == TEXT and how.documents == PARAGRAPH
            bounds = _bounds(file, BLANK_LINES if paragraphs else LINE_END, bytes_per_part)
        parts += [Part(file, start, stop) for start, stop in zip(bounds, [*bounds[1:], None], strict=True)]
    return parts


def _bounds_of_groups(sizes: Sequence[int], bytes_per_part: int) -> list[int]:
    """The number of the first row group of each part."""
    bounds, within = [0], 0
    for number, size in enumerate(sizes):
        if within and within + size > bytes_per_part:
            bounds, within = [*bounds, number], 0
        within += size
    return bounds


def _bounds(file: str, between: re.Pattern[bytes], bytes_per_part: int) -> list[int]:
    """The offset of the first document of each part: the first that begins behind each multiple of the size."""
    bounds, size = [0], os.path.getsize(file)
    with open(file, "rb") as handle:
        for near in range(bytes_per_part, size, bytes_per_part):
            if near <= bounds[-1]:
                continue
            at = near - 1
            handle.seek(at)
            window = b""
            while more := handle.read(WINDOW):
                window += more
                if found := between.search(window):
                    bounds.append(at + found.end())
                    break
                kept = len(window.rstrip())  # the white space behind may go on
                at, window = at + kept, window[kept:]
    return [bound for bound in bounds if not bound or bound < size]


def part_bytes(part: Part, how: Reading) -> tuple[int, int]:
    """The bytes of its file that a part lies in: from, up to."""
    size = os.path.getsize(part.file)
    if form_of(part.file, how.form).content != PARQUET:
        return part.start, size if part.stop is None else part.stop
    if not part.start and part.stop is None:
        return 0, size
    offsets = [offset for offset, _ in row_groups(part.file)]
    return offsets[part.start] if part.start else 0, size if part.stop is None else offsets[part.stop]


def part_sha256(part: Part, how: Reading) -> str:
    """Hex SHA-256 of the bytes of its file that a part lies in."""
    start, stop = part_bytes(part, how)
    digest, buffer = hashlib.sha256(), bytearray(WINDOW)
    with open(part.file, "rb", buffering=0) as handle:
        handle.seek(start)
        while n := handle.readinto(memoryview(buffer)[: max(0, stop - start)]):
            digest.update(memoryview(buffer)[:n])
            start += n
    return digest.hexdigest()
