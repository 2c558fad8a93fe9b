"""Readers of raw dataset folders: one function a kind of dataset, found by the registry ``READERS``."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path

from emovlm.core.errors import StudyError
from emovlm.datasets.annotations import Line, read_identities, read_list

SPLITS = ("pretrain", "train", "validation", "test")


@dataclass(frozen=True)
class Entry:
    """One clip of a dataset: its line, its split, its official fold (0 if none), its person or source if known."""

    line: Line
    split: str
    fold: int = 0
    identity: str | None = None


Reader = Callable[[Path, Collection[str]], list[Entry]]


def read_synface(folder: Path, classes: Collection[str]) -> list[Entry]:
    """SynFace: lists ``annotations/<split>.txt`` (at least one), ``annotations/identities.csv``, ``clips/``.

    Raises:
        StudyError: see :func:`read_list`; also a clip in two lists or without an identity.
    """
    annotations = folder / "annotations"
    lists = {s: annotations / f"{s}.txt" for s in SPLITS}
    lists = {split: file for split, file in lists.items() if file.exists()}
    if not lists:
        raise StudyError(f"{annotations}: none of {', '.join(f'{s}.txt' for s in SPLITS)} is there")
    identities = read_identities(annotations / "identities.csv")
    entries: dict[str, Entry] = {}
    for split, file in lists.items():
        for line in read_list(file, folder, "clips", classes):
            if line.name in entries:
                raise StudyError(f"{line.where}: clip {line.name} is listed already in {entries[line.name].line.where}")
            if line.name not in identities:
                raise StudyError(f"{line.where}: {annotations / 'identities.csv'} has no identity of clip {line.name}")
            entries[line.name] = Entry(line, split, identity=identities[line.name])
    return list(entries.values())


def read_mafw(folder: Path, classes: Collection[str]) -> list[Entry]:
    """MAFW's single-label set as published: ``Train & Test Set/single/no_caption/set_1..5``, ``data/clips``.

    Each clip is tested in one of the five folds and trained on in the others: it gets split ``test`` and the
    number of the fold that tests it, so the clips to train on for fold k are those of the other folds. A clip that
    no fold tests gets split ``train`` and fold 0. People are not annotated.

    Source: Liu et al., MAFW, ACM MM 2022.

    Raises:
        StudyError: see :func:`read_list`; also a clip that two folds test, that a fold both tests and trains on, or
            that has two labels.
    """
    tested: dict[str, Entry] = {}
    trained: dict[str, Line] = {}
    for fold in range(1, 6):
        annotations = folder / "Train & Test Set" / "single" / "no_caption" / f"set_{fold}"
        test = {line.name: line for line in read_list(annotations / "test.txt", folder, "data/clips", classes)}
        for line in read_list(annotations / "train.txt", folder, "data/clips", classes):
            if line.name in test:
                raise StudyError(
                    f"{line.where}: clip {line.name} is also in the fold's test set, {test[line.name].where}"
                )
            _same_label(line, trained.setdefault(line.name, line))
        for line in test.values():
            if line.name in tested:
                raise StudyError(f"{line.where}: clip {line.name} is tested already in {tested[line.name].line.where}")
            tested[line.name] = Entry(line, "test", fold)
    for name, entry in tested.items():
        _same_label(entry.line, trained.get(name, entry.line))
    return [*tested.values(), *(Entry(line, "train") for name, line in trained.items() if name not in tested)]


def _same_label(a: Line, b: Line) -> None:
    if a.label != b.label:
        raise StudyError(f"{a.where}: clip {a.name} is {a.label} here and {b.label} in {b.where}")


READERS: dict[str, Reader] = {"synface": read_synface, "mafw": read_mafw}

ANNOTATIONS = {"synface": "annotations", "mafw": "Train & Test Set"}
"""Where the lists of a kind of dataset are, so that planning never walks through its clips."""
