"""Rows of CSV tables from any program. Ambiguous rows are errors that name the line."""

import csv
import io
import re
from collections.abc import Iterator
from pathlib import Path

from emovlm.core.errors import StudyError
from emovlm.datasets.annotations import read_text

SEPARATORS = (",", ";", "\t")
UNNAMED = re.compile(r"(unnamed: \d+)?")  # pandas' index, and what pandas calls it when it has read it again

Record = tuple[int, list[str]]
"""The number of the line at which a row of a table begins, and its cells."""


def read_csv(
    file: Path, columns: tuple[str, ...], optional: tuple[str, ...] | None = None
) -> Iterator[tuple[str, dict[str, str]]]:
    """Yield each row of a table with the place where it is written; its cells by the name of their column.

    Columns may be separated by commas, semicolons or tabs, and named in any case. Left out are a byte-order mark, a
    first line ``sep=;``, blank rows, and a column without a name that is empty or numbers the rows.

    Args:
        file: the table; its first line names its columns.
        columns: those that must be there and filled.
        optional: those that may be there; any if not given.

    Raises:
        StudyError: naming file and line, if the table is missing, is no UTF-8 text or malformed, or lacks a column or
            has an unknown one.
    """
    text, line = read_text(file), 1
    if told := re.match(r"sep=([,;|\t])(\r\n|\r|\n)", text, re.IGNORECASE):
        text, line = text[told.end() :], 2
    separator = _separator(text, [told[1]] if told else SEPARATORS, columns)
    records = _records(file, text, separator, line)
    line, cells = next(records, (line, []))
    names = [_name(cell) for cell in cells]
    if missing := [column for column in columns if column not in names]:
        raise StudyError(f"{file}, line {line}: no column {', '.join(missing)}; needed are {', '.join(columns)}")
    known = (*columns, *(optional or ()))
    if unknown := [name for name in names if name and optional is not None and name not in known]:
        raise StudyError(f"{file}, line {line}: unknown column {unknown[0]!r}; known are {', '.join(known)}")
    if twice := [name for name in names if name and names.count(name) > 1]:
        raise StudyError(f"{file}, line {line}: two columns are called {twice[0]}")
    for line, cells in records:
        where = f"{file}, line {line}"
        if any(cell.strip() for cell in cells[len(names) :]):
            raise StudyError(f"{where}: more cells than columns")
        cells += [""] * (len(names) - len(cells))
        row = {name: cell for name, cell in zip(names, cells, strict=False) if name}
        if empty := [column for column in columns if not row[column].strip()]:
            raise StudyError(f"{where}: column {empty[0]} is empty")
        unnamed = [cell for name, cell in zip(names, cells, strict=False) if not name]
        if said := [cell for cell in unnamed if not re.fullmatch(r"\s*\d*\s*", cell)]:
            raise StudyError(f"{where}: {said[0][:80]!r} is in a column without a name; name it in the first line")
        yield where, row


def _name(cell: str) -> str:
    """The name of a column by its first cell; empty if it has none."""
    name = cell.strip().lower()
    return "" if UNNAMED.fullmatch(name) else name


def _separator(text: str, separators: list[str] | tuple[str, ...], columns: tuple[str, ...]) -> str:
    """The separator with which the first row names all columns; the first one if none does."""
    for separator in separators:
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
        try:
            first = next((cells for cells in reader if any(cell.strip() for cell in cells)), [])
        except csv.Error:  # a cell that is too long, which is said where the rows are read
            continue
        if {*columns} <= {_name(cell) for cell in first}:
            return separator
    return separators[0]


def _records(file: Path, text: str, separator: str, line: int) -> Iterator[Record]:
    """The rows of a text that begins in a file's ``line``, but blank ones."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    while True:
        begin = line + reader.line_num
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise StudyError(f"{file}, line {begin}: its quotation marks do not end as they should ({error})") from None
        if any(cell.strip() for cell in cells):
            yield begin, cells
