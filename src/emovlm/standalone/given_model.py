"""The model to evaluate: a folder, a commit of the hub, or a row of a table of systems."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from huggingface_hub import HfApi, constants
from huggingface_hub.errors import HfHubHTTPError, OfflineModeIsEnabled

from emovlm.core.errors import StudyError
from emovlm.core.files import write_json
from emovlm.lexicon.terms import label_words, read_classes, read_terms
from emovlm.models.architectures import row_of_folder
from emovlm.models.base import SETTINGS
from emovlm.models.hub import FETCHED, fetch_weights
from emovlm.models.hub_classifier.labels import CLASSIFIERS, read_label_map
from emovlm.study.systems import System
from emovlm.study.tables import Table

HUB_ID = re.compile(r"([\w.-]+/[\w.-]+?)(?:@(\w+))?")
COMMIT = re.compile(r"[0-9a-f]{40}")


@dataclass(frozen=True)
class Model:
    """A model that was found: its name, the row of ``systems.tsv`` that describes it, and the folder of its files."""

    name: str
    row: dict[str, Any]
    folder: Path


def find_model(model: str | Path, classes: Sequence[str], **settings: Any) -> Model:
    """Find a model, and fetch it where it is on the hub.

    Args:
        model: a folder as ``save_pretrained`` writes it, ``organisation/name@commit`` of the hub, or
            ``table.tsv:system``.
        classes: the labels that it chooses from.
        settings: columns of ``systems.tsv``, which go before those of a table's row; None leaves one out.

    Raises:
        StudyError: it cannot be found or fetched, or is of no known architecture.
    """
    told = str(model)
    table, colon, system = told.rpartition(":")
    row: dict[str, Any] = {}
    if Path(told).is_dir():
        name, folder = str(Path(told).resolve()), Path(told)
    elif colon and table.endswith(".tsv"):
        row, folder = _row_of_table(table, system)
        name = str(folder) if folder else f"{row['weights']}@{row.get('revision', '')}".rstrip("@")
        folder = folder or _from_hub(name, told)
    else:
        name, folder = told, _from_hub(told, told)
    found = row_of_folder(folder)
    given = {key: value for key, value in settings.items() if value is not None}
    own = {key: value for key, value in row.items() if key in SETTINGS and key != "family"}
    row = {**found, **own, **given, "system": row.get("system", Path(name.partition("@")[0]).name)}
    if row["family"] in CLASSIFIERS:
        row["label_words"] = _label_words(classes)
        row["label_map"] = read_label_map(row.get("label_map", {}), "label_map")
    if row["family"] == "hicmae":
        raise StudyError(f"{told}: HiCMAE needs the clips' sound, which only a study decodes")
    return Model(name, row, folder)


def _row_of_table(table: str, system: str) -> tuple[dict[str, Any], Path | None]:
    """A row, and the folder of its model where that lies on this machine."""
    rows = Table(System, [table], "systems")
    if system not in rows.cells:
        raise StudyError(f"{table}: no system {system!r}; it has {', '.join(rows.cells)}")
    if (rows.cells[system].values.get("training") or "none") != "none":
        raise StudyError(f"{table}, row {system}: a study trains this system; give the folder of the trained model")
    row, folder = rows[system].told(), rows[system].folder
    if row["kind"] == "api" or (folder is None and "weights" not in row):
        what = "an API model" if row["kind"] == "api" else "a checkpoint that was fetched by hand"
        raise StudyError(f"{table}, row {system}: {what} can only be evaluated in a study (docs/how-to/paper-study.md)")
    return row, folder


def _from_hub(name: str, told: str) -> Path:
    """The folder of a commit of the hub, fetched if it is not there yet."""
    found = HUB_ID.fullmatch(name)
    if not found:
        raise StudyError(
            f"{told}: no such model. Give a folder, organisation/name@commit of the hub, or table.tsv:system"
        )
    weights, commit = found.groups()
    if commit is None or not COMMIT.fullmatch(commit):
        raise StudyError(f"{told}: no such folder; of a model on the hub name the commit, {weights}@{_latest(weights)}")
    folder = Path(constants.HF_HOME, "emovlm", f"{weights.replace('/', '--')}@{commit}")
    if not (folder / FETCHED).is_file():  # written last
        names, _ = fetch_weights(weights, commit, folder)
        write_json(folder / FETCHED, {"weights": weights, "revision": commit, "files": names})
    return folder


def _latest(weights: str) -> str:
    """The commit of the main branch, where the hub can be asked."""
    try:
        return HfApi().model_info(weights).sha or "COMMIT"
    except (HfHubHTTPError, OfflineModeIsEnabled, OSError, ValueError):
        return "COMMIT (its 40 hex digits are on the model's page under Files, History)"


def _label_words(classes: Sequence[str]) -> dict[str, list[str]]:
    """What the labels of a classifier may call each class: its words in the package's tables.

    Classes of the package that are not asked about come before, so that a label map may name them.
    """
    rows = label_words(read_classes(), read_terms())
    asked = {name: next((row for row in rows.values() if name.casefold() in row), [name]) for name in classes}
    return {name: row for name, row in rows.items() if not any(name in words for words in asked.values())} | asked
