"""Planned comparisons of two conditions on the same clips."""

from math import lcm

import numpy as np
import pandas as pd
from scipy.stats import norm, t

from emovlm.core.bootstrap import bootstrap_weights, flips, resample
from emovlm.core.contracts.answers import REPLIES
from emovlm.core.errors import StudyError
from emovlm.statistics.counts import ALL, answered, count, select
from emovlm.statistics.intervals import percentile, with_runs
from emovlm.statistics.metric_tables import run_range
from emovlm.statistics.metrics import METRICS, metric_from_counts
from emovlm.statistics.power import (
    difference_power,
    equivalence_power,
    mcnemar_p,
    smallest_difference,
    smallest_margin,
    standard_error,
)

TIE = 1e-12  # two differences of equal counts may differ by rounding; they count as equal


def compare(answers: dict[str, pd.DataFrame], rows: list[dict], settings: dict) -> pd.DataFrame:
    """COMPARISONS: the metric of a minus that of b, with interval, p, and p corrected by Holm within the family.

    A ``difference`` is tested by swapping all answers of whole identities at random between a and b, which turns the
    sign of their difference (sign-flip permutation); an ``equivalence`` by two one-sided tests against the margin, from
    the paired bootstrap. Both draw people, the same for all training runs; the metric is averaged over runs. ``lowest``
    and ``highest`` are the differences of single runs, paired by their number, and ``runs_low`` and ``runs_high`` the
    interval for further runs; null with one run, or where a and b have unequally many.

    ``mde`` and ``power`` are of the single test at ``alpha``, before Holm's correction. For a ``difference``: the
    smallest true difference found with 80% power, and the power to find one of the claim's margin. For an
    ``equivalence``, if there is no difference: the smallest margin shown with 80% power, and the power to show the
    claim's. They use the variation seen, not the difference seen.

    Args:
        answers: by condition, from :func:`emovlm.statistics.counts.read_answers`.
        rows: of ``config/comparisons.tsv``; ``clips`` is all, micro, order or plain (all where absent).
        settings: seed, resamples, confidence, classes, tail, alpha, margins (by claim: smallest effect that counts).

    Raises:
        StudyError: a condition is missing, has none of the clips asked for, a and b answer other clips or choose among
            other classes, the metric is unknown, no clip is of the tail that it is of, or an equivalence has no margin.
    """
    table = pd.DataFrame([_compare(answers, row, settings) for row in rows])
    table["p_holm"] = np.nan
    for _, family in table.groupby("family"):
        table.loc[family.index, "p_holm"] = holm(family["p"].to_numpy())
    return table


def holm(p: np.ndarray) -> np.ndarray:
    """p of a family (F,), corrected by Holm (1979). That of statsmodels collects garbage each time: up to a second."""
    order = np.argsort(p)
    corrected = np.empty(len(p))
    corrected[order] = np.minimum(np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1)), 1)
    return corrected


