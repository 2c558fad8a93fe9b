"""The kinds of datasets, one row each: how a folder is read, where its lists are, what was published about it."""

from pathlib import Path

from emovlm.datasets.classes import read_classes
from emovlm.datasets.dfew import LISTS, find_originals, read_dfew
from emovlm.datasets.folder import FILE, read_folder
from emovlm.datasets.readers import Reader, read_mafw, read_synface

READERS: dict[str, Reader] = {
    "synface": read_synface,
    "mafw": read_mafw,
    "dfew": read_dfew,
    "folder": read_folder,
    "classes": read_classes,
}

MANIFEST_COLUMNS = ("dataset", "kind", "form", "folds", "per_class")
"""The columns of a dataset's row that its manifest depends on, beside its words and its seed."""

ANNOTATIONS = {"synface": "annotations", "mafw": "Train & Test Set", "dfew": LISTS, "folder": FILE, "classes": ""}
"""Where the lists of a kind of dataset are, a folder or a file; of the kind classes its folder itself is the list."""

PUBLISHED_COUNTS = {"mafw": "resources/published/mafw_classes.csv", "dfew": "resources/published/dfew_classes.csv"}
"""How many clips of each class there should be, by kind of dataset."""


def sounds(kind: str, folder: Path) -> dict[str, str]:
    """Where the sound of a frame folder is: the owners' whole clip, by the name of the frame folder.

    Paths are relative to the dataset's folder; a name that is missing has none.
    """
    if kind == "dfew":
        return {f"{number:05d}": path for number, path in find_originals(folder).items()}
    if kind == "mafw" and (folder / "data/clips").is_dir():
        return {file.stem: f"data/clips/{file.name}" for file in (folder / "data/clips").glob("*.mp4")}
    return {}
