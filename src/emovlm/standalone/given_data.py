"""The clips to evaluate: what a folder has, found by its layout."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from emovlm.core.errors import StudyError
from emovlm.datasets import dfew, folder
from emovlm.datasets.annotations import CONTROL, is_text
from emovlm.datasets.classes import videos_by_label
from emovlm.datasets.csv_rows import read_csv
from emovlm.datasets.manifest import make_manifest
from emovlm.datasets.suffixes import VIDEOS
from emovlm.lexicon.terms import read_classes

LAYOUTS = """a folder a class (happy/clip1.mp4), a table annotations.csv with the columns path and label beside the \
videos, or the folder of MAFW or DFEW as its owners distribute it"""


@dataclass(frozen=True)
class Data:
    """Clips with labels.

    Attributes:
        name: of the dataset, the first part of its clips' ids.
        folder: which the paths in the manifest are relative to.
        kind: of the dataset, a key of ``datasets.registry.DATASET_KINDS``.
        form: whether MAFW or DFEW lie there as whole ``clips`` or as ``frames``.
        words: the labels as the folder has them, each with the name of its class.
        classes: the labels that the model chooses from.
        manifest: ``MANIFEST`` of the clips to evaluate, all of split test.
    """

    name: str
    folder: Path
    kind: str
    form: str
    words: Mapping[str, str]
    classes: list[str]
    manifest: pd.DataFrame


def read_data(
    place: str | Path, labels: Sequence[str] | None = None, split: str = "test", fold: int | None = None
) -> Data:
    """The clips of a folder.

    Args:
        place: the folder.
        labels: the labels that the model chooses from; those of the clips if not given.
        split: which clips are evaluated.
        fold: of these, only the clips that this official fold tests.

    Raises:
        StudyError: the folder is missing, of no known layout, or has none of the clips asked for; a clip has no label,
            or one that is not among ``labels``.
    """
    place = Path(place)
    if not place.is_dir():
        raise StudyError(f"{place}: no such folder of clips")
    whole = str(place.resolve())  # its last part is the beginning of every clip's id
    if not is_text(whole) or CONTROL.search(whole):
        raise StudyError(f"{place}: the folder's name is not UTF-8 or has control characters; rename it")
    kind = _kind(place)
    words = _words(kind, place)
    form = _form(kind, place)
    name = place.resolve().name
    manifest = make_manifest({"dataset": name, "kind": kind, "words": words, "form": form}, place)
    chosen = _chosen(manifest, place, split, fold)
    found = set(chosen["label"])
    classes = list(labels) if labels else [c for c in dict.fromkeys(words.values()) if kind in OWN_WORDS or c in found]
    if len(set(classes)) < len(classes):
        raise StudyError(f"--labels: {max(classes, key=classes.count)} is listed twice")
    if unknown := sorted(found - set(classes)):
        raise StudyError(
            f"{place}: clips have the label {unknown[0]!r}, which is not among the labels given "
            f"({', '.join(classes)}); add it to --labels, or take these clips out"
        )
    if len(classes) < 2:
        raise StudyError(
            f"{place}: all clips have the label {classes[0]!r}; name the others to choose from in --labels"
        )
    return Data(name, place, kind, form, words, classes, chosen)


OWN_WORDS = ("mafw", "dfew", "synface")  # kinds whose classes are known; the others' are those of their clips


def _kind(place: Path) -> str:
    if (place / "Train & Test Set").is_dir():
        return "mafw"
    if (place / dfew.LISTS).is_dir():
        return "dfew"
    if (place / folder.FILE).is_file():
        return "folder"
    if (place / "annotations").is_dir() and (place / "clips").is_dir():
        return "synface"
    if videos_by_label(place):
        return "classes"
    if any(file.suffix.lower() in VIDEOS for file in place.iterdir()):
        raise StudyError(f"{place}: its clips have no labels; give {LAYOUTS}")
    raise StudyError(f"{place}: no clips found ({', '.join(VIDEOS)}); give {LAYOUTS}")


def _words(kind: str, place: Path) -> Mapping[str, str]:
    """The label words of a dataset, each with the name of its class."""
    if kind in OWN_WORDS:
        column = "dfew" if kind == "dfew" else "emotion"
        return {row[column]: row["emotion"] for row in read_classes() if column in row}
    if kind == "classes":
        return {label: label for label in videos_by_label(place)}
    labels = (row["label"].strip() for _, row in read_csv(place / folder.FILE, folder.NEEDED))
    return {label: label for label in sorted(set(labels))}


def _form(kind: str, place: Path) -> str:
    """Whether MAFW or DFEW lie there as whole clips or, if only these are there, as frame folders."""
    whole = {"mafw": lambda: (place / "data/clips").is_dir(), "dfew": lambda: bool(dfew.find_originals(place))}
    return "clips" if kind not in whole or whole[kind]() else "frames"


def _chosen(manifest: pd.DataFrame, place: Path, split: str, fold: int | None) -> pd.DataFrame:
    chosen = manifest[manifest["split"] == split]
    if chosen.empty:
        has = ", ".join(f"{n} of {name}" for name, n in manifest["split"].value_counts().items())
        raise StudyError(f"{place}: no clips of split {split}; there are {has} (--split)")
    if fold is not None:
        tested = sorted(set(chosen["fold"]) - {0})
        chosen = chosen[chosen["fold"] == fold]
        if chosen.empty:
            there = f"there are {', '.join(map(str, tested))}" if tested else "the dataset has no folds"
            raise StudyError(f"{place}: no clips of fold {fold}; {there} (--fold)")
    return chosen.assign(split="test").sort_values("clip_id", ignore_index=True)
