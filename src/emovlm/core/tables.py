"""Tab-separated tables and YAML files that people edit, checked against their JSON Schemas.

Every message names the file, the line and the column, and says what is allowed.
"""

import csv
import io
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema
import yaml

from emovlm.core.errors import StudyError

Row = dict[str, Any]

SCHEMAS = files("emovlm.core") / "schemas"


@cache
def _validator(schema: str) -> jsonschema.Draft202012Validator:
    """Validator of ``schemas/<schema>.schema.yaml``, made once for all rows of a table."""
    return jsonschema.Draft202012Validator(read_yaml(SCHEMAS / f"{schema}.schema.yaml"))


def check(value: Any, schema: str, where: str) -> None:
    """Check ``value`` against ``schemas/<schema>.schema.yaml``."""
    error = jsonschema.exceptions.best_match(_validator(schema).iter_errors(value))
    if error is not None:
        key = ".".join(map(str, error.absolute_path))
        raise StudyError(f"{where}{f', key {key}' if key else ''}: {error.message}")


def read_rows(path: str | Path, schema: str) -> list[Row]:
    """Read a tab-separated table, give values the types of its schema, and check each row.

    Empty cells are left out of the row; columns that the schema does not know are an error.
    """
    path = Path(path)
    if not path.is_file():
        raise StudyError(f"{path}: no such table; config key tables.{schema} names it")
    types = {k: v.get("type") for k, v in _validator(schema).schema["properties"].items()}
    rows = []
    try:
        lines = io.StringIO(path.read_text(encoding="utf-8"), newline="")
    except (OSError, UnicodeDecodeError) as error:
        raise StudyError(f"{path}: not a readable UTF-8 text file ({error})") from None
    for number, cells in enumerate(csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE), start=2):
        where = f"{path}, line {number}"
        if None in cells:
            raise StudyError(f"{where}: more cells than the header has columns")
        row = {k: _typed(v, types.get(k), f"{where}, column {k}") for k, v in cells.items() if v}
        check(row, schema, where)
        rows.append(row)
    if not rows:
        raise StudyError(f"{path}: the table has no rows")
    return rows


def _typed(cell: str, kind: str | None, where: str) -> Any:
    if kind not in ("integer", "number"):
        return cell
    try:
        return int(cell) if kind == "integer" else float(cell)
    except ValueError:
        raise StudyError(f"{where}: {cell!r} is not {'a whole number' if kind == 'integer' else 'a number'}") from None


def read_yaml(path: str | Path) -> Any:
    """Read a YAML file.

    Raises:
        StudyError: the file is missing or is not YAML.
    """
    try:
        return yaml.safe_load(Path(path).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise StudyError(f"{path}: no such file") from None
    except (OSError, UnicodeDecodeError) as error:
        raise StudyError(f"{path}: not a readable UTF-8 text file ({error})") from None
    except yaml.YAMLError as error:
        raise StudyError(f"{path}: not valid YAML: {error}") from None