def _compare(answers: dict[str, pd.DataFrame], row: dict, settings: dict) -> dict:
    name, clips = row["comparison"], row.get("clips", ALL)
    metric = METRICS.find(row["metric"], f"comparison {name}")
    a, b = (_answers(answers, row, side, clips) for side in ("a", "b"))
    if sorted(a["clip_id"].unique()) != sorted(b["clip_id"].unique()):
        raise StudyError(f"comparison {name}: {row['a']} and {row['b']} answer different clips, which cannot be paired")
    column = metric.reads if metric.reads in REPLIES else "prediction"
    counts_a, counts_b = (count(each, settings["classes"], column) for each in (a, b))
    classes, clusters = counts_a.classes, counts_a.clusters
    if classes != counts_b.classes:
        raise StudyError(f"comparison {name}: {row['a']} and {row['b']} choose among different classes")
    if metric.of == "tail" and not a["label"].isin(settings["tail"]).any():
        raise StudyError(f"comparison {name}: no clip is of a class of statistics.tail, so there is no {metric.name}")
    runs_a, runs_b = counts_a.table.shape[1], counts_b.table.shape[1]
    # Run by run. Where one side has fewer runs, they are repeated evenly, which leaves their mean as it is.
    pairs = np.arange(lcm(runs_a, runs_b))
    table_a, table_b = counts_a.table[:, pairs % runs_a], counts_b.table[:, pairs % runs_b]

    def by_run(first: np.ndarray, second: np.ndarray) -> np.ndarray:
        return np.subtract(
            *(metric_from_counts(table, metric.name, classes, settings["tail"]) for table in (first, second))
        )

    total_a, total_b = table_a.sum(axis=0), table_b.sum(axis=0)
    single = by_run(total_a, total_b)
    observed = float(single.mean())
    weights = bootstrap_weights(clusters, settings["resamples"], settings["seed"])
    spread_runs = by_run(resample(table_a, weights), resample(table_b, weights))
    spread_runs = spread_runs[~np.isnan(spread_runs).any(-1)]  # a resample may hold no clip of the tail
    spread, confidence = spread_runs.mean(-1), settings["confidence"]
    low, high = percentile(spread, len(clusters), confidence) if len(clusters) > 1 else (np.nan, np.nan)
    lower, upper = metric.bounds_for(classes)
    paired = single if runs_a == runs_b else single[:1]
    runs_low, runs_high = with_runs(
        spread_runs[:, : len(paired)], paired, len(clusters), confidence, (lower - upper, upper - lower)
    )
    margin = settings["margins"].get(row.get("claim"))
    if row["test"] == "equivalence":
        if margin is None:
            raise StudyError(f"comparison {name}: an equivalence test needs a margin for the claim {row.get('claim')}")
        p = equivalence_p(spread, margin, len(clusters)) if len(clusters) > 1 else 1.0
    else:
        change = resample(table_b - table_a, flips(clusters, settings["resamples"], settings["seed"]))
        p = permutation_p(by_run(total_a + change, total_b - change).mean(-1), observed)
    se = standard_error(spread, len(clusters))
    given_a, given_b = _given(a, runs_a, column)[pairs % runs_a], _given(b, runs_b, column)[pairs % runs_b]
    return {
        "comparison": name, "claim": row.get("claim"), "a": row["a"], "b": row["b"], "clips": clips,
        "metric": metric.name, "test": row["test"], "family": row["family"], "difference": observed,
        "low": float(low), "high": float(high), "replicates": min(runs_a, runs_b),
        **run_range(paired), "runs_low": float(runs_low), "runs_high": float(runs_high), "p": p,
        "p_mcnemar": mcnemar_p(a, b, metric.name, settings["tail"]), "margin": margin, "se": se,
        **_power(row["test"], margin, se, len(clusters), settings["alpha"]),
        "changed": float((given_a != given_b).sum(axis=1).mean()), "n": given_a.shape[1],
    }  # fmt: skip


def _power(test: str, margin: float | None, se: float, clusters: int, alpha: float) -> dict[str, float]:
    """``mde`` and ``power`` of a comparison; the power is nan without a margin."""
    smallest, power_at = {
        "difference": (smallest_difference, difference_power),
        "equivalence": (smallest_margin, equivalence_power),
    }[test]
    power = np.nan if margin is None else power_at(margin, se, clusters, alpha)
    return {"mde": smallest(se, clusters, alpha), "power": power}


def _answers(answers: dict[str, pd.DataFrame], row: dict, side: str, clips: str) -> pd.DataFrame:
    if row[side] not in answers:
        raise StudyError(f"comparison {row['comparison']}: no answers of condition {row[side]}")
    chosen = select(answers[row[side]], clips)
    if chosen.empty:
        raise StudyError(
            f"comparison {row['comparison']}: no clip of condition {row[side]} is flagged {clips}; compare other "
            "clips, or render a dataset that has such clips"
        )
    return chosen.sort_values(["replicate", "clip_id"], ignore_index=True)


def _given(answers: pd.DataFrame, runs: int, column: str) -> np.ndarray:
    """What each clip was answered in each run: (runs, clips); clips in the order of their ids."""
    return answered(answers, column).to_numpy().reshape(runs, -1)


def permutation_p(null: np.ndarray, observed: float) -> float:
    """Two-sided p: the share of permuted differences at least as far from zero, the observed one among them.

    Source: Phipson and Smyth (2010), Permutation p-values should never be zero.
    """
    return float((1 + (np.abs(null) >= abs(observed) - TIE).sum()) / (1 + len(null)))


def equivalence_p(spread: np.ndarray, margin: float, clusters: int) -> float:
    """p of two one-sided tests that the difference lies within +-margin: the larger bootstrap tail beyond the margin.

    The tail is read for the number of people as intervals are (:func:`emovlm.statistics.intervals.wider`), so that p is
    at most alpha exactly if the (1 - 2 alpha) interval lies within the margin. It needs no standard error (which is
    zero where no answer changes), and cannot be zero.
    """
    beyond = max((spread <= -margin + TIE).sum(), (spread >= margin - TIE).sum())
    share = (1 + beyond) / (1 + len(spread))
    return float(t.cdf(norm.ppf(share) * np.sqrt((clusters - 1) / clusters), clusters - 1))
