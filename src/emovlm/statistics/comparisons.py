"""Planned comparisons of two conditions on the same clips."""

from math import lcm

import numpy as np
import pandas as pd
from statsmodels.stats.multitest import multipletests

from emovlm.core.bootstrap import bootstrap_weights, flips, percentile_interval, resample
from emovlm.core.errors import StudyError
from emovlm.statistics.counts import ALL, answered, count, select
from emovlm.statistics.metrics import metric_from_counts, run_range

TIE = 1e-12  # two differences of equal counts may differ by rounding; they count as equal


def compare(answers: dict[str, pd.DataFrame], rows: list[dict], settings: dict) -> pd.DataFrame:
    """COMPARISONS: the metric of a minus that of b, with interval, p, and p corrected by Holm within the family.

    A ``difference`` is tested by swapping all answers of whole identities at random between a and b; an ``equivalence``
    by two one-sided tests against the margin, from the paired bootstrap. Both draw people, the same for all training
    runs; the metric is averaged over runs. ``lowest`` and ``highest`` are the differences of single runs, paired by
    their number; null with one run, or where a and b have unequally many.

    Args:
        answers: by condition, from :func:`emovlm.statistics.counts.read_answers`.
        rows: of ``config/comparisons.tsv``; ``clips`` is all, micro, order or plain (all where absent).
        settings: seed, resamples, confidence, classes, tail, and margins (smallest effect that counts, by claim).

    Raises:
        StudyError: a condition is missing, has none of the clips asked for, a and b answer other clips or choose among
            other classes, no clip is of the tail that ``tail_recall`` asks for, or an equivalence has no margin.
    """
    table = pd.DataFrame([_compare(answers, row, settings) for row in rows])
    table["p_holm"] = np.nan
    for _, family in table.groupby("family"):
        table.loc[family.index, "p_holm"] = multipletests(family["p"], method="holm")[1]
    return table


def _compare(answers: dict[str, pd.DataFrame], row: dict, settings: dict) -> dict:
    name, clips = row["comparison"], row.get("clips", ALL)
    a, b = (_answers(answers, row, side, clips) for side in ("a", "b"))
    if sorted(a["clip_id"].unique()) != sorted(b["clip_id"].unique()):
        raise StudyError(f"comparison {name}: {row['a']} and {row['b']} answer different clips, which cannot be paired")
    counts_a, counts_b = count(a, settings["classes"]), count(b, settings["classes"])
    classes, clusters = counts_a.classes, counts_a.clusters
    if classes != counts_b.classes:
        raise StudyError(f"comparison {name}: {row['a']} and {row['b']} choose among different classes")
    if row["metric"] == "tail_recall" and not a["label"].isin(settings["tail"]).any():
        raise StudyError(f"comparison {name}: no clip is of a class of statistics.tail, so there is no tail_recall")
    runs_a, runs_b = counts_a.table.shape[1], counts_b.table.shape[1]
    # Run by run. Where one side has fewer runs, they are repeated evenly, which leaves their mean as it is.
    pairs = np.arange(lcm(runs_a, runs_b))
    table_a, table_b = counts_a.table[:, pairs % runs_a], counts_b.table[:, pairs % runs_b]

    def by_run(first: np.ndarray, second: np.ndarray) -> np.ndarray:
        return np.subtract(*(metric_from_counts(t, row["metric"], classes, settings["tail"]) for t in (first, second)))

    total_a, total_b = table_a.sum(axis=0), table_b.sum(axis=0)
    single = by_run(total_a, total_b)
    observed = float(single.mean())
    weights = bootstrap_weights(clusters, settings["resamples"], settings["seed"])
    spread = by_run(resample(table_a, weights), resample(table_b, weights)).mean(-1)
    spread = spread[~np.isnan(spread)]  # a resample may hold no clip of the tail
    low, high = percentile_interval(spread, settings["confidence"]) if len(clusters) > 1 else (np.nan, np.nan)
    margin = settings["margins"].get(row["claim"])
    if row["test"] == "equivalence":
        if margin is None:
            raise StudyError(f"comparison {name}: an equivalence test needs a margin for the claim {row['claim']}")
        p = equivalence_p(spread, margin)
    else:
        change = resample(table_b - table_a, flips(clusters, settings["resamples"], settings["seed"]))
        p = permutation_p(by_run(total_a + change, total_b - change).mean(-1), observed)
    given_a, given_b = _given(a, runs_a)[pairs % runs_a], _given(b, runs_b)[pairs % runs_b]
    return {
        "comparison": name, "claim": row["claim"], "a": row["a"], "b": row["b"], "clips": clips,
        "metric": row["metric"], "test": row["test"], "family": row["family"], "difference": observed,
        "low": float(low), "high": float(high), "replicates": min(runs_a, runs_b),
        **run_range(single if runs_a == runs_b else single[:1]), "p": p, "margin": margin,
        "changed": float((given_a != given_b).sum(axis=1).mean()), "n": given_a.shape[1],
    }  # fmt: skip


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


def _given(answers: pd.DataFrame, runs: int) -> np.ndarray:
    """What each clip was answered in each run: (runs, clips); clips in the order of their ids."""
    return answered(answers).to_numpy().reshape(runs, -1)


def permutation_p(null: np.ndarray, observed: float) -> float:
    """Two-sided p: the share of permuted differences at least as far from zero, the observed one among them.

    Source: Phipson and Smyth (2010), Permutation p-values should never be zero.
    """
    return float((1 + (np.abs(null) >= abs(observed) - TIE).sum()) / (1 + len(null)))


def equivalence_p(spread: np.ndarray, margin: float) -> float:
    """p of two one-sided tests that the difference lies within +-margin: the larger bootstrap tail beyond the margin.

    It is below alpha exactly if the (1 - 2 alpha) percentile interval lies within the margin, needs no standard error
    (which is zero where no answer changes), and cannot be zero.
    """
    return float((1 + max((spread <= -margin + TIE).sum(), (spread >= margin - TIE).sum())) / (1 + len(spread)))
