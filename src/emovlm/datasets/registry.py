"""The kinds of datasets, one entry each: how a folder is read, where its lists are, what was published about it."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from emovlm.core.registry import Registry
from emovlm.datasets.classes import read_classes
from emovlm.datasets.dfew import LISTS, find_originals, read_dfew
from emovlm.datasets.folder import FILE, read_folder
from emovlm.datasets.readers import Reader, read_mafw, read_synface

MANIFEST_COLUMNS = ("dataset", "kind", "form", "folds", "per_class", "drawn_as")
"""The columns of a dataset's row that its manifest depends on, beside its words and its seed."""


@dataclass(frozen=True)
class DatasetKind:
    """A kind of dataset.

    Attributes:
        name: what a row's ``kind`` calls it.
        about: how its folder is laid out, in a sentence.
        read: reads its lists.
        lists: where they are, a folder or a file within the dataset's; empty where the folder itself is the list.
        published_counts: file with how many clips of each class there should be, if that was published.
        sounds: where the sound of each frame folder is: of the dataset's folder, a path relative to it by the name of
            the frame folder; a name that is missing has none.
    """

    name: str
    about: str
    read: Reader
    lists: str
    published_counts: str | None = None
    sounds: Callable[[Path], dict[str, str]] = lambda folder: {}


def _sounds_of_mafw(folder: Path) -> dict[str, str]:
    return {file.stem: f"data/clips/{file.name}" for file in (folder / "data/clips").glob("*.mp4")}


def _sounds_of_dfew(folder: Path) -> dict[str, str]:
    return {f"{number:05d}": path for number, path in find_originals(folder).items()}


def files_of(folder: Path) -> list[str]:
    """All files below a folder, relative to it and sorted, without hidden ones: what a dataset without lists is."""
    found = (file.relative_to(folder) for file in folder.rglob("*") if file.is_file())
    return sorted(file.as_posix() for file in found if not any(part.startswith(".") for part in file.parts))


DATASET_KINDS: Registry[DatasetKind] = Registry("kind of dataset", "docs/how-to/adding-a-dataset.md")
for _kind in (
    DatasetKind("synface", "what the study renders", read_synface, "annotations"),
    DatasetKind(
        "mafw", "MAFW as its owners distribute it", read_mafw, "Train & Test Set",
        "resources/published/mafw_classes.csv", _sounds_of_mafw,
    ),
    DatasetKind(
        "dfew", "DFEW as its owners distribute it", read_dfew, LISTS, "resources/published/dfew_classes.csv",
        _sounds_of_dfew,
    ),
    DatasetKind("folder", "videos, or folders of images, and a table of them", read_folder, FILE),
    DatasetKind("classes", "a folder of videos for each class", read_classes, ""),
):  # fmt: skip
    DATASET_KINDS.add(_kind)
