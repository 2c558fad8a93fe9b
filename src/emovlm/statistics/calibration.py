"""Calibration: is a system that is 90% sure right in 90% of its answers?

An answer's confidence is the softmax of the scores (log-likelihoods of the labels) at the class that it gave. Answers
without scores, failures among them, are left out. Bins hold equally many answers of all runs; edges are those of the
observed confidences and stay fixed in resamples.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import softmax
from statsmodels.stats.proportion import proportion_confint

from emovlm.core.bootstrap import bootstrap_weights, resample
from emovlm.core.contracts.statistics import RELIABILITY
from emovlm.statistics.counts import answered
from emovlm.statistics.intervals import wider
from emovlm.statistics.metrics import gaps

BINS = 10
FEWEST = 20  # clips that a bin should hold
SHARES = np.linspace(0, 1, 51)  # of the gaps that were seen


@dataclass(frozen=True)
class Binned:
    """Sums of one condition: ``sums`` has shape (clusters, R, bins, 3): answers, their confidence, the right ones."""

    clusters: list[str]
    sums: np.ndarray


def confidences(answers: pd.DataFrame) -> np.ndarray:
    """Probability that a system gave to each of its answers; nan where it gave none."""
    names = [c for c in answers.columns if c.startswith("score_")]
    scores = answers[names].to_numpy(float)
    given = pd.Categorical(answered(answers), [c.removeprefix("score_") for c in names]).codes
    known = (given >= 0) & ~np.isnan(scores).any(axis=1)
    found = np.full(len(answers), np.nan)
    if known.any():
        found[known] = softmax(scores[known], axis=1)[np.arange(known.sum()), given[known]]
    return found


def bin_answers(answers: pd.DataFrame) -> Binned | None:
    """Sums by person, run and bin of the answers that have scores; None if a run has none."""
    confidence = confidences(answers)
    scored = answers.assign(confidence=confidence)[~np.isnan(confidence)]
    clusters, runs = (sorted(answers[key].unique()) for key in ("identity", "replicate"))
    if scored["replicate"].nunique() < len(runs):
        return None
    bins = int(np.clip(len(scored) / len(runs) // FEWEST, 1, BINS))
    edges = np.quantile(scored["confidence"], np.arange(1, bins) / bins)
    number = np.searchsorted(edges, scored["confidence"], side="right")
    occupied, number = np.unique(number, return_inverse=True)  # equal confidences share a bin
    sums = np.zeros((len(clusters), len(runs), len(occupied), 3))
    where = (*(pd.Categorical(scored[key], names).codes for key, names in
               (("identity", clusters), ("replicate", runs))), number)  # fmt: skip
    right = (scored["prediction"] == scored["label"]).to_numpy(float)
    np.add.at(sums, where, np.column_stack([np.ones(len(scored)), scored["confidence"], right]))
    return Binned(clusters, sums)


def ece_interval(binned: Binned, settings: dict) -> tuple[float, float]:
    """Interval of the error that the clips stand for, averaged over runs; (nan, nan) for a single person.

    Where gaps are small, all chance widens them, and no shift of the bootstrap corrects that. The lower end is found by
    trying: shrink the gaps that were seen to a share, add the noise of resamples, and keep the smallest share that
    still gives an error as large as the one seen in the upper tail. The upper end is the error plus the spread of
    resamples below their mean; the bias is left in it, so that it is on the safe side where gaps are small.
    """
    clusters = len(binned.clusters)
    if clusters < 2:
        return float("nan"), float("nan")
    seen = gaps(binned.sums.sum(axis=0))
    weights = bootstrap_weights(binned.clusters, settings["resamples"], settings["seed"])
    noise = gaps(resample(binned.sums, weights)) - seen
    tail = (1 - wider(settings["confidence"], clusters)) / 2
    value = np.abs(seen).sum(-1).mean()
    possible = [np.abs(share * seen + noise).sum(-1).mean(-1) for share in SHARES]
    reached = [share for share, errors in zip(SHARES, possible, strict=True) if np.quantile(errors, 1 - tail) >= value]
    low = value * min(reached, default=1.0)
    high = value + possible[-1].mean() - np.quantile(possible[-1], tail)
    return float(low), float(min(high, 1.0))


def reliability_table(answers: dict[str, pd.DataFrame], settings: dict) -> pd.DataFrame:
    """RELIABILITY of every condition that has scores, on all clips: all runs together, n by run.

    Intervals are Wilson's with n clips: those of one person seldom share a bin.
    """
    rows = []
    for condition, frame in answers.items():
        binned = bin_answers(frame)
        if binned is None:
            continue
        runs = binned.sums.shape[1]
        for number, (n, confidence, right) in enumerate(binned.sums.sum(axis=(0, 1))):
            low, high = proportion_confint(right / runs, n / runs, alpha=1 - settings["confidence"], method="wilson")
            rows.append({"condition": condition, "bin": number, "confidence": confidence / n, "accuracy": right / n,
                         "low": low, "high": high, "n": max(1, round(n / runs))})  # fmt: skip
    return pd.DataFrame(rows, columns=list(RELIABILITY.columns))
