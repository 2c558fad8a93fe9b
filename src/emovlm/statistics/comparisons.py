"""Planned comparisons of two conditions on the same clips, and differences of two such differences."""

from collections.abc import Callable
from math import lcm

import numpy as np
import pandas as pd
from scipy.stats import norm, t

from emovlm.core.bootstrap import bootstrap_weights, flips, resample
from emovlm.core.contracts.answers import REPLIES
from emovlm.core.errors import StudyError
from emovlm.statistics.counts import ALL, Counts, answered, count, select
from emovlm.statistics.intervals import percentile, with_runs
from emovlm.statistics.metric_tables import run_range
from emovlm.statistics.metrics import METRICS, Metric, metric_from_counts
from emovlm.statistics.power import (
    difference_power,
    equivalence_power,
    mcnemar_p,
    smallest_difference,
    smallest_margin,
    standard_error,
)
from emovlm.statistics.sign_flips import p_flip, p_of_sums, whole_parts

TIE = 1e-12  # two differences of equal counts may differ by rounding; they count as equal
SIDES = {"a": 1, "b": -1, "minus_a": -1, "minus_b": 1}  # with their signs; each but the last is swapped with the next
AT_ONCE = 2000  # flips whose counts are held in memory


def compare(answers: dict[str, pd.DataFrame], rows: list[dict], settings: dict) -> pd.DataFrame:
    """COMPARISONS: the metric of a minus that of b, with interval, p, and p corrected by Holm within the family.

    With ``minus_a`` and ``minus_b`` it is (a - b) - (minus_a - minus_b), a difference of differences.

    A ``difference`` is tested by swapping all answers of whole identities between a and b (and between minus_a and
    minus_b), which turns the sign of their difference: exactly where the metric is ``additive``, else by random
    flips. An ``equivalence`` is tested by two one-sided tests against the margin, from the paired bootstrap. Both draw
    people, the same for all training runs; the metric is averaged over runs. ``lowest`` and ``highest`` are the
    differences of single runs, paired by their number. ``runs_low``, ``runs_high`` and ``p_runs`` (of the
    equivalence, where the test is one) are for further people and further runs, ``p_flip_runs`` from all signs of the
    runs' differences; all are null with one run, or where the conditions have unequally many.

    ``mde`` and ``power`` are of the single test at ``alpha``, for these trained models, before Holm's correction. For a
    ``difference``: the smallest true difference found with 80% power, and the power to find one of the margin. For an
    ``equivalence``, if there is no difference: the smallest margin shown with 80% power, and the power to show the
    given one. They use the variation seen, not the difference seen.

    Args:
        answers: by condition, from :func:`emovlm.statistics.counts.read_answers`.
        rows: of ``config/comparisons.tsv``, each with its ``margin`` (smallest effect that counts) if it has one;
            ``clips`` is all, micro, order or plain (all where absent).
        settings: seed, resamples, flips, confidence, classes, tail, alpha.

    Raises:
        StudyError: a condition is missing, has none of the clips asked for, the conditions answer other clips or choose
            among other classes, the metric is unknown, no clip is of the tail that it is of, or an equivalence has no
            margin.
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
    name, clips, test = row["comparison"], row.get("clips", ALL), row["test"]
    metric = METRICS.find(row["metric"], f"comparison {name}")
    frames = {side: _answers(answers, row, side, clips) for side in SIDES if row.get(side)}
    column = metric.reads if metric.reads in REPLIES else "prediction"
    counts = _paired_counts(frames, row, column, settings)
    classes, clusters = counts["a"].classes, counts["a"].clusters
    if metric.of == "tail" and not frames["a"]["label"].isin(settings["tail"]).any():
        raise StudyError(f"comparison {name}: no clip is of a class of statistics.tail, so there is no {metric.name}")
    margin = row.get("margin")
    if test == "equivalence" and margin is None:
        raise StudyError(f"comparison {name}: an equivalence test needs a margin for the claim {row.get('claim')}")
    runs = {side: each.table.shape[1] for side, each in counts.items()}
    # Run by run. Where one side has fewer runs, they are repeated evenly, which leaves their mean as it is.
    pairs = np.arange(lcm(*runs.values()))
    tables = [each.table[:, pairs % runs[side]] for side, each in counts.items()]

    def by_run(given: list[np.ndarray]) -> np.ndarray:
        values = (metric_from_counts(each, metric.name, classes, settings["tail"]) for each in given)
        return sum(sign * value for sign, value in zip(SIDES.values(), values, strict=False))

    single = by_run([each.sum(axis=0) for each in tables])
    weights = bootstrap_weights(clusters, settings["resamples"], settings["seed"])
    spread_runs = by_run([resample(each, weights) for each in tables])
    spread_runs = spread_runs[~np.isnan(spread_runs).any(-1)]  # a resample may hold no clip of the tail
    spread, confidence = spread_runs.mean(-1), settings["confidence"]
    low, high = percentile(spread, len(clusters), confidence) if len(clusters) > 1 else (np.nan, np.nan)
    paired = single if len(set(runs.values())) == 1 else single[:1]
    over_runs = with_runs(spread_runs[:, : len(paired)], paired, len(clusters))
    width = np.ptp(metric.bounds_for(classes)) * len(tables) / 2
    runs_low, runs_high = over_runs.interval(confidence, (-width, width))
    flip_runs = np.nan
    if test == "equivalence":
        p = equivalence_p(spread, margin, len(clusters)) if len(clusters) > 1 else 1.0
        p_runs = over_runs.p_within(margin)
    else:
        p, p_runs = sign_flip_p(tables, by_run, clusters, metric, settings), over_runs.p()
        flip_runs = p_flip(paired) if len(paired) > 1 else np.nan
    se = standard_error(spread, len(clusters))
    given_a, given_b = (_given(frames[side], runs[side], column)[pairs % runs[side]] for side in ("a", "b"))
    return {
        "comparison": name, "claim": row.get("claim"), **{side: row.get(side) for side in SIDES}, "clips": clips,
        "metric": metric.name, "test": test, "family": row["family"], "difference": float(single.mean()),
        "low": float(low), "high": float(high), "replicates": min(runs.values()), **run_range(paired),
        "runs_low": float(runs_low), "runs_high": float(runs_high), "p": p, "p_runs": p_runs, "p_flip_runs": flip_runs,
        "p_mcnemar": mcnemar_p(frames["a"], frames["b"], metric.name, settings["tail"]) if len(tables) == 2 else np.nan,
        "margin": margin, "se": se, **_power(test, margin, se, len(clusters), settings["alpha"]),
        "changed": float((given_a != given_b).sum(axis=1).mean()), "n": given_a.shape[1],
    }  # fmt: skip


def _paired_counts(frames: dict[str, pd.DataFrame], row: dict, column: str, settings: dict) -> dict[str, Counts]:
    """The counts of each side, which all are of the same clips and classes."""
    name, a = row["comparison"], frames["a"]
    clips, counts = sorted(a["clip_id"].unique()), {}
    for side, frame in frames.items():
        both = f"{row['a']} and {row[side]}"
        if sorted(frame["clip_id"].unique()) != clips:
            raise StudyError(f"comparison {name}: {both} answer different clips, which cannot be paired")
        counts[side] = count(frame, settings["classes"], column)
        if counts[side].classes != counts["a"].classes:
            raise StudyError(f"comparison {name}: {both} choose among different classes")
    return counts


def sign_flip_p(
    tables: list[np.ndarray], by_run: Callable[[list[np.ndarray]], np.ndarray], clusters: list[str], metric: Metric,
    settings: dict,
) -> float:  # fmt: skip
    """Two-sided p of a difference, by swapping the answers of whole people between a and b (minus_a and minus_b).

    Each person's part of the difference of an additive metric is a number of its own, and the swap turns its sign: the
    distribution of their sum is then exact. Else ``flips`` random swaps are drawn.

    Args:
        tables: counts of the sides, each (people, R, K, K + 1).
        by_run: the difference in each run, (..., R), of counts (..., R, K, K + 1) of the sides.
        settings: flips, seed.
    """
    totals = [each.sum(axis=0) for each in tables]
    swaps = [tables[place ^ 1] - each for place, each in enumerate(tables)]
    observed = by_run(totals).mean(-1)
    if metric.additive:
        alone = by_run([total + swap for total, swap in zip(totals, swaps, strict=True)]).mean(-1)  # one person swapped
        parts = whole_parts(observed - alone, totals[0][0].sum(axis=-1), len(totals[0]))
        if parts is not None:
            return p_of_sums(parts)
    swapped = flips(clusters, settings["flips"], settings["seed"])
    null = [
        by_run([total + resample(swap, some) for total, swap in zip(totals, swaps, strict=True)]).mean(-1)
        for some in np.array_split(swapped, range(AT_ONCE, len(swapped), AT_ONCE))
    ]
    return permutation_p(np.concatenate(null), observed)


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
