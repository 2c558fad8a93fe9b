"""Tab-separated tables and YAML files that people edit, with the line number of each part."""

import csv
import io
from pathlib import Path
from typing import Any

import yaml

from emovlm.core.errors import StudyError

Row = dict[str, Any]


def read_cells(path: str | Path, named_by: str = "") -> list[tuple[int, dict[str, str]]]:
    """The rows of a tab-separated table: line number, and cells by column as text.

    Args:
        named_by: what names the table, for the message that it is missing.

    Raises:
        StudyError: the file is missing, is not UTF-8, has no rows, two columns of one name, or a row with more cells
            than the header.
    """
    path = Path(path)
    if not path.is_file():
        raise StudyError(f"{path}: no such table{'; ' if named_by else ''}{named_by}")
    reader = csv.DictReader(io.StringIO(_text(path), newline=""), delimiter="\t", quoting=csv.QUOTE_NONE, restval="")
    columns = reader.fieldnames or []
    if doubled := [column for column in columns if columns.count(column) > 1]:
        raise StudyError(f"{path}: two columns are called {doubled[0]!r}")
    rows = [(reader.line_num, cells) for cells in reader]
    for number, cells in rows:
        if None in cells:
            raise StudyError(f"{path}, line {number}: more cells than the header has columns")
    if not rows:
        raise StudyError(f"{path}: the table has no rows")
    return rows


def read_yaml(path: str | Path) -> Any:
    """Read a YAML file.

    Raises:
        StudyError: the file is missing or is not YAML.
    """
    try:
        return yaml.safe_load(_text(Path(path)))
    except FileNotFoundError:
        raise StudyError(f"{path}: no such file") from None
    except yaml.YAMLError as error:
        raise StudyError(f"{path}: not valid YAML: {error}") from None


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise
    except (OSError, UnicodeDecodeError) as error:
        raise StudyError(f"{path}: not a readable UTF-8 text file ({error})") from None
