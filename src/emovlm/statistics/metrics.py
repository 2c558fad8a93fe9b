"""Metrics of recognition from counts, for one table or for thousands of resamples at once.

Every function takes counts of shape (..., K, K + 1): true class by prediction, clips without an answer in the last
column. Such clips stay in n and are errors. Macro averages are over the classes that have clips.
"""

from collections.abc import Callable

import numpy as np
import pandas as pd

from emovlm.core.errors import StudyError
from emovlm.statistics.bootstrap import bootstrap_weights, percentile_interval, resample
from emovlm.statistics.counts import FAILED, Counts, count

NEUTRAL = "neutral"


def _divide(part: np.ndarray, whole: np.ndarray, empty: float) -> np.ndarray:
    return np.divide(part, whole, out=np.full(np.broadcast(part, whole).shape, empty), where=whole != 0)


def class_recall(counts: np.ndarray) -> np.ndarray:
    """Recall of each class, (..., K); nan for a class without clips."""
    return _divide(_hits(counts), counts.sum(-1), np.nan)


def class_precision(counts: np.ndarray) -> np.ndarray:
    """Precision of each class, (..., K); 0 for a class never predicted, nan for a class without clips."""
    return np.where(counts.sum(-1) > 0, _divide(_hits(counts), _predicted(counts), 0.0), np.nan)


def class_f1(counts: np.ndarray) -> np.ndarray:
    """F1 of each class, (..., K); nan for a class without clips."""
    support = counts.sum(-1)
    return np.where(support > 0, _divide(2 * _hits(counts), support + _predicted(counts), 0.0), np.nan)


def _hits(counts: np.ndarray) -> np.ndarray:
    return np.diagonal(counts[..., :-1], axis1=-2, axis2=-1)


def _predicted(counts: np.ndarray) -> np.ndarray:
    return counts[..., :-1].sum(-2)


def accuracy(counts: np.ndarray) -> np.ndarray:
    """Share of clips recognised (WAR)."""
    return _divide(_hits(counts).sum(-1), counts.sum((-2, -1)), 0.0)


def kappa(counts: np.ndarray) -> np.ndarray:
    """Cohen's kappa of label and answer; a failure is an answer of its own that no label has. 0 if undefined."""
    n = counts.sum((-2, -1))
    chance = _divide((counts.sum(-1) * _predicted(counts)).sum(-1), n**2, 0.0)
    return _divide(accuracy(counts) - chance, 1 - chance, 0.0)


def entropy(counts: np.ndarray) -> np.ndarray:
    """Entropy in bits of the classes predicted for the clips answered: from 0 (all in one) to log2(K) (even)."""
    predicted = _predicted(counts)
    share = _divide(predicted, predicted.sum(-1, keepdims=True), 0.0)
    return -(share * np.log2(np.where(share > 0, share, 1.0))).sum(-1) + 0.0


METRICS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "accuracy": accuracy,
    "uar": lambda counts: np.nanmean(class_recall(counts), -1),
    "macro_precision": lambda counts: np.nanmean(class_precision(counts), -1),
    "macro_recall": lambda counts: np.nanmean(class_recall(counts), -1),
    "macro_f1": lambda counts: np.nanmean(class_f1(counts), -1),
    "kappa": kappa,
    "entropy": entropy,
}


def metric_from_counts(counts: np.ndarray, metric: str, classes: list[str]) -> np.ndarray:
    """One metric of counts (..., K, K + 1), of shape (...).

    ``neutral_share`` is the share of all clips, failures included, that are called neutral.

    Raises:
        StudyError: no such metric, or ``neutral_share`` where no class is neutral.
    """
    if metric == "neutral_share" and NEUTRAL in classes:
        return _divide(_predicted(counts)[..., classes.index(NEUTRAL)], counts.sum((-2, -1)), 0.0)
    if metric not in METRICS:
        raise StudyError(
            f"unknown metric {metric!r} for the classes {', '.join(classes)}; there are "
            f"{', '.join(METRICS)} and, with a neutral class, neutral_share"
        )
    return METRICS[metric](counts)


def _with_interval(statistic: Callable[[np.ndarray], np.ndarray], counts: Counts, settings: dict) -> tuple:
    """A statistic of all clips with its interval; no interval from a single cluster."""
    value = statistic(counts.total)
    if len(counts.clusters) < 2:
        return value, np.full_like(value, np.nan), np.full_like(value, np.nan)
    weights = bootstrap_weights(counts.clusters, settings["resamples"], settings["seed"])
    return value, *percentile_interval(statistic(resample(counts.table, weights)), settings["confidence"])


def metrics_table(answers: dict[str, pd.DataFrame], settings: dict) -> pd.DataFrame:
    """METRICS of every condition, with paired percentile intervals by identity.

    ``parsed_accuracy`` takes the class that the free reply names by strict parsing instead of the likeliest label;
    there, ``failed`` counts the replies that name none or several. It has a row only where the condition has replies.

    Args:
        answers: by condition, from :func:`emovlm.statistics.counts.read_answers`.
        settings: seed, resamples, confidence, classes.
    """
    rows = []
    for condition, frame in answers.items():
        counts = count(frame, settings["classes"])
        asked = [(name, name, counts) for name in METRICS]
        if NEUTRAL in counts.classes:
            asked.append(("neutral_share", "neutral_share", counts))
        if frame["reply"].fillna("").ne("").any():
            asked.append(("parsed_accuracy", "accuracy", count(frame, settings["classes"], "parsed")))
        for name, metric, source in asked:
            value, low, high = _with_interval(
                lambda table, m=metric, s=source: metric_from_counts(table, m, s.classes), source, settings
            )
            rows.append({
                "condition": condition, "metric": name, "value": float(value), "low": float(low), "high": float(high),
                "n": len(frame), "failed": int(source.total[:, -1].sum()),
            })  # fmt: skip
    return pd.DataFrame(rows)


def per_class_table(answers: dict[str, pd.DataFrame], settings: dict) -> pd.DataFrame:
    """PER_CLASS of every condition: precision, recall, F1 and the interval of F1, for the classes that have clips."""
    tables = []
    for condition, frame in answers.items():
        counts = count(frame, settings["classes"])
        n = counts.total.sum(-1)
        asked = n > 0
        columns = {
            "condition": condition, "emotion": np.array(counts.classes)[asked], "n": n[asked],
            "precision": class_precision(counts.total)[asked], "recall": class_recall(counts.total)[asked],
        }  # fmt: skip
        f1, low, high = _with_interval(lambda table, asked=asked: class_f1(table)[..., asked], counts, settings)
        tables.append(pd.DataFrame({**columns, "f1": f1, "low": low, "high": high}))
    return pd.concat(tables, ignore_index=True)


def confusion_table(answers: dict[str, pd.DataFrame], settings: dict) -> pd.DataFrame:
    """CONFUSION of every condition: clips of each class by prediction, ``failed`` among them."""
    rows = []
    for condition, frame in answers.items():
        counts = count(frame, settings["classes"])
        rows += [
            {"condition": condition, "label": label, "prediction": prediction, "n": int(counts.total[i, j])}
            for i, label in enumerate(counts.classes)
            for j, prediction in enumerate([*counts.classes, FAILED])
        ]
    return pd.DataFrame(rows)
