"""Readers of raw dataset folders: one function a kind of dataset, which ``registry.DATASET_KINDS`` lists."""

import os
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from emovlm.core.errors import StudyError
from emovlm.datasets.annotations import Line, read_list
from emovlm.datasets.csv_rows import read_csv

SPLITS = ("pretrain", "train", "validation", "test")
FORMS = ("clips", "frames")


@dataclass(frozen=True)
class Entry:
    """One clip of a dataset: its line, its split, its official fold (0 if none), its person or source if known."""

    line: Line
    split: str
    fold: int = 0
    identity: str | None = None


Reader = Callable[[Path, Mapping[str, str], str], list[Entry]]
"""From a dataset's folder, the study's name of each label word, and the form of the clips (``FORMS``)."""


def read_synface(folder: Path, words: Mapping[str, str], form: str = "clips") -> list[Entry]:
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
        for line in read_list(file, folder, "clips", words):
            if line.path in entries:
                raise StudyError(f"{line.where}: clip {line.name} is listed already in {entries[line.path].line.where}")
            if line.name not in identities:
                raise StudyError(f"{line.where}: {annotations / 'identities.csv'} has no identity of clip {line.name}")
            entries[line.path] = Entry(line, split, identity=identities[line.name])
    return list(entries.values())


def read_identities(file: Path) -> dict[str, str]:
    """Read a table with the columns ``name`` (of a clip, without suffix) and ``identity``.

    Raises:
        StudyError: naming file and line, if the file is missing or malformed or names a clip twice.
    """
    identities: dict[str, str] = {}
    for where, row in read_csv(file, ("name", "identity")):
        name = row["name"].strip()
        if name in identities:
            raise StudyError(f"{where}: clip {name} has an identity already")
        identities[name] = row["identity"].strip()
    return identities


def distinct(entries: list[Entry]) -> list[Entry]:
    """The same clips; those that share a name, or have the name of another's file, keep their files' suffix in it.

    Raises:
        StudyError: two clips are called the same all the same.
    """
    files = [entry.line.name + os.path.splitext(entry.line.path)[1] for entry in entries]
    shared = Counter([*files, *(e.line.name for e, file in zip(entries, files, strict=True) if e.line.name != file)])
    named: dict[str, Entry] = {}
    for entry, file in zip(entries, files, strict=True):
        if shared[entry.line.name] > 1 and file != entry.line.name:
            entry = replace(entry, line=replace(entry.line, name=file))
        name = entry.line.name
        if name in named:
            raise StudyError(f"{entry.line.where}: clip {name} is listed already in {named[name].line.where}")
        named[name] = entry
    return list(named.values())


def read_mafw(folder: Path, words: Mapping[str, str], form: str = "clips") -> list[Entry]:
    """MAFW's single-label set as published: lists ``Train & Test Set/single/no_caption/set_1..5/{train,test}.txt``.

    Clips are ``data/clips/00025.mp4``, frame folders ``data/frames/00025``. Splits and folds as :func:`pool`.

    Source: Liu et al., MAFW, ACM MM 2022; this layout is what the preprocessing of HiCMAE (``preprocess/mafw_av.py``)
    and MAE-DFER (``preprocess/mafw.py``) reads, both by sunlicai.

    Raises:
        StudyError: see :func:`read_list` and :func:`pool`; also if the folder of this form is missing.
    """
    clips = {"clips": "data/clips", "frames": "data/frames"}[form]
    if not (folder / clips).is_dir():
        raise StudyError(
            f"{folder}: not MAFW in the form {form}: there is no folder {clips}; datasets.tsv, column form, chooses "
            "between data/clips (clips) and data/frames (frames)"
        )
    lists = folder / "Train & Test Set" / "single" / "no_caption"

    def read(fold: int, which: str) -> list[Line]:
        return read_list(lists / f"set_{fold}" / f"{which}.txt", folder, clips, words, suffix=form == "clips")

    return pool({fold: (read(fold, "test"), read(fold, "train")) for fold in range(1, 6)})


def pool(folds: Mapping[int, tuple[list[Line], list[Line]]]) -> list[Entry]:
    """The clips of official folds, each with its test and training list, as one dataset.

    Each clip is tested in one of the folds and trained on in the others: it gets split ``test`` and the
    number of the fold that tests it, so the clips to train on for fold k are those of the other folds. A clip that
    no fold tests gets split ``train`` and fold 0. People are not annotated.

    Raises:
        StudyError: a clip that two folds test, that a fold both tests and trains on, or that has two labels.
    """
    tested: dict[str, Entry] = {}
    trained: dict[str, Line] = {}
    for fold, (testing, training) in folds.items():
        test = {line.path: line for line in testing}
        for line in training:
            if line.path in test:
                raise StudyError(
                    f"{line.where}: clip {line.name} is also in the fold's test set, {test[line.path].where}"
                )
            _same_label(line, trained.setdefault(line.path, line))
        for line in testing:
            if line.path in tested:
                raise StudyError(f"{line.where}: clip {line.name} is tested already in {tested[line.path].line.where}")
            tested[line.path] = Entry(line, "test", fold)
    for path, entry in tested.items():
        _same_label(entry.line, trained.get(path, entry.line))
    return [*tested.values(), *(Entry(line, "train") for path, line in trained.items() if path not in tested)]


def _same_label(a: Line, b: Line) -> None:
    if a.label != b.label:
        raise StudyError(f"{a.where}: clip {a.name} is {a.label} here and {b.label} in {b.where}")
