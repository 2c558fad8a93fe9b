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

TRAINED_ON_LABELS = ("lora", "classifier", "dfer")
"""Trainings that see a dataset's labels: done once for each of its official folds."""

TABLES = ("datasets", "systems", "frame_samplers", "training_samplers", "conditions", "comparisons")


@dataclass(frozen=True)
class Study:
    """A valid study: the config as it was given, and its tables as rows by id (``datasets['synface']``).

    ``places`` says which file each row of a table is in (``places['datasets']['synface']``).
    """

    config: dict[str, Any]
    datasets: Rows
    systems: Rows
    frame_samplers: Rows
    training_samplers: Rows
    conditions: Rows
    comparisons: Rows
    sources: list[Row]
    classes: list[str]
    lexicon: list[Row]
    claims: dict[str, Any]
    places: dict[str, dict[str, str]]

    def words_of(self, dataset: str) -> dict[str, str]:
        """A dataset's own label words, each with the lexicon's name of its class, in the lexicon's order."""
        column = self.datasets[dataset].get("classes", "emotion")
        return {row[column]: row["emotion"] for row in self.lexicon if column in row}

    def classes_of(self, dataset: str) -> list[str]:
        """The classes of a dataset by the lexicon's names, in its order: what systems choose from."""
        return list(self.words_of(dataset).values())

    def folds_of(self, system: str) -> list[int]:
        """The official folds that a system has a model of its own for; ``[0]`` where one model is for all clips."""
        row = self.systems[system]
        if row["training"] not in TRAINED_ON_LABELS and "{fold}" not in row.get("file", ""):
            return [0]
        return list(range(1, self.datasets[row["dataset"]].get("folds", 0) + 1)) or [0]

    def runs_of(self, system: str) -> int:
        """How often a system is trained. The tower is once, for all variants and runs; weights from outside are one."""
        return 1 if self.systems[system]["training"] in ("tower", "none") else self.config["replicates"]

    def recipe_of(self, system: str) -> str:
        """How a system is fine-tuned: the name of its recipe, or its kind of training, which the config describes."""
        return self.systems[system].get("recipe", self.systems[system]["training"])

    def settings_of(self, recipe: str) -> dict[str, Any]:
        """What the config says of a recipe."""
        return self.config["recipes"][recipe] if recipe in self.config.get("recipes", {}) else self.config[recipe]

    def prompts_of(self, system: str) -> dict[str, str]:
        """The files of the prompts that a system is asked."""
        chosen = self.systems[system].get("prompts")
        return self.config["prompt_sets"][chosen] if chosen else self.config["prompts"]


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
        **{name: rows for name, (rows, _) in tables.items()},
        places={name: places for name, (_, places) in tables.items()},
        sources=read_rows(files["sources"], "sources"),
        classes=[row["emotion"] for row in lexicon],
        lexicon=lexicon,
        claims=_read_claims(files["claims"]),
    )
    _check_references(study)
    return study


def _files(named: str | list[str]) -> list[str]:
    """The files of a table: it may be one file, or several that are read as one."""
    return [named] if isinstance(named, str) else named


def _by_id(named: str | list[str], schema: str) -> tuple[Rows, dict[str, str]]:
    """The rows of a table by id, and the file that each is in."""
    rows: Rows = {}
    places: dict[str, str] = {}
    for path in _files(named):
        for row in read_rows(path, schema):
            name = next(iter(row.values()))
            if name in rows:
                where = path if places[name] == path else f"{places[name]} and {path}"
                raise StudyError(f"{where}: two rows are called {name}; ids must be unique")
            rows[name], places[name] = row, path
    return rows, places


def _read_claims(named: str | list[str]) -> dict[str, Any]:
    """The claims of one file, or of several; the first says at what level all are judged."""
    first, *more = _files(named)
    stated = read_yaml(first)
    check(stated, "claims", first)
    for path in more:
        found = read_yaml(path)
        if not isinstance(found, dict) or list(found) != ["claims"] or not isinstance(found["claims"], dict):
            raise StudyError(f"{path}: it should have the key claims alone, for it comes after {first}")
        if doubled := sorted(set(found["claims"]) & set(stated["claims"])):
            raise StudyError(f"{path}: an earlier file has a claim {doubled[0]} as well; ids must be unique")
        stated = {**stated, "claims": stated["claims"] | found["claims"]}
        check(stated, "claims", path)
    return stated


