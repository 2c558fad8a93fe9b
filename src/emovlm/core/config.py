"""The study's configuration: config.yaml and its tables, checked before anything runs.

Every message names the file, the row and the key, and says what is allowed.
"""

from dataclasses import dataclass
from typing import Any

from emovlm.core.errors import StudyError
from emovlm.core.tables import Row, check, read_rows, read_yaml

Rows = dict[str, Row]

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
        claims=read_yaml(files["claims"]),
    )
    _check_references(study)
    return study


def _by_id(path: str, schema: str) -> Rows:
    rows: Rows = {}
    for row in read_rows(path, schema):
        name = next(iter(row.values()))
        if name in rows:
            raise StudyError(f"{path}: two rows are called {name}; ids must be unique")
        rows[name] = row
    return rows


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
        if study.systems[row["system"]]["training"] == "tower":
            where = f"{files['conditions']}, row {condition}, column system"
            raise StudyError(f"{where}: {row['system']} is only a part of other systems")
        known(row["dataset"], study.datasets, "conditions", condition, "dataset", "dataset")
        known(row["frames"], study.frame_samplers, "conditions", condition, "frames", "frame_sampler")
    for comparison, row in study.comparisons.items():
        for side in ("a", "b"):
            known(row[side], study.conditions, "comparisons", comparison, side, "condition")
