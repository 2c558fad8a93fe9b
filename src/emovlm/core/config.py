"""The study's configuration: config.yaml and its tables, checked before anything runs.

Every message names the file, the row and the key, and says what is allowed.
"""

import csv
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jsonschema
import yaml

from emovlm.core.errors import StudyError

Row = dict[str, Any]
Rows = dict[str, Row]

SCHEMAS = Path(__file__).resolve().parents[3] / "workflow" / "schemas"
TABLES = ("datasets", "systems", "frame_samplers", "training_samplers", "conditions", "comparisons")


@dataclass(frozen=True)
class Study:
    """A valid study: the config as it was given, and its tables as rows by id (``datasets['synface']``)."""

    config: dict[str, Any]
    datasets: Rows
    systems: Rows
    frame_samplers: Rows
    training_samplers: Rows
    conditions: Rows
    comparisons: Rows
    sources: list[Row]
    classes: list[str]
    claims: dict[str, Any]


def load_study(config: dict[str, Any], source: str = "config") -> Study:
    """Validate ``config`` and the tables it names; paths are relative to the working directory.

    Raises:
        StudyError: for the first thing that is missing, unknown or out of range.
    """
    check(config, "config", source)
    files = config["tables"]
    tables = {name: _by_id(files[name], name) for name in TABLES}
    lexicon = read_rows(files["lexicon"], "lexicon")
    study = Study(
        config=config,
        **tables,
        sources=read_rows(files["sources"], "sources"),
        classes=[row["emotion"] for row in lexicon],
        claims=_read_yaml(files["claims"]),
    )
    _check_references(study)
    return study


def check(value: Any, schema: str, where: str) -> None:
    """Check ``value`` against ``workflow/schemas/<schema>.schema.yaml``."""
    validator = jsonschema.Draft202012Validator(_read_yaml(SCHEMAS / f"{schema}.schema.yaml"))
    error = jsonschema.exceptions.best_match(validator.iter_errors(value))
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
    types = {k: v.get("type") for k, v in _read_yaml(SCHEMAS / f"{schema}.schema.yaml")["properties"].items()}
    rows = []
    with open(path, encoding="utf-8", newline="") as handle:
        for number, cells in enumerate(csv.DictReader(handle, delimiter="\t", quoting=csv.QUOTE_NONE), start=2):
            where = f"{path}, line {number}"
            if None in cells:
                raise StudyError(f"{where}: more cells than the header has columns")
            row = {k: _typed(v, types.get(k), f"{where}, column {k}") for k, v in cells.items() if v}
            check(row, schema, where)
            rows.append(row)
    if not rows:
        raise StudyError(f"{path}: the table has no rows")
    return rows


def _by_id(path: str, schema: str) -> Rows:
    rows: Rows = {}
    for row in read_rows(path, schema):
        name = next(iter(row.values()))
        if name in rows:
            raise StudyError(f"{path}: two rows are called {name}; ids must be unique")
        rows[name] = row
    return rows


def _typed(cell: str, kind: str | None, where: str) -> Any:
    if kind not in ("integer", "number"):
        return cell
    try:
        return int(cell) if kind == "integer" else float(cell)
    except ValueError:
        raise StudyError(f"{where}: {cell!r} is not {'a whole number' if kind == 'integer' else 'a number'}") from None


def _read_yaml(path: str | Path) -> Any:
    try:
        return yaml.safe_load(Path(path).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise StudyError(f"{path}: no such file") from None
    except yaml.YAMLError as error:
        raise StudyError(f"{path}: not valid YAML: {error}") from None


def _check_references(study: Study) -> None:
    files = study.config["tables"]

    def known(name: str, among: Rows, table: str, row: str, column: str, target: str) -> None:
        if name not in among:
            raise StudyError(
                f"{files[table]}, row {row}, column {column}: unknown {target} {name!r}; "
                f"{files[target + 's']} has {', '.join(among)}"
            )

    for sampler, row in study.frame_samplers.items():
        if "base" in row:
            known(row["base"], study.frame_samplers, "frame_samplers", sampler, "base", "frame_sampler")
    for system, row in study.systems.items():
        if "base" in row:
            known(row["base"], study.systems, "systems", system, "base", "system")
        if "sampler" in row:
            known(row["sampler"], study.training_samplers, "systems", system, "sampler", "training_sampler")
    for condition, row in study.conditions.items():
        known(row["system"], study.systems, "conditions", condition, "system", "system")
        known(row["dataset"], study.datasets, "conditions", condition, "dataset", "dataset")
        known(row["frames"], study.frame_samplers, "conditions", condition, "frames", "frame_sampler")
    for comparison, row in study.comparisons.items():
        for side in ("a", "b"):
            known(row[side], study.conditions, "comparisons", comparison, side, "condition")
