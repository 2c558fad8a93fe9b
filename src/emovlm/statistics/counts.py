"""Answers as counts: how many clips of each cluster and class got each prediction."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from emovlm.core.contracts.answers import ANSWERS
from emovlm.core.contracts.data import MANIFEST
from emovlm.core.errors import StudyError
from emovlm.core.io import read_table, read_tables

FAILED = "failed"


@dataclass(frozen=True)
class Counts:
    """Counts of one condition.

    ``table`` has shape (clusters, K, K + 1): cluster, true class, prediction; the last column counts the clips without
    an answer. ``clusters`` are sorted names of persons or sources, ``classes`` the K classes in the lexicon's order.
    """

    clusters: list[str]
    classes: list[str]
    table: np.ndarray

    @property
    def total(self) -> np.ndarray:
        """Counts of all clusters together: (K, K + 1)."""
        return self.table.sum(axis=0)


def read_answers(paths: dict[str, str], manifests: dict[str, str]) -> dict[str, pd.DataFrame]:
    """ANSWERS of each condition, with the column ``identity`` from the manifests.

    Raises:
        StudyError: a table breaks its contract or is empty, a clip is in no manifest, or its label differs from there.
    """
    clips = read_tables(list(manifests.values()), MANIFEST).set_index("clip_id")
    answers = {}
    for condition, path in paths.items():
        frame = read_table(path, ANSWERS)
        if frame.empty:
            raise StudyError(f"{path}: condition {condition} has no answers")
        unknown = frame.loc[~frame["clip_id"].isin(clips.index), "clip_id"]
        if len(unknown):
            raise StudyError(f"{path}: {len(unknown)} clips are in no manifest, the first is {unknown.iloc[0]}")
        listed = clips.loc[frame["clip_id"]]
        wrong = frame["label"].to_numpy() != listed["label"].to_numpy()
        if wrong.any():
            raise StudyError(
                f"{path}: the label of {frame['clip_id'][wrong].iloc[0]} differs from the manifest's; "
                "evaluate the condition again"
            )
        answers[condition] = frame.assign(identity=listed["identity"].to_numpy())
    return answers


def classes_of(answers: pd.DataFrame, classes: list[str]) -> list[str]:
    """The classes a condition chooses among, in the order of ``classes``: those scored, labelled or predicted.

    Raises:
        StudyError: one of them is not in ``classes``.
    """
    scored = [c.removeprefix("score_") for c in answers.columns if c.startswith("score_")]
    used = {*scored, *answers["label"], *answers["prediction"].dropna()}
    if unknown := sorted(used - set(classes)):
        raise StudyError(f"unknown classes in the answers: {', '.join(unknown)}; the lexicon has {', '.join(classes)}")
    return [c for c in classes if c in used]


def answered(answers: pd.DataFrame, column: str = "prediction") -> pd.Series:
    """The class each clip was given, or ``failed`` where the clip failed or names none."""
    return answers[column].where((answers["status"] == "ok") & answers[column].notna(), FAILED)


def count(answers: pd.DataFrame, classes: list[str], column: str = "prediction") -> Counts:
    """Count one condition's answers (from :func:`read_answers`) by cluster, class and the class in ``column``."""
    names = classes_of(answers, classes)
    clusters = sorted(answers["identity"].unique())
    codes = [
        pd.Categorical(answers["identity"], clusters).codes,
        pd.Categorical(answers["label"], names).codes,
        pd.Categorical(answered(answers, column), [*names, FAILED]).codes,
    ]
    if min(c.min() for c in codes) < 0:
        raise StudyError(f"column {column} names a class that the condition does not choose among")
    table = np.zeros((len(clusters), len(names), len(names) + 1), dtype=np.int64)
    np.add.at(table, tuple(codes), 1)
    return Counts(clusters, names, table)