def _check_references(study: Study) -> None:
    """Every id that a table, the config or the claims name must exist, and be of a kind that fits."""
    files = study.config["tables"]

    def known(name: str, target: str, where: str) -> Row:
        among = getattr(study, f"{target}s")
        if name not in among:
            listed = ", ".join(_files(files[f"{target}s"]))
            raise StudyError(f"{where}: unknown {target} {name!r}; {listed} has {', '.join(among)}")
        return among[name]

    def cell(table: str, row: str, column: str) -> str:
        return f"{study.places[table][row]}, row {row}, column {column}"

    for name, row in study.datasets.items():
        if row["kind"] == "synface" and name not in study.config["synface"]["corpora"]:
            raise StudyError(f"{cell('datasets', name, 'kind')}: config key synface.corpora has no {name}")
        _check_classes(study, name, cell("datasets", name, "classes"))
        if "subset" in row and not Path(row["subset"]).is_file():
            raise StudyError(f"{cell('datasets', name, 'subset')}: no such file: {row['subset']}")
    for name, row in study.frame_samplers.items():
        if "base" in row:
            known(row["base"], "frame_sampler", cell("frame_samplers", name, "base"))
    for name, row in study.systems.items():
        if "base" in row:
            base = known(row["base"], "system", cell("systems", name, "base"))
            needed = {"lora": "vlm", "classifier": "vision", "dfer": "vision"}.get(row["training"], base["kind"])
            if base["kind"] != needed:
                raise StudyError(f"{cell('systems', name, 'base')}: {row['base']} is no {needed} system")
            if base["kind"] == "vision" and "weights" in base:
                raise StudyError(
                    f"{cell('systems', name, 'base')}: {row['base']} is a finished classifier; not trained here"
                )
            if base.get("family") == "remote":
                raise StudyError(
                    f"{cell('systems', name, 'base')}: {row['base']} runs code of its own; not trained here"
                )
        if "sampler" in row:
            known(row["sampler"], "training_sampler", cell("systems", name, "sampler"))
        if "dataset" in row:
            known(row["dataset"], "dataset", cell("systems", name, "dataset"))
        for column, key in (("recipe", "recipes"), ("prompts", "prompt_sets")):
            if column in row and row[column] not in study.config.get(key, {}):
                raise StudyError(f"{cell('systems', name, column)}: config key {key} has no {row[column]}")
        if row["kind"] == "api" and name not in study.config.get("api", {}):
            raise StudyError(f"{cell('systems', name, 'kind')}: config key api has no {name}; see docs/api-systems.md")
    for name, row in study.conditions.items():
        system = known(row["system"], "system", cell("conditions", name, "system"))
        part = system["training"] == "none" and system["kind"] == "vision" and not {"dataset", "weights"} & set(system)
        if system["training"] == "tower" or part:
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
        if row["decision"] == "calibrated" and system.get("missing_labels") == "allow":
            raise StudyError(
                f"{cell('conditions', name, 'decision')}: {row['system']} has no scores of its own for missing labels, "
                "which calibration needs; write likelihood"
            )
        if row["context"] != "none" and system["kind"] == "vision":
            raise StudyError(f"{cell('conditions', name, 'context')}: {row['system']} reads no text")
        dataset = known(row["dataset"], "dataset", cell("conditions", name, "dataset"))
        if study.folds_of(row["system"]) != [0] and row["dataset"] != system["dataset"]:
            raise StudyError(
                f"{cell('conditions', name, 'dataset')}: {row['system']} has a model for each fold of "
                f"{system['dataset']}, and {row['dataset']} has not these folds"
            )
        shown = known(row["frames"], "frame_sampler", cell("conditions", name, "frames"))
        if row["context"] != "none" and shown["kind"] != "keyframes":
            raise StudyError(f"{cell('conditions', name, 'frames')}: context {row['context']} needs keyframes")
        if row["context"] == "truth" and dataset["kind"] != "synface":
            raise StudyError(f"{cell('conditions', name, 'context')}: only rendered datasets have a truth")
        if row["context"] != "none" and row["decision"] == "calibrated":
            raise StudyError(f"{cell('conditions', name, 'decision')}: calibrated is for frames without texts")
        if "published" in row and "published" not in system:
            raise StudyError(f"{cell('conditions', name, 'published')}: no published system is like {row['system']}")
    for name, row in study.comparisons.items():
        for side in ("a", "b"):
            known(row[side], "condition", cell("comparisons", name, side))
    _check_config(study, known)
    for claim, stated in study.claims["claims"].items():
        where = f"{' and '.join(_files(files['claims']))}, claim {claim}"
        for role in ("subject", "intervention", "control", "permuted"):
            if role in stated:
                known(stated[role], "condition", f"{where}, key {role}")
        for evidence in stated.get("evidence", []):
            known(evidence["comparison"], "comparison", f"{where}, key evidence")
        if "sampler" in stated:
            known(stated["sampler"], "frame_sampler", f"{where}, key sampler")


