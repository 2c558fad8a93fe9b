"""Planned comparisons of two conditions on the same clips."""

import numpy as np
import pandas as pd
from statsmodels.stats.multitest import multipletests

from emovlm.core.errors import StudyError
from emovlm.statistics.bootstrap import bootstrap_weights, flips, percentile_interval, resample
from emovlm.statistics.counts import answered, count
from emovlm.statistics.metrics import metric_from_counts

TIE = 1e-12  # two differences of equal counts may differ by rounding; they count as equal


def compare(answers: dict[str, pd.DataFrame], rows: list[dict], settings: dict) -> pd.DataFrame:
    """COMPARISONS: the metric of a minus that of b, with interval, p, and p corrected by Holm within the family.

    A ``difference`` is tested by swapping the two answers of whole identities at random; an ``equivalence`` by two
    one-sided tests against the margin, from the paired bootstrap.

    Args:
        answers: by condition, from :func:`emovlm.statistics.counts.read_answers`.
        rows: of ``config/comparisons.tsv``.
        settings: seed, resamples, confidence, classes, and margins (smallest effect that counts, by claim).

    Raises:
        StudyError: a condition is missing, a and b answer other clips or choose among other classes, or an equivalence
            has no margin.
    """
    table = pd.DataFrame([_compare(answers, row, settings) for row in rows])
    table["p_holm"] = np.nan
    for _, family in table.groupby("family"):
        table.loc[family.index, "p_holm"] = multipletests(family["p"], method="holm")[1]
    return table


def _compare(answers: dict[str, pd.DataFrame], row: dict, settings: dict) -> dict:
    name = row["comparison"]
    a, b = (_answers(answers, row, side) for side in ("a", "b"))
    if list(a["clip_id"]) != list(b["clip_id"]):
        raise StudyError(f"comparison {name}: {row['a']} and {row['b']} answer different clips, which cannot be paired")
    counts_a, counts_b = count(a, settings["classes"]), count(b, settings["classes"])
    classes, clusters = counts_a.classes, counts_a.clusters
    if classes != counts_b.classes:
        raise StudyError(f"comparison {name}: {row['a']} and {row['b']} choose among different classes")

    def difference(first: np.ndarray, second: np.ndarray) -> np.ndarray:
        return metric_from_counts(first, row["metric"], classes) - metric_from_counts(second, row["metric"], classes)

    observed = float(difference(counts_a.total, counts_b.total))
    weights = bootstrap_weights(clusters, settings["resamples"], settings["seed"])
    spread = difference(resample(counts_a.table, weights), resample(counts_b.table, weights))
    low, high = percentile_interval(spread, settings["confidence"]) if len(clusters) > 1 else (np.nan, np.nan)
    margin = settings["margins"].get(row["claim"])
    if row["test"] == "equivalence":
        if margin is None:
            raise StudyError(f"comparison {name}: an equivalence test needs a margin for the claim {row['claim']}")
        p = equivalence_p(spread, margin)
    else:
        swapped = flips(clusters, settings["resamples"], settings["seed"])
        change = resample(counts_b.table - counts_a.table, swapped)
        p = permutation_p(difference(counts_a.total + change, counts_b.total - change), observed)
    return {
        "comparison": name, "claim": row["claim"], "a": row["a"], "b": row["b"], "metric": row["metric"],
        "test": row["test"], "family": row["family"], "difference": observed, "low": float(low), "high": float(high),
        "p": p, "margin": margin, "changed": int((answered(a).to_numpy() != answered(b).to_numpy()).sum()), "n": len(a),
    }  # fmt: skip


def _answers(answers: dict[str, pd.DataFrame], row: dict, side: str) -> pd.DataFrame:
    if row[side] not in answers:
        raise StudyError(f"comparison {row['comparison']}: no answers of condition {row[side]}")
    return answers[row[side]].sort_values("clip_id").reset_index(drop=True)


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
