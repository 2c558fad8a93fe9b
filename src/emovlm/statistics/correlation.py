"""Rank correlation of recognition by class with the frequency of the class's word.

Seven or eleven classes are few, so p comes from the exact permutation distribution, and the range of rho with one class
left out says how much hangs on a single class. Resampling clips would not: it leaves the classes as they are.
"""

from functools import lru_cache

import numpy as np
import pandas as pd
from scipy.stats import rankdata

from emovlm.core.contracts.statistics import CORRELATIONS
from emovlm.core.hashing import rng

LEAST_CLASSES = 5
LEAST_FREE = 4  # classes over the number of covariates
COVARIATES = {"given_size": ["clips"], "given_size_and_reliability": ["clips", "cronbach_alpha"]}
MOST_CLASSES = 14  # the programme over subsets doubles its work with each class
TIE = 1e-9


def spearman(x: np.ndarray, y: np.ndarray) -> float:
    """Spearman's rho with mid-ranks for ties; nan if x or y is constant."""
    x, y = rankdata(x), rankdata(y)
    x, y = x - x.mean(), y - y.mean()
    scale = np.sqrt((x @ x) * (y @ y))
    return float(x @ y / scale) if scale > 0 else float("nan")


@lru_cache(maxsize=256)
def _null(x: tuple[int, ...], y: tuple[int, ...]) -> np.ndarray:
    """Number of pairings of doubled ranks x with y by their sum of products (the index).

    Each subset of y is reached by pairing its members with the first entries of x; counts of a subset follow from those
    of the subsets with one member less. n! pairings cost n 2^n vector additions.
    """
    size = sum(a * b for a, b in zip(sorted(x), sorted(y), strict=True)) + 1
    ways = {0: np.ones(1, dtype=np.int64)}
    for rank in x:
        longer: dict[int, np.ndarray] = {}
        for subset, counts in ways.items():
            for member, other in enumerate(y):
                if subset >> member & 1:
                    continue
                target = longer.setdefault(subset | 1 << member, np.zeros(size, dtype=np.int64))
                target[rank * other : rank * other + len(counts)] += counts[: size - rank * other]
        ways = {subset: np.trim_zeros(counts, "b") for subset, counts in longer.items()}
    return np.pad(ways[(1 << len(y)) - 1], (0, size))[:size]


def exact_spearman(x: np.ndarray, y: np.ndarray) -> tuple[float, float]:
    """Spearman's rho and its exact two-sided permutation p, ties included; (nan, 1) if x or y is constant.

    Raises:
        ValueError: more than ``MOST_CLASSES`` points.
    """
    if len(x) > MOST_CLASSES:
        raise ValueError(f"exact permutation of {len(x)} points takes too long; at most {MOST_CLASSES}")
    rho = spearman(x, y)
    if np.isnan(rho):
        return rho, 1.0
    a, b = (np.rint(2 * rankdata(v)).astype(int) for v in (x, y))
    counts = _null(tuple(sorted(a.tolist())), tuple(sorted(b.tolist())))
    centre, observed = a.sum() * b.sum() / len(a), int(a @ b)
    extreme = np.abs(np.arange(len(counts)) - centre) >= abs(observed - centre) - TIE
    return rho, float(counts[extreme].sum() / counts.sum())


def leave_one_out(x: np.ndarray, y: np.ndarray) -> tuple[float, float]:
    """Lowest and highest rho with one point left out; points whose absence leaves x or y constant are not."""
    rhos = [spearman(np.delete(x, i), np.delete(y, i)) for i in range(len(x))]
    return float(np.nanmin(rhos)), float(np.nanmax(rhos))


def standardised(x: np.ndarray) -> np.ndarray:
    """Mid-ranks with mean 0 and length 1: the product of two such vectors is Spearman's rho."""
    ranks = rankdata(x) - rankdata(x).mean()
    return ranks / np.sqrt(ranks @ ranks)


