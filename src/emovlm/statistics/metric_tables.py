"""Tables of metrics: every condition, over all classes, by class and by training run, with intervals; confusions.

In the tables a metric is computed in each training run and averaged over runs. Which metrics there are:
``statistics.metrics``.
"""

from collections.abc import Callable

import numpy as np
import pandas as pd

from emovlm.core.bootstrap import bootstrap_weights, resample
from emovlm.core.contracts.answers import REPLIES
from emovlm.statistics.calibration import bin_answers, ece_interval
from emovlm.statistics.counts import ALL, FAILED, Counts, count, frames_shown, subsets
from emovlm.statistics.intervals import percentile, with_runs, without_bias
from emovlm.statistics.metrics import (
    METRICS,
    Metric,
    class_f1,
    class_precision,
    class_recall,
    metric_from_counts,
    places_of,
)


def _resamples(counts: Counts, settings: dict) -> np.ndarray | None:
    """Bootstrap resamples of the counts, (resamples, R, K, K + 1); None for a single cluster."""
    if len(counts.clusters) < 2:
        return None
    return resample(counts.table, bootstrap_weights(counts.clusters, settings["resamples"], settings["seed"]))


def _intervals(metric: Metric, values: np.ndarray, spread: np.ndarray | None, counts: Counts, settings: dict) -> dict:
    """``low``, ``high``, ``runs_low``, ``runs_high`` of values (R,) and resampled values (resamples, R)."""
    if spread is None:
        return dict.fromkeys(("low", "high", "runs_low", "runs_high"), np.nan)
    clusters, bounds = len(counts.clusters), metric.bounds_for(counts.classes)
    means, value = spread.mean(-1), values.mean()
    found = percentile(means, clusters, settings["confidence"])
    if metric.biased:
        found = without_bias(found, means.mean() - value, value, bounds)
    runs = with_runs(spread, values, clusters, metric.biased).interval(settings["confidence"], bounds)
    return dict(zip(("low", "high", "runs_low", "runs_high"), map(float, (*found, *runs)), strict=True))


def run_range(values: np.ndarray) -> dict[str, float]:
    """``lowest`` and ``highest`` of the values of single runs; nan (null in the tables) where there is one run only."""
    low, high = (values.min(), values.max()) if len(values) > 1 else (np.nan, np.nan)
    return {"lowest": float(low), "highest": float(high)}


def metrics_table(answers: dict[str, pd.DataFrame], settings: dict) -> pd.DataFrame:
    """METRICS of every condition, on all clips and by flag, with paired percentile intervals by identity.

    It holds every entry of ``statistics.metrics.METRICS`` that a condition has: those of replies where it has replies
    (there, ``failed`` counts the replies that name no class or several), those of answered clips where every run
    answers some clip. ``ece`` is of all clips only, where answers have scores, and has no interval for further runs.

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
    counts = count(frame, settings["classes"])
    counted = {"answers": counts}
    if (counts.total[..., :-1].sum((-2, -1)) > 0).all():
        counted["answered"] = counts
    if frame["reply"].fillna("").ne("").any():
        counted |= {column: count(frame, settings["classes"], column) for column in REPLIES}
    of_all = {**{column: int(frame[column].sum()) for column in ("refused", "cut")}, **frames_shown(frame)}
    rows = []
    for reads, each in counted.items():
        chosen = [metric for metric in METRICS.values() if metric.reads == reads and _has(metric, each, settings)]
        rows += [{**row, **of_all} for row in _counted(chosen, each, settings)]
    if clips == ALL and (binned := bin_answers(frame)):
        interval = dict(zip(("low", "high"), ece_interval(binned, settings), strict=True))
        values = METRICS["ece"].function(binned.sums.sum(axis=0))
        rows.append({**rows[0], "metric": "ece", "value": float(values.mean()), **interval, **run_range(values),
                     "runs_low": np.nan, "runs_high": np.nan,
                     "n": round(binned.sums[..., 0].sum() / len(values))})  # fmt: skip
    return rows


def _has(metric: Metric, counts: Counts, settings: dict) -> bool:
    """Whether there are the classes that a metric is about; those of the tail must have clips."""
    places = places_of(metric, counts.classes, settings["tail"])
    return not metric.of or (bool(places) and (metric.of != "tail" or counts.total[0][places].sum() > 0))


def _counted(metrics: list[Metric], counts: Counts, settings: dict) -> list[dict]:
    """Rows of METRICS, without ``refused``, ``cut`` and frames shown, for metrics of the same counts."""
    spread, runs = _resamples(counts, settings), counts.table.shape[1]
    failed, clips = int(counts.total[..., -1].sum()), int(counts.total.sum())
    rows = []
    for metric in metrics:

        def by_run(table: np.ndarray, name: str = metric.name) -> np.ndarray:
            return metric_from_counts(table, name, counts.classes, settings["tail"])

        values = by_run(counts.total)
        asked = clips - (failed if metric.reads == "answered" else 0)
        rows.append({
            "metric": metric.name, "value": float(values.mean()), "replicates": runs, **run_range(values),
            **_intervals(metric, values, None if spread is None else by_run(spread), counts, settings),
            "n": round(asked / runs), "failed": failed,
        })  # fmt: skip
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
