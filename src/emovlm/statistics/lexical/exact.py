"""Rank correlations of few points with their exact two-sided permutation p, ties included.

scipy's ``kendalltau`` is exact only without ties, and its ``spearmanr`` not at all. Both nulls are counted here by
programmes that pair one variable with growing parts of the other, so that eleven points need no 40 million pairings.
"""

from collections.abc import Iterator
from functools import lru_cache
from itertools import accumulate
from math import comb, prod
from operator import mul, sub

import numpy as np
from scipy.stats import kendalltau

MOST_CLASSES = 14  # the programmes double their work with each class
TIE = 1e-9


def mid_ranks(x: np.ndarray) -> np.ndarray:
    """Ranks from 1, ties at their mean: those of ``scipy.stats.rankdata``, in a tenth of its time for few points."""
    _, which, sizes = np.unique(x, return_inverse=True, return_counts=True)
    return (np.cumsum(sizes) - (sizes - 1) / 2)[which]


def spearman(x: np.ndarray, y: np.ndarray) -> float:
    """Spearman's rho with mid-ranks for ties; nan if x or y is constant."""
    x, y = mid_ranks(x), mid_ranks(y)
    x, y = x - x.mean(), y - y.mean()
    scale = np.sqrt((x @ x) * (y @ y))
    return float(x @ y / scale) if scale > 0 else float("nan")


def exact_spearman(x: np.ndarray, y: np.ndarray) -> tuple[float, float]:
    """Spearman's rho and its exact two-sided permutation p, ties included; (nan, 1) if x or y is constant.

    Raises:
        ValueError: more than ``MOST_CLASSES`` points.
    """
    _check(x)
    rho = spearman(x, y)
    if np.isnan(rho):
        return rho, 1.0
    a, b = (np.rint(2 * mid_ranks(v)).astype(int) for v in (x, y))
    counts = _products(tuple(sorted(a.tolist())), tuple(sorted(b.tolist())))
    centre, observed = a.sum() * b.sum() / len(a), int(a @ b)
    extreme = np.abs(np.arange(len(counts)) - centre) >= abs(observed - centre) - TIE
    return rho, float(counts[extreme].sum() / counts.sum())


def exact_kendall(x: np.ndarray, y: np.ndarray) -> tuple[float, float]:
    """Kendall's tau-b and its exact two-sided permutation p, ties included; (nan, 1) if x or y is constant.

    p is the share of all pairings whose concordant and discordant pairs differ by at least as much, either way.

    Raises:
        ValueError: more than ``MOST_CLASSES`` points.
    """
    _check(x)
    tau = float(kendalltau(x, y).statistic)
    if np.isnan(tau):
        return tau, 1.0
    observed = abs(concordance(x, y))
    sizes = (tuple(np.unique(v, return_counts=True)[1].tolist()) for v in (x, y))
    ways = _concordances(*sorted(sizes, key=len, reverse=True))
    extreme = np.abs(np.arange(len(ways)) - len(ways) // 2) >= observed
    return tau, float(ways[extreme].sum() / ways.sum())


def concordance(x: np.ndarray, y: np.ndarray) -> int:
    """Concordant minus discordant pairs; tied pairs are neither."""
    signs = (np.sign(np.subtract.outer(v, v)) for v in (np.asarray(x), np.asarray(y)))
    return int(np.rint(np.multiply(*signs).sum() / 2))


def _check(x: np.ndarray) -> None:
    if len(x) > MOST_CLASSES:
        raise ValueError(f"exact permutation of {len(x)} points takes too long; at most {MOST_CLASSES}")


@lru_cache(maxsize=256)
def _products(x: tuple[int, ...], y: tuple[int, ...]) -> np.ndarray:
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
                target = subset | 1 << member
                if target not in longer:
                    longer[target] = np.zeros(size, dtype=np.int64)
                longer[target][rank * other : rank * other + len(counts)] += counts[: size - rank * other]
        ways = {subset: counts[: np.flatnonzero(counts)[-1] + 1] for subset, counts in longer.items()}
    return np.pad(ways[(1 << len(y)) - 1], (0, size))[:size]


@lru_cache(maxsize=256)
def _concordances(x: tuple[int, ...], y: tuple[int, ...]) -> np.ndarray:
    """Number of pairings by their concordant minus discordant pairs, for the sizes of the groups of ties of x and y.

    The index is that difference plus the number of all pairs, which is the middle place. The groups of x are filled in
    ascending order. What is left of each group of y says all that matters of the past: a group of x adds, for each of
    its members, the lower ones used before it minus the higher ones. Pairings that only exchange members of one group
    of x count once. y should be the one with fewer groups, which are the states.
    """
    size = 2 * comb(sum(x), 2) + 1
    start = np.zeros(size, dtype=np.int64)
    start[size // 2] = 1
    ways = {y: start}
    for members in x:
        longer: dict[tuple[int, ...], np.ndarray] = {}
        for left, counts in ways.items():
            used = [most - some for most, some in zip(y, left, strict=True)]
            lower = [0, *accumulate(used)]
            gain = [lower[group] - (lower[-1] - lower[group + 1]) for group in range(len(y))]
            for taken in _shares(left, members):
                times = prod(map(comb, left, taken))
                step = sum(map(mul, taken, gain))
                rest = tuple(map(sub, left, taken))
                if rest not in longer:
                    longer[rest] = np.zeros(size, dtype=np.int64)
                longer[rest][max(0, step) : size + min(0, step)] += times * counts[max(0, -step) : size - max(0, step)]
        ways = longer
    return ways[(0,) * len(y)]


def _shares(most: tuple[int, ...], size: int) -> Iterator[tuple[int, ...]]:
    """All ways to take so many in all from some groups."""
    if size == 0 or len(most) == 1:
        yield (size, *[0] * (len(most) - 1))
    elif size == 1:  # without ties always, and quicker without recursion
        for k in (k for k, some in enumerate(most) if some):
            yield (*[0] * k, 1, *[0] * (len(most) - k - 1))
    else:
        rest = sum(most[1:])
        for first in range(max(0, size - rest), min(most[0], size) + 1):
            for others in _shares(most[1:], size - first):
                yield (first, *others)