def _check_classes(study: Study, dataset: str, where: str) -> None:
    """A dataset's label words must be there, and be different whatever the case of their letters."""
    words = study.words_of(dataset)
    if not words:
        column = study.datasets[dataset]["classes"]
        raise StudyError(f"{where}: {study.config['tables']['lexicon']} has no words in a column {column}")
    rows = sum(study.datasets[dataset].get("classes", "emotion") in row for row in study.lexicon)
    if len({word.lower() for word in words}) < rows:
        raise StudyError(f"{where}: two classes have the same word in {study.config['tables']['lexicon']}")


def _check_config(study: Study, known: Callable[[str, str, str], Row]) -> None:
    config = study.config
    for name in config.get("allow_remote_code", {}):
        if name in study.systems and study.systems[name].get("family") != "remote":
            raise StudyError(f"config, key allow_remote_code: {name} runs no code but this study's")
    known(config["organism"]["dataset"], "dataset", "config, key organism.dataset")
    recipes = {f"recipes.{name}": recipe for name, recipe in config.get("recipes", {}).items()}
    for key, recipe in ({k: config[k] for k in ("lora", "classifier")} | recipes).items():
        known(recipe["sampler"], "frame_sampler", f"config, key {key}.sampler")
    between = known(config["enrichment"]["sampler"], "frame_sampler", "config, key enrichment.sampler")
    if between["kind"] != "between":
        raise StudyError(
            f"config, key enrichment.sampler: {between['sampler']} is of kind {between['kind']}, not between"
        )
    keyframes = known(config["enrichment"]["keyframes"], "frame_sampler", "config, key enrichment.keyframes")
    if keyframes["kind"] != "keyframes":
        raise StudyError(f"config, key enrichment.keyframes: {keyframes['sampler']} is of kind {keyframes['kind']}")
    folded = [name for name in {row["dataset"] for row in study.conditions.values()} if "folds" in study.datasets[name]]
    if config["permuted_labels"] and folded:  # models of folds learn from test clips of other folds
        raise StudyError(f"config, key permuted_labels: not for datasets with folds, as {folded[0]} is")
    if unknown := set(config["statistics"]["tail"]) - set(study.classes):
        raise StudyError(f"config, key statistics.tail: not in the lexicon: {', '.join(sorted(unknown))}")
    primary = config["lexicon"]["primary_source"]
    if primary not in {row["source"] for row in study.sources if row["language"] == "en"}:
        raise StudyError(f"config, key lexicon.primary_source: {config['tables']['sources']} has no {primary} for en")
    if len(set(study.classes)) < len(study.classes):
        raise StudyError(f"{config['tables']['lexicon']}: an emotion has two rows")
    sets = {f"prompt_sets.{name}": prompts for name, prompts in config.get("prompt_sets", {}).items()}
    for name, prompts in ({"prompts": config["prompts"]} | sets).items():
        for key, path in prompts.items():
            if not Path(path).is_file():
                raise StudyError(f"config, key {name}.{key}: no such file: {path}")
