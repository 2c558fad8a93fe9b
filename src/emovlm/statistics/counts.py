"""Answers as counts: how many clips of each cluster and class got each prediction in each training run."""

from collections.abc import Iterator
from dataclasses import dataclass
from math import prod

import numpy as np
import pandas as pd

from emovlm.core.contracts.answers import ANSWERS
from emovlm.core.errors import StudyError
from emovlm.core.io import read_table

FAILED = "failed"
ALL = "all"
FLAGS = ("micro", "order", "plain")


@dataclass(frozen=True)
class Counts:
    """Counts of one condition.

    ``table`` has shape (clusters, R, K, K + 1): cluster, training run, true class, prediction; the last column counts
    the clips without an answer. ``clusters`` are sorted names of persons or sources, ``classes`` the K classes in the
    study's order.
    """

    clusters: list[str]
    classes: list[str]
    table: np.ndarray

    @property
    def total(self) -> np.ndarray:
        """Counts of all clusters together: (R, K, K + 1)."""
        return self.table.sum(axis=0)


def read_answers(paths: dict[str, str]) -> dict[str, pd.DataFrame]:
    """ANSWERS of each condition, from ``paths`` by condition, sorted by run and clip.

    Raises:
        StudyError: a table breaks its contract or is empty, or runs answer different clips.
    """
    answers = {}
    for condition, path in paths.items():
        frame = read_table(path, ANSWERS).sort_values(["replicate", "clip_id"], ignore_index=True)
        if frame.empty:
            raise StudyError(f"{path}: condition {condition} has no answers")
        if len(frame) != frame["clip_id"].nunique() * frame["replicate"].nunique():
            raise StudyError(f"{path}: the runs of condition {condition} answer different clips; evaluate it again")
        answers[condition] = frame
    return answers


def select(answers: pd.DataFrame, clips: str) -> pd.DataFrame:
    """The answers on ``all`` clips, or on those with the flag ``clips``; possibly none."""
    return answers if clips == ALL else answers[answers["flag"] == clips]


def subsets(answers: pd.DataFrame) -> Iterator[tuple[str, pd.DataFrame]]:
    """``all`` and each flag that any clip has, with the answers on those clips."""
    yield ALL, answers
    for flag in FLAGS:
        if len(part := select(answers, flag)):
            yield flag, part


def classes_of(answers: pd.DataFrame, classes: list[str]) -> list[str]:
    """The classes a condition chooses among, in the order of ``classes``: those scored, labelled or predicted.

    Raises:
        StudyError: one of them is not in ``classes``.
    """
    scored = [c.removeprefix("score_") for c in answers.columns if c.startswith("score_")]
    used = {*scored, *answers["label"].unique(), *answers["prediction"].dropna().unique()}
    if unknown := sorted(used - set(classes)):
        raise StudyError(f"unknown classes in the answers: {', '.join(unknown)}; the study has {', '.join(classes)}")
    return [c for c in classes if c in used]


def answered(answers: pd.DataFrame, column: str = "prediction") -> pd.Series:
    """The class each clip was given, or ``failed`` where there is none.

    A reply that names none by its grammar is a failed answer where the reply decides. By other rules it may name one.
    """
    given = answers[column].notna() & ((answers["status"] == "ok") | (column != "prediction"))
    return answers[column].where(given, FAILED)


def frames_shown(answers: pd.DataFrame) -> dict[str, float]:
    """Mean, fewest and most frames that were really shown of a clip that was answered; nan where none was."""
    shown = answers.loc[answers["status"] == "ok", "n_frames"]
    return {"shown": shown.mean(), "shown_min": shown.min(), "shown_max": shown.max()}


def count(answers: pd.DataFrame, classes: list[str], column: str = "prediction") -> Counts:
    """Count one condition's answers (from :func:`read_answers`) by cluster, run, class and the class in ``column``."""
    names = classes_of(answers, classes)
    clusters, runs = (sorted(answers[key].unique()) for key in ("identity", "replicate"))
    codes = [
        places(answers["identity"], clusters),
        places(answers["replicate"], runs),
        places(answers["label"], names),
        places(answered(answers, column), [*names, FAILED]),
    ]
    if min(c.min() for c in codes) < 0:
        raise StudyError(f"column {column} names a class that the condition does not choose among")
    shape = len(clusters), len(runs), len(names), len(names) + 1
    table = np.bincount(np.ravel_multi_index(codes, shape), minlength=prod(shape)).reshape(shape)
    return Counts(clusters, names, table)


def places(values: pd.Series, among: list) -> np.ndarray:
    """Place of each value in a list; -1 where it is not there. It takes a tenth of the time of ``pd.Categorical``."""
    place = {value: number for number, value in enumerate(among)}
    return np.array([place.get(value, -1) for value in values.tolist()], dtype=np.int64)
