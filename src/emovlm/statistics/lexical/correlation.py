"""Rank correlation of recognition by class with the frequency of the class's word.

Seven or eleven classes are few, so p comes from the exact permutation distribution, and the range of rho with one class
left out says how much hangs on a single class. Resampling clips would not: it leaves the classes as they are.
"""

import numpy as np
import pandas as pd

from emovlm.core.contracts.statistics import CORRELATIONS
from emovlm.core.hashing import rng
from emovlm.lexicon.estimator import completely_listed
from emovlm.statistics.lexical.exact import TIE, exact_kendall, exact_spearman, mid_ranks, spearman

LEAST_CLASSES = 5
LEAST_FREE = 4  # classes over the number of covariates
# Where covariates explain more than this of the ranks of both sides, Freedman and Lane's test finds too much: ranks of
# a sum are not sums of ranks, and what is left of both sides is then alike (benchmarks/correlation_calibration.py).
MOST_EXPLAINED = 0.7
COVARIATES = {"given_size": ["clips"], "given_size_and_reliability": ["clips", "cronbach_alpha"]}


def leave_one_out(x: np.ndarray, y: np.ndarray) -> tuple[float, float]:
    """Lowest and highest rho with one point left out; points whose absence leaves x or y constant are not."""
    rhos = [spearman(np.delete(x, i), np.delete(y, i)) for i in range(len(x))]
    return float(np.nanmin(rhos)), float(np.nanmax(rhos))


def standardised(x: np.ndarray) -> np.ndarray:
    """Mid-ranks with mean 0 and length 1: the product of two such vectors is Spearman's rho."""
    ranks = mid_ranks(x)
    ranks = ranks - ranks.mean()
    return ranks / np.sqrt(ranks @ ranks)


def partial_spearman(x: np.ndarray, y: np.ndarray, given: np.ndarray, resamples: int, seed: int) -> tuple[float, float]:
    """Spearman's rho of x and y given covariates (n, k), and its two-sided permutation p.

    Ranks of x and y are regressed on the ranks of the covariates; rho is the correlation of the residuals. p permutes
    the residuals of y at random, adds them to its fitted values and regresses again (Freedman and Lane 1983, the best
    of the approximate tests in Anderson and Legendre 1999). The fit lies in the covariates' span, so only the permuted
    residuals matter. (nan, nan) if fewer than ``LEAST_FREE`` points are left over the covariates, or if the covariates
    leave nothing of x or y. p alone is nan if they explain more than ``MOST_EXPLAINED`` of the ranks of x and of y.
    """
    n, k = given.shape
    if n - k < LEAST_FREE:
        return float("nan"), float("nan")
    design = np.column_stack([np.ones(n), *(mid_ranks(column) for column in given.T)])
    basis, size, _ = np.linalg.svd(design, full_matrices=False)
    basis = basis[:, size > TIE * size[0]]
    rest_x, rest_y = (v - basis @ (basis.T @ v) for v in (mid_ranks(x), mid_ranks(y)))
    if min(rest_x @ rest_x, rest_y @ rest_y) < TIE:
        return float("nan"), float("nan")
    rho = float(rest_x @ rest_y / np.sqrt((rest_x @ rest_x) * (rest_y @ rest_y)))
    explained = (1 - rest @ rest / (np.var(mid_ranks(v)) * n) for rest, v in ((rest_x, x), (rest_y, y)))
    if min(explained) > MOST_EXPLAINED:
        return rho, float("nan")
    orders = rng(seed, "partial", n).permuted(np.tile(np.arange(n), (resamples, 1)), axis=1)
    permuted = rest_y[orders]
    permuted -= (permuted @ basis) @ basis.T
    length = np.sqrt((permuted**2).sum(axis=1) * (rest_x @ rest_x))
    null = np.divide(permuted @ rest_x, length, out=np.zeros(resamples), where=length > TIE)
    return rho, float((1 + (np.abs(null) >= abs(rho) - TIE).sum()) / (1 + resamples))


def correlate(profiles: pd.DataFrame, frequency: pd.DataFrame, classes: pd.DataFrame, settings: dict) -> pd.DataFrame:
    """CORRELATIONS of every profile with every source, language and form.

    Classes of which the source does not list all words are left out; with fewer than five left, or where all values of
    a profile are equal, there is no row. Partial correlations are given only for profiles over all of MAFW's classes,
    since class sizes and reliabilities are MAFW's, and are null where too few classes are left.

    Args:
        profiles: columns subject, origin, kind, emotion, value (F1 or recall; only its ranks count).
        frequency: TERM_FREQUENCY.
        classes: ``mafw_classes.csv``, for clips and cronbach_alpha of each emotion.
        settings: seed, resamples.
    """
    rows = []
    listed = {
        of: words.set_index("emotion")["count"]
        for of, words in completely_listed(frequency).groupby(["language", "source", "form"])
    }
    for (subject, origin, kind), profile in profiles.groupby(["subject", "origin", "kind"]):
        as_mafw = set(profile["emotion"]) == set(classes["emotion"])
        profile = profile.merge(classes[["emotion", "clips", "cronbach_alpha"]], on="emotion", how="left")
        for (language, source, form), words in listed.items():
            both = profile[profile["emotion"].isin(words.index)]
            if len(both) < LEAST_CLASSES:
                continue
            x, y = both["value"].to_numpy(), words[both["emotion"]].to_numpy()
            rho, p = exact_spearman(x, y)
            if np.isnan(rho):
                continue
            low, high = leave_one_out(x, y)
            tau, p_tau = exact_kendall(x, y)
            row = {
                "subject": subject, "origin": origin, "kind": kind, "language": language, "source": source,
                "form": form, "n_classes": len(both), "rho": rho, "p": p, "rho_low": low, "rho_high": high,
                "tau": tau, "p_tau": p_tau,
            }  # fmt: skip
            for name, columns in COVARIATES.items():
                found = np.nan, np.nan
                if as_mafw:
                    found = partial_spearman(x, y, both[columns].to_numpy(), settings["resamples"], settings["seed"])
                row |= dict(zip((f"rho_{name}", f"p_{name}"), found, strict=True))
            rows.append(row)
    return pd.DataFrame(rows, columns=list(CORRELATIONS.columns))
