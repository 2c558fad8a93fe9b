"""Answers as counts: how many clips of each cluster and class got each prediction in each training run."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from emovlm.core.contracts.answers import ANSWERS
from emovlm.core.contracts.data import CLIP_TRUTH, MANIFEST
from emovlm.core.errors import StudyError
from emovlm.core.io import read_table, read_tables

FAILED = "failed"
ALL = "all"
FLAGS = ("micro", "order", "plain")


@dataclass(frozen=True)
class Counts:
    """Counts of one condition.

    ``table`` has shape (clusters, R, K, K + 1): cluster, training run, true class, prediction; the last column counts
    the clips without an answer. ``clusters`` are sorted names of persons or sources, ``classes`` the K classes in the
    lexicon's order.
    """

    clusters: list[str]
    classes: list[str]
    table: np.ndarray

    @property
    def total(self) -> np.ndarray:
        """Counts of all clusters together: (R, K, K + 1)."""
        return self.table.sum(axis=0)


def read_answers(paths: dict[str, str], manifests: dict[str, str], truths: dict[str, str]) -> dict[str, pd.DataFrame]:
    """ANSWERS of each condition, sorted by run and clip, with ``identity`` and ``flag`` of each clip.

    ``identity`` comes from the manifests. ``flag`` comes from the truth of rendered datasets: ``order`` (the class
    depends on the order of frames), ``micro`` (a micro-expression) or ``plain``; None where a dataset has no truth.

    Args:
        paths: ANSWERS by condition.
        manifests: MANIFEST by dataset.
        truths: CLIP_TRUTH by rendered dataset.

    Raises:
        StudyError: a table breaks its contract or is empty, runs answer different clips, a clip is in no manifest or
            not in the truth of its dataset, or its label differs from the manifest's.
    """
    clips = read_tables(list(manifests.values()), MANIFEST).set_index("clip_id")
    flags = pd.concat([pd.Series(dtype=object), *(_flags(path) for path in truths.values())])
    answers = {}
    for condition, path in paths.items():
        frame = read_table(path, ANSWERS).sort_values(["replicate", "clip_id"], ignore_index=True)
        if frame.empty:
            raise StudyError(f"{path}: condition {condition} has no answers")
        if len(frame) != frame["clip_id"].nunique() * frame["replicate"].nunique():
            raise StudyError(f"{path}: the runs of condition {condition} answer different clips; evaluate it again")
        unknown = frame.loc[~frame["clip_id"].isin(clips.index), "clip_id"]
        if len(unknown):
            raise StudyError(f"{path}: {unknown.nunique()} clips are in no manifest, the first is {unknown.iloc[0]}")
        listed = clips.loc[frame["clip_id"]]
        wrong = frame["label"].to_numpy() != listed["label"].to_numpy()
        if wrong.any():
            raise StudyError(
                f"{path}: the label of {frame['clip_id'][wrong].iloc[0]} differs from the manifest's; "
                "evaluate the condition again"
            )
        flag = frame["clip_id"].map(flags)
        unflagged = frame.loc[flag.isna() & frame["clip_id"].str.partition("/")[0].isin(truths), "clip_id"]
        if len(unflagged):
            raise StudyError(f"{path}: the truth of the dataset has no {unflagged.iloc[0]}; render the dataset again")
        answers[condition] = frame.assign(identity=listed["identity"].to_numpy(), flag=flag)
    return answers


def _flags(path: str) -> pd.Series:
    """Flag of each clip of a CLIP_TRUTH table, by clip_id."""
    truth = read_table(path, CLIP_TRUTH).set_index("clip_id")
    return pd.Series("plain", truth.index).mask(truth["micro"], "micro").mask(truth["order"].notna(), "order")


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
    used = {*scored, *answers["label"], *answers["prediction"].dropna()}
    if unknown := sorted(used - set(classes)):
        raise StudyError(f"unknown classes in the answers: {', '.join(unknown)}; the lexicon has {', '.join(classes)}")
    return [c for c in classes if c in used]


def answered(answers: pd.DataFrame, column: str = "prediction") -> pd.Series:
    """The class each clip was given, or ``failed`` where the clip failed or names none."""
    return answers[column].where((answers["status"] == "ok") & answers[column].notna(), FAILED)


def refused(answers: pd.DataFrame) -> pd.Series:
    """Which answers failed because an API model refused, to answer or to write a text that was to be shown."""
    reasons = answers["reason"].where(answers["status"] != "ok")
    return reasons.astype("string").str.contains(r"(?:^|: )refused: ").fillna(False).astype(bool)


def count(answers: pd.DataFrame, classes: list[str], column: str = "prediction") -> Counts:
    """Count one condition's answers (from :func:`read_answers`) by cluster, run, class and the class in ``column``."""
    names = classes_of(answers, classes)
    clusters, runs = (sorted(answers[key].unique()) for key in ("identity", "replicate"))
    codes = [
        pd.Categorical(answers["identity"], clusters).codes,
        pd.Categorical(answers["replicate"], runs).codes,
        pd.Categorical(answers["label"], names).codes,
        pd.Categorical(answered(answers, column), [*names, FAILED]).codes,
    ]
    if min(c.min() for c in codes) < 0:
        raise StudyError(f"column {column} names a class that the condition does not choose among")
    table = np.zeros((len(clusters), len(runs), len(names), len(names) + 1), dtype=np.int64)
    np.add.at(table, tuple(codes), 1)
    return Counts(clusters, names, table)
