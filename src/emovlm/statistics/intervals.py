"""Intervals for the people that a test set stands for, and for further training runs as well.

`make calibrate` measures how often they cover; `docs/statistics.md` has the table.
"""

from functools import lru_cache

import numpy as np
from scipy.stats import norm, t

from emovlm.core.bootstrap import percentile_interval

Interval = tuple[np.ndarray, np.ndarray]


@lru_cache(maxsize=1024)
def wider(confidence: float, clusters: int) -> float:
    """The confidence at which to read percentiles so that ``clusters`` people cover as ``confidence`` says.

    A bootstrap spreads too little by (n - 1) / n and takes normal for t quantiles. The remedy is to read percentiles
    further out, which for 60 people means 95.6% instead of 95%. Source: Hesterberg (2015), What teachers should know
    about the bootstrap (expanded percentile interval).
    """
    return 1 - 2 * norm.cdf(-np.sqrt(clusters / (clusters - 1)) * t.ppf((1 + confidence) / 2, clusters - 1))


def percentile(spread: np.ndarray, clusters: int, confidence: float) -> Interval:
    """Expanded percentile interval of resampled values over the first axis; undefined ones (nan) are left out."""
    return percentile_interval(spread, wider(confidence, clusters))


def without_bias(interval: Interval, bias: float, value: float, bounds: tuple[float, float]) -> Interval:
    """A percentile interval of a figure that resampling moves by ``bias``, for what the clips stand for.

    The clips moved the figure as well, by about as much, so that the interval lies off by twice the bias. It stays
    within ``bounds`` and reaches the figure itself.
    """
    low, high = np.clip(np.subtract(interval, 2 * bias), *bounds)
    return np.minimum(low, value), np.maximum(high, value)


def with_runs(
    spread: np.ndarray, values: np.ndarray, clusters: int, confidence: float, bounds: tuple[float, float],
    biased: bool = False,
) -> Interval:  # fmt: skip
    """Interval of the mean of several training runs for further people and further runs: t about the mean.

    People and runs are crossed. The variance of the mean is that over people (bootstrap, runs kept), plus what runs
    vary beyond people's noise in each: (variance of the runs - that of their differences over people) / R, not below
    0. The degrees of freedom are Satterthwaite's, of all the variance seen between runs. A mixed model would need a
    figure that is a mean over clips; on such a figure this is the analysis of variance of two crossed factors.
    Source: Owen (2007), The pigeonhole bootstrap; Satterthwaite (1946).

    Args:
        spread: (resamples, R), the figure in each run.
        values: (R,), the figure in each run.
        clusters: number of people.
        bounds: the lowest and highest value that the figure can have.
        biased: take out what resampling moves the figure by.

    Returns:
        (nan, nan) for a single run or person.
    """
    runs, value = len(values), float(values.mean())
    spread = spread[~np.isnan(spread).any(axis=1)]
    if runs < 2 or clusters < 2 or len(spread) < 2:
        return np.nan, np.nan
    factor = clusters / (clusters - 1)
    people = factor * spread.mean(axis=1).var(ddof=1)
    noise = factor * (spread - spread.mean(axis=1, keepdims=True)).var(axis=0, ddof=1).sum() / (runs - 1)
    between = values.var(ddof=1)
    variance = people + max(0.0, between - noise) / runs
    if variance == 0:
        return value, value
    freedom = variance**2 / (people**2 / (clusters - 1) + (between / runs) ** 2 / (runs - 1))
    reach = t.ppf((1 + confidence) / 2, max(freedom, 1.0)) * np.sqrt(variance)
    middle = value - (spread.mean() - value if biased else 0.0)
    low, high = np.clip([middle - reach, middle + reach], *bounds)
    return min(low, value), max(high, value)
