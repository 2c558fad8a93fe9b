"""Metrics of recognition from counts, for one table or for thousands of resamples at once.

Every function takes counts of shape (..., K, K + 1): true class by prediction, clips without an answer in the last
column. Such clips stay in n and are errors, but for the metrics ``.._answered``, which leave them out. Macro averages
are over the classes that have clips. In the tables a metric is computed in each training run and averaged over runs.
"""

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd

from emovlm.core.bootstrap import bootstrap_weights, resample
from emovlm.core.errors import StudyError
from emovlm.statistics.calibration import bin_answers, ece, ece_interval
from emovlm.statistics.counts import ALL, FAILED, Counts, count, subsets
from emovlm.statistics.intervals import percentile, with_runs, without_bias

NEUTRAL = "neutral"
ANSWERED = "_answered"
BOTH_READINGS = ("accuracy", "uar", "macro_f1")  # given with failures as errors, and with failures left out
BIASED = ("entropy",)  # resampling lowers it by a good part of its standard error


def _divide(part: np.ndarray, whole: np.ndarray, empty: float) -> np.ndarray:
    return np.divide(part, whole, out=np.full(np.broadcast(part, whole).shape, empty), where=whole != 0)


def _over_classes(values: np.ndarray) -> np.ndarray:
    """Mean over the last axis of the classes that have clips; nan if none has."""
    return _divide(np.nansum(values, -1), (~np.isnan(values)).sum(-1), np.nan)


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
    "uar": lambda counts: _over_classes(class_recall(counts)),
    "macro_precision": lambda counts: _over_classes(class_precision(counts)),
    "macro_recall": lambda counts: _over_classes(class_recall(counts)),
    "macro_f1": lambda counts: _over_classes(class_f1(counts)),
    "kappa": kappa,
    "entropy": entropy,
}


def metric_from_counts(counts: np.ndarray, metric: str, classes: list[str], tail: Sequence[str] = ()) -> np.ndarray:
    """One metric of counts (..., K, K + 1), of shape (...).

    ``neutral_share`` is the share of all clips, failures included, that are called neutral; ``tail_recall`` the mean
    recall over the classes in ``tail``, nan where none of them has clips. ``.._answered`` is the metric of the clips
    answered.

    Raises:
        StudyError: no such metric, or ``neutral_share`` where no class is neutral, or ``tail_recall`` where no class
            is in the tail.
    """
    if metric.endswith(ANSWERED):
        counts = np.concatenate([counts[..., :-1], np.zeros_like(counts[..., -1:])], axis=-1)
        metric = metric.removesuffix(ANSWERED)
    if metric == "neutral_share" and NEUTRAL in classes:
        return _divide(_predicted(counts)[..., classes.index(NEUTRAL)], counts.sum((-2, -1)), 0.0)
    rare = [classes.index(c) for c in classes if c in tail]
    if metric == "tail_recall" and rare:
        return _over_classes(class_recall(counts)[..., rare])
    if metric not in METRICS:
        raise StudyError(
            f"unknown metric {metric!r} for the classes {', '.join(classes)}; there are {', '.join(METRICS)}, "
            "with a neutral class neutral_share, and with a class of statistics.tail tail_recall"
        )
    return METRICS[metric](counts)


def _resamples(counts: Counts, settings: dict) -> np.ndarray | None:
    """Bootstrap resamples of the counts, (resamples, R, K, K + 1); None for a single cluster."""
    if len(counts.clusters) < 2:
        return None
    return resample(counts.table, bootstrap_weights(counts.clusters, settings["resamples"], settings["seed"]))


def bounds_of(metric: str, classes: list[str]) -> tuple[float, float]:
    """The lowest and highest value that a metric can have."""
    return (0.0, float(np.log2(len(classes)))) if metric == "entropy" else (-1.0 if metric == "kappa" else 0.0, 1.0)


def _intervals(metric: str, values: np.ndarray, spread: np.ndarray | None, counts: Counts, settings: dict) -> dict:
    """``low``, ``high``, ``runs_low``, ``runs_high`` of values (R,) and resampled values (resamples, R)."""
    if spread is None:
        return dict.fromkeys(("low", "high", "runs_low", "runs_high"), np.nan)
    clusters, bounds = len(counts.clusters), bounds_of(metric, counts.classes)
    means, value = spread.mean(-1), values.mean()
    found = percentile(means, clusters, settings["confidence"])
    if metric in BIASED:
        found = without_bias(found, means.mean() - value, value, bounds)
    runs = with_runs(spread, values, clusters, settings["confidence"], bounds, metric in BIASED)
    return dict(zip(("low", "high", "runs_low", "runs_high"), map(float, (*found, *runs)), strict=True))


def run_range(values: np.ndarray) -> dict[str, float]:
    """``lowest`` and ``highest`` of the values of single runs; nan (null in the tables) where there is one run only."""
    low, high = (values.min(), values.max()) if len(values) > 1 else (np.nan, np.nan)
    return {"lowest": float(low), "highest": float(high)}