def partial_spearman(x: np.ndarray, y: np.ndarray, given: np.ndarray, resamples: int, seed: int) -> tuple[float, float]:
    """Spearman's rho of x and y given covariates (n, k), and its two-sided permutation p.

    Ranks of x and y are regressed on the ranks of the covariates; rho is the correlation of the residuals. p permutes
    the residuals of y at random, adds them to its fitted values and regresses again (Freedman and Lane 1983, the best
    of the approximate tests in Anderson and Legendre 1999). The fit lies in the covariates' span, so only the permuted
    residuals matter. (nan, nan) if fewer than ``LEAST_FREE`` points are left over the covariates, or if the covariates
    leave nothing of x or y.
    """
    n, k = given.shape
    if n - k < LEAST_FREE:
        return float("nan"), float("nan")
    design = np.column_stack([np.ones(n), *(rankdata(column) for column in given.T)])
    basis, size, _ = np.linalg.svd(design, full_matrices=False)
    basis = basis[:, size > TIE * size[0]]
    rest_x, rest_y = (v - basis @ (basis.T @ v) for v in (rankdata(x), rankdata(y)))
    if min(rest_x @ rest_x, rest_y @ rest_y) < TIE:
        return float("nan"), float("nan")
    orders = rng(seed, "partial", n).permuted(np.tile(np.arange(n), (resamples, 1)), axis=1)
    permuted = rest_y[orders]
    permuted -= (permuted @ basis) @ basis.T
    length = np.sqrt((permuted**2).sum(axis=1) * (rest_x @ rest_x))
    null = np.divide(permuted @ rest_x, length, out=np.zeros(resamples), where=length > TIE)
    rho = rest_x @ rest_y / np.sqrt((rest_x @ rest_x) * (rest_y @ rest_y))
    return float(rho), float((1 + (np.abs(null) >= abs(rho) - TIE).sum()) / (1 + resamples))


def correlate(profiles: pd.DataFrame, frequency: pd.DataFrame, classes: pd.DataFrame, settings: dict) -> pd.DataFrame:
    """CORRELATIONS of every profile with every source, language and form.

    Classes that the source does not list (censored) are left out; with fewer than five left, or where all values of a
    profile are equal, there is no row. Partial correlations are given only for profiles over all of MAFW's classes,
    since class sizes and reliabilities are MAFW's, and are null where too few classes are left.

    Args:
        profiles: columns subject, origin, kind, emotion, value (F1 or recall; only its ranks count).
        frequency: TERM_FREQUENCY.
        classes: ``mafw_classes.csv``, for clips and cronbach_alpha of each emotion.
        settings: seed, resamples.
    """
    rows = []
    listed = frequency[~frequency["censored"]]
    for (subject, origin, kind), profile in profiles.groupby(["subject", "origin", "kind"]):
        as_mafw = set(profile["emotion"]) == set(classes["emotion"])
        profile = profile.merge(classes[["emotion", "clips", "cronbach_alpha"]], on="emotion", how="left")
        for (language, source, form), words in listed.groupby(["language", "source", "form"]):
            both = profile.merge(words, on="emotion")
            if len(both) < LEAST_CLASSES:
                continue
            x, y = both["value"].to_numpy(), both["count"].to_numpy()
            rho, p = exact_spearman(x, y)
            if np.isnan(rho):
                continue
            low, high = leave_one_out(x, y)
            row = {
                "subject": subject, "origin": origin, "kind": kind, "language": language, "source": source,
                "form": form, "n_classes": len(both), "rho": rho, "p": p, "rho_low": low, "rho_high": high,
            }  # fmt: skip
            for name, columns in COVARIATES.items():
                found = np.nan, np.nan
                if as_mafw:
                    found = partial_spearman(x, y, both[columns].to_numpy(), settings["resamples"], settings["seed"])
                row |= dict(zip((f"rho_{name}", f"p_{name}"), found, strict=True))
            rows.append(row)
    return pd.DataFrame(rows, columns=list(CORRELATIONS.columns))
