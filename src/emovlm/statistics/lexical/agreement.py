"""How far the estimators of word frequency agree: rank correlations of pairs, and Kendall's W of all.

An estimator is a source and a form in one language. It ranks the classes of which it lists every word.
"""

from itertools import combinations

import numpy as np
import pandas as pd
from scipy.stats import rankdata

from emovlm.core.contracts.statistics import CONCORDANCE, ESTIMATOR_AGREEMENT
from emovlm.core.hashing import rng
from emovlm.lexicon.estimator import completely_listed
from emovlm.statistics.lexical.correlation import LEAST_CLASSES
from emovlm.statistics.lexical.exact import TIE, exact_kendall, exact_spearman

ESTIMATOR = ["language", "source", "form"]


def agree(frequency: pd.DataFrame, form: str) -> pd.DataFrame:
    """ESTIMATOR_AGREEMENT of a TERM_FREQUENCY table: Spearman's rho and Kendall's tau with exact p, pair by pair.

    Pairs are of all estimators of a language, and between languages of those of the primary ``form``. A pair of which
    fewer than five classes are listed by both has its n and no figures; so has one in which either side is constant.
    """
    estimators = frequency[ESTIMATOR].drop_duplicates().sort_values(ESTIMATOR).itertuples(index=False, name=None)
    counts = completely_listed(frequency).set_index("emotion").groupby(ESTIMATOR)["count"]
    counts = dict(iter(counts))
    rows = []
    for a, b in combinations(estimators, 2):
        if a[0] != b[0] and {a[2], b[2]} != {form}:
            continue
        both = pd.concat([counts.get(each, pd.Series(dtype=float)) for each in (a, b)], axis=1, join="inner")
        x, y = both.sort_index().to_numpy().T
        rho, p = exact_spearman(x, y) if len(both) >= LEAST_CLASSES else (np.nan, np.nan)
        tau, p_tau = (np.nan, np.nan) if np.isnan(rho) else exact_kendall(x, y)
        rows.append([*a, *b, len(both), rho, np.nan if np.isnan(rho) else p, tau, p_tau])
    return pd.DataFrame(rows, columns=list(ESTIMATOR_AGREEMENT.columns))


def concord(frequency: pd.DataFrame, agreement: pd.DataFrame, settings: dict) -> pd.DataFrame:
    """CONCORDANCE of the sources of each language and form.

    Args:
        frequency: TERM_FREQUENCY.
        agreement: ESTIMATOR_AGREEMENT of the same table.
        settings: seed, resamples.
    """
    rows, pairs = [], agreement.dropna(subset="rho")
    for (language, form), words in frequency.groupby(["language", "form"]):
        of_both = (pairs[[f"language_{side}" for side in "ab"]] == language).all(axis=1)
        rho = pairs.loc[of_both & (pairs[[f"form_{side}" for side in "ab"]] == form).all(axis=1), "rho"]
        wide = completely_listed(words).pivot(index="source", columns="emotion", values="count")
        wide = wide.reindex(columns=sorted(words["emotion"].unique())).dropna()
        several = len(wide) > 1
        w, p = concordance(wide.to_numpy(), settings["resamples"], settings["seed"]) if several else (np.nan, np.nan)
        rows.append({
            "language": language, "form": form, "estimators": words["source"].nunique(), "pairs": len(rho),
            "rho_median": rho.median(), "rho_lowest": rho.min(), "rho_highest": rho.max(), "complete": len(wide),
            "sources": " ".join(wide.index) or None, "n_classes": wide.shape[1], "w": w, "p": p,
        })  # fmt: skip
    return pd.DataFrame(rows, columns=list(CONCORDANCE.columns))


def concordance(scores: np.ndarray, resamples: int, seed: int) -> tuple[float, float]:
    """Kendall's W of m sources (rows) that rank n classes (columns), and its p; (nan, nan) if all sources are constant.

    W is the variance of the classes' sums of ranks over the largest that it could be, with mid-ranks and the correction
    for ties (Kendall and Babington Smith 1939; Kendall 1948): 1 where all agree. p permutes the ranks of each source by
    themselves. The usual chi-square of m (n - 1) W is Friedman's; with few sources it is too conservative, and the
    permutation test keeps its level (Legendre 2005).
    """
    ranks = rankdata(scores, axis=1)
    m, n = ranks.shape
    ties = sum((sizes**3 - sizes).sum() for sizes in (np.unique(row, return_counts=True)[1] for row in ranks))
    most = (m**2 * (n**3 - n) - m * ties) / 12
    if most < TIE:
        return float("nan"), float("nan")
    observed = _spread(ranks.sum(axis=0))
    draw, sums = rng(seed, "concordance", m, n), np.zeros((resamples, n))
    for row in ranks:
        sums += draw.permuted(np.tile(row, (resamples, 1)), axis=1)
    return float(observed / most), float((1 + (_spread(sums) >= observed - TIE).sum()) / (1 + resamples))


def _spread(sums: np.ndarray) -> np.ndarray:
    """Sum of squared deviations from their mean, over the last axis."""
    return ((sums - sums.mean(axis=-1, keepdims=True)) ** 2).sum(axis=-1)
