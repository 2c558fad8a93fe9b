"""The study's configuration: config.yaml and its tables, checked before anything runs.

Every message names the file, the row and the key, and says what is allowed.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
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


def read_config(root: str | Path, overrides: Iterable[str] = ()) -> dict[str, Any]:
    """``config.yaml`` in ``root`` with the values of the files that override it, as Snakemake merges them."""

    def merge(below: dict[str, Any], above: dict[str, Any]) -> dict[str, Any]:
        both = {
            k: merge(below[k], v) for k, v in above.items() if isinstance(v, dict) and isinstance(below.get(k), dict)
        }
        return {**below, **above, **both}

    config: dict[str, Any] = {}
    for file in ("config.yaml", *overrides):
        values = read_yaml(Path(root, file)) or {}
        if not isinstance(values, dict):
            raise StudyError(f"{file}: not a configuration; it should have keys and values")
        config = merge(config, values)
    return config


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
        claims=_read_claims(files["claims"]),
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


def _read_claims(path: str) -> dict[str, Any]:
    claims = read_yaml(path)
    check(claims, "claims", path)
    return claims


def _check_references(study: Study) -> None:
    """Every id that a table, the config or the claims name must exist, and be of a kind that fits."""
    files = study.config["tables"]

    def known(name: str, target: str, where: str) -> Row:
        among = getattr(study, f"{target}s")
        if name not in among:
            raise StudyError(f"{where}: unknown {target} {name!r}; {files[target + 's']} has {', '.join(among)}")
        return among[name]

    def cell(table: str, row: str, column: str) -> str:
        return f"{files[table]}, row {row}, column {column}"

    for name, row in study.datasets.items():
        if row["kind"] == "synface" and name not in study.config["synface"]["corpora"]:
            raise StudyError(f"{cell('datasets', name, 'kind')}: config key synface.corpora has no {name}")
    for name, row in study.frame_samplers.items():
        if "base" in row:
            known(row["base"], "frame_sampler", cell("frame_samplers", name, "base"))
    for name, row in study.systems.items():
        if "base" in row:
            base = known(row["base"], "system", cell("systems", name, "base"))
            needed = {"lora": "vlm", "classifier": "vision"}.get(row["training"], base["kind"])
            if base["kind"] != needed:
                raise StudyError(f"{cell('systems', name, 'base')}: {row['base']} is no {needed} system")
        if "sampler" in row:
            known(row["sampler"], "training_sampler", cell("systems", name, "sampler"))
        if row["kind"] == "api" and name not in study.config.get("api", {}):
            raise StudyError(f"{cell('systems', name, 'kind')}: config key api has no {name}; see docs/api-systems.md")
    for name, row in study.conditions.items():
        system = known(row["system"], "system", cell("conditions", name, "system"))
        if system["training"] == "tower":
            raise StudyError(f"{cell('conditions', name, 'system')}: {row['system']} is only a part of other systems")
        if row["decision"] == "logit-adjusted" and system["training"] == "none":
            raise StudyError(
                f"{cell('conditions', name, 'decision')}: {row['system']} was not trained here, on no labels"
            )
        if system["kind"] == "api" and row["decision"] != "reply":
            raise StudyError(
                f"{cell('conditions', name, 'decision')}: {row['system']} is served through an API, which gives no "
                f"likelihoods for {row['decision']}; only its reply can decide: write reply"
            )
        if system["kind"] == "vision" and row["decision"] == "reply":
            raise StudyError(f"{cell('conditions', name, 'decision')}: {row['system']} gives no reply in words")
        if row["context"] != "none" and system["kind"] == "vision":
            raise StudyError(f"{cell('conditions', name, 'context')}: {row['system']} reads no text")
        dataset = known(row["dataset"], "dataset", cell("conditions", name, "dataset"))
        shown = known(row["frames"], "frame_sampler", cell("conditions", name, "frames"))
        if row["context"] != "none" and shown["kind"] != "keyframes":
            raise StudyError(f"{cell('conditions', name, 'frames')}: context {row['context']} needs keyframes")
        if row["context"] == "truth" and dataset["kind"] != "synface":
            raise StudyError(f"{cell('conditions', name, 'context')}: only rendered datasets have a truth")
        if row["context"] != "none" and row["decision"] == "calibrated":
            raise StudyError(f"{cell('conditions', name, 'decision')}: calibrated is for frames without texts")
    for name, row in study.comparisons.items():
        for side in ("a", "b"):
            known(row[side], "condition", cell("comparisons", name, side))
    _check_config(study, known)
    for claim, stated in study.claims["claims"].items():
        where = f"{files['claims']}, claim {claim}"
        for role in ("subject", "intervention", "control", "permuted"):
            if role in stated:
                known(stated[role], "condition", f"{where}, key {role}")
        for evidence in stated.get("evidence", []):
            known(evidence["comparison"], "comparison", f"{where}, key evidence")
        if "sampler" in stated:
            known(stated["sampler"], "frame_sampler", f"{where}, key sampler")


def _check_config(study: Study, known: Callable[[str, str, str], Row]) -> None:
    config = study.config
    known(config["organism"]["dataset"], "dataset", "config, key organism.dataset")
    for key in ("lora", "classifier"):
        known(config[key]["sampler"], "frame_sampler", f"config, key {key}.sampler")
    between = known(config["enrichment"]["sampler"], "frame_sampler", "config, key enrichment.sampler")
    if between["kind"] != "between":
        raise StudyError(
            f"config, key enrichment.sampler: {between['sampler']} is of kind {between['kind']}, not between"
        )
    keyframes = known(config["enrichment"]["keyframes"], "frame_sampler", "config, key enrichment.keyframes")
    if keyframes["kind"] != "keyframes":
        raise StudyError(f"config, key enrichment.keyframes: {keyframes['sampler']} is of kind {keyframes['kind']}")
    if unknown := set(config["statistics"]["tail"]) - set(study.classes):
        raise StudyError(f"config, key statistics.tail: not in the lexicon: {', '.join(sorted(unknown))}")
    primary = config["lexicon"]["primary_source"]
    if primary not in {row["source"] for row in study.sources if row["language"] == "en"}:
        raise StudyError(f"config, key lexicon.primary_source: {config['tables']['sources']} has no {primary} for en")
    if len(set(study.classes)) < len(study.classes):
        raise StudyError(f"{config['tables']['lexicon']}: an emotion has two rows")
    for key, path in config["prompts"].items():
        if not Path(path).is_file():
            raise StudyError(f"config, key prompts.{key}: no such file: {path}")
