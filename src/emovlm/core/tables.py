"""Tab-separated tables and YAML files that people edit, with the line number of each part."""

import csv
import io
from pathlib import Path
from typing import Any

import yaml

from emovlm.core.errors import StudyError

Row = dict[str, Any]
MOST_NODES = 100_000
"""Values that a YAML file may come to: a few lines of aliases and merges (``*a``, ``<<``) can stand for billions."""


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
    try:
        rows = [(reader.line_num, cells) for cells in reader]
    except csv.Error as error:
        raise StudyError(f"{path}, line {reader.line_num}: not a table ({error})") from None
    for number, cells in rows:
        if None in cells:
            raise StudyError(f"{path}, line {number}: more cells than the header has columns")
    if not rows:
        raise StudyError(f"{path}: the table has no rows")
    return rows


def read_yaml(path: str | Path) -> Any:
    """Read a YAML file.

    Raises:
        StudyError: the file is missing, is not YAML, or is nested too deep or too large once its aliases are filled in.
    """
    try:
        return yaml.load(_text(Path(path)), _BoundedLoader)
    except FileNotFoundError:
        raise StudyError(f"{path}: no such file") from None
    except (yaml.YAMLError, ValueError) as error:  # also dates that are none, and numbers of too many digits
        raise StudyError(f"{path}: not valid YAML: {error}") from None
    except RecursionError:
        raise StudyError(f"{path}: not valid YAML: its lists and mappings are nested too deep") from None


class _BoundedLoader(yaml.SafeLoader):
    """Makes plain values only, and refuses a document that would grow beyond :data:`MOST_NODES`."""

    def get_single_node(self) -> yaml.Node | None:
        node = super().get_single_node()
        if node is not None and _filled_in(node, {}) > MOST_NODES:
            raise yaml.YAMLError(f"with its aliases filled in, it has more than {MOST_NODES:,} values")
        return node


def _filled_in(node: yaml.Node, known: dict[int, int]) -> int:
    """How many values a node comes to with its aliases filled in; one that holds itself never ends."""
    if id(node) not in known:
        known[id(node)] = MOST_NODES + 1  # stays where the node is met again within itself
        inner = node.value if isinstance(node, yaml.CollectionNode) else []
        each = (part for pair in inner for part in pair) if isinstance(node, yaml.MappingNode) else inner
        known[id(node)] = min(MOST_NODES + 1, 1 + sum(_filled_in(part, known) for part in each))
    return known[id(node)]


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise
    except (OSError, UnicodeDecodeError) as error:
        raise StudyError(f"{path}: not a readable UTF-8 text file ({error})") from None