def metrics_table(answers: dict[str, pd.DataFrame], settings: dict) -> pd.DataFrame:
    """METRICS of every condition, on all clips and by flag, with paired percentile intervals by identity.

    ``.._answered`` leave out the clips that failed. ``ece`` is of all clips only, where answers have scores, and has
    no interval for further runs.
    ``parsed_accuracy`` takes the class that the free reply names by strict parsing instead of the likeliest label;
    there, ``failed`` counts the replies that name none or several. It has a row only where the condition has replies.

    Args:
        answers: by condition, from :func:`emovlm.statistics.counts.read_answers`.
        settings: seed, resamples, confidence, classes, tail (the rare classes of ``tail_recall``).
    """
    rows = []
    for condition, frame in answers.items():
        for clips, part in subsets(frame):
            rows += [{"condition": condition, "clips": clips, **row} for row in _metrics_of(part, clips, settings)]
    return pd.DataFrame(rows)


def _metrics_of(frame: pd.DataFrame, clips: str, settings: dict) -> list[dict]:
    """Rows of METRICS for the answers of one condition on some clips."""
    rows = []

    def add(metrics: dict[str, str], counts: Counts) -> None:
        spread, runs = _resamples(counts, settings), counts.table.shape[1]
        failed = int(counts.total[..., -1].sum())
        for name, metric in metrics.items():

            def by_run(table: np.ndarray, metric: str = metric) -> np.ndarray:
                return metric_from_counts(table, metric, counts.classes, settings["tail"])

            values = by_run(counts.total)
            asked = len(frame) - (failed if metric.endswith(ANSWERED) else 0)
            rows.append({
                "metric": name, "value": float(values.mean()), "replicates": runs, **run_range(values),
                **_intervals(metric, values, None if spread is None else by_run(spread), counts, settings),
                "n": round(asked / runs), "failed": failed, "refused": int(frame["refused"].sum()),
            })  # fmt: skip

    counts = count(frame, settings["classes"])
    asked = {name: name for name in METRICS}
    if NEUTRAL in counts.classes:
        asked["neutral_share"] = "neutral_share"
    if frame["label"].isin(settings["tail"]).any():
        asked["tail_recall"] = "tail_recall"
    if (counts.total[..., :-1].sum((-2, -1)) > 0).all():  # each run answers some clip
        asked |= {metric + ANSWERED: metric + ANSWERED for metric in BOTH_READINGS}
    add(asked, counts)
    if frame["reply"].fillna("").ne("").any():
        add({"parsed_accuracy": "accuracy"}, count(frame, settings["classes"], "parsed"))
    if clips == ALL and (binned := bin_answers(frame)):
        values = ece(binned.sums.sum(axis=0))
        low, high = ece_interval(binned, settings)
        rows.append({**rows[0], "metric": "ece", "value": float(values.mean()), "low": low, "high": high,
                     **run_range(values), "runs_low": np.nan, "runs_high": np.nan,
                     "n": round(binned.sums[..., 0].sum() / len(values))})  # fmt: skip
    return rows


def per_class_table(answers: dict[str, pd.DataFrame], settings: dict) -> pd.DataFrame:
    """PER_CLASS of every condition: precision, recall, F1 and the interval of F1 of the classes that have clips.

    All are means over runs, on all clips.
    """
    tables = []
    for condition, frame in answers.items():
        counts = count(frame, settings["classes"])
        n = counts.total[0].sum(-1)
        asked = n > 0

        def mean(of: Callable, table: np.ndarray, asked: np.ndarray = asked) -> np.ndarray:
            return of(table)[..., asked].mean(-2)

        low = high = np.nan
        if (spread := _resamples(counts, settings)) is not None:
            low, high = percentile(mean(class_f1, spread), len(counts.clusters), settings["confidence"])
        tables.append(pd.DataFrame({
            "condition": condition, "emotion": np.array(counts.classes)[asked], "n": n[asked],
            "precision": mean(class_precision, counts.total), "recall": mean(class_recall, counts.total),
            "f1": mean(class_f1, counts.total), "low": low, "high": high,
        }))  # fmt: skip
    return pd.concat(tables, ignore_index=True)


def per_run_table(answers: dict[str, pd.DataFrame], settings: dict) -> pd.DataFrame:
    """PER_RUN of every condition, all clips: F1 of each class that has clips in each training run."""
    rows = []
    for condition, frame in answers.items():
        counts = count(frame, settings["classes"])
        rows += [
            {"condition": condition, "replicate": int(replicate), "emotion": emotion, "f1": float(f1)}
            for replicate, by_class in zip(sorted(frame["replicate"].unique()), class_f1(counts.total), strict=True)
            for emotion, f1 in zip(counts.classes, by_class, strict=True)
            if not np.isnan(f1)
        ]
    return pd.DataFrame(rows)


def confusion_table(answers: dict[str, pd.DataFrame], settings: dict) -> pd.DataFrame:
    """CONFUSION of every condition: answers of each class by prediction, ``failed`` among them, summed over runs."""
    rows = []
    for condition, frame in answers.items():
        counts = count(frame, settings["classes"])
        summed = counts.total.sum(0)
        rows += [
            {"condition": condition, "label": label, "prediction": prediction, "n": int(summed[i, j])}
            for i, label in enumerate(counts.classes)
            for j, prediction in enumerate([*counts.classes, FAILED])
        ]
    return pd.DataFrame(rows)
