"""Readers of raw dataset folders: one function a kind of dataset, which ``registry.DATASET_KINDS`` lists."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from emovlm.core.errors import StudyError
from emovlm.datasets.annotations import Line, read_identities, read_list

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
"""From a dataset's folder, the lexicon's name of each label word, and the form of the clips (``FORMS``)."""


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
            if line.name in entries:
                raise StudyError(f"{line.where}: clip {line.name} is listed already in {entries[line.name].line.where}")
            if line.name not in identities:
                raise StudyError(f"{line.where}: {annotations / 'identities.csv'} has no identity of clip {line.name}")
            entries[line.name] = Entry(line, split, identity=identities[line.name])
    return list(entries.values())


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
        test = {line.name: line for line in testing}
        for line in training:
            if line.name in test:
                raise StudyError(
                    f"{line.where}: clip {line.name} is also in the fold's test set, {test[line.name].where}"
                )
            _same_label(line, trained.setdefault(line.name, line))
        for line in testing:
            if line.name in tested:
                raise StudyError(f"{line.where}: clip {line.name} is tested already in {tested[line.name].line.where}")
            tested[line.name] = Entry(line, "test", fold)
    for name, entry in tested.items():
        _same_label(entry.line, trained.get(name, entry.line))
    return [*tested.values(), *(Entry(line, "train") for name, line in trained.items() if name not in tested)]


def _same_label(a: Line, b: Line) -> None:
    if a.label != b.label:
        raise StudyError(f"{a.where}: clip {a.name} is {a.label} here and {b.label} in {b.where}")
