"""Intervals for the people that a test set stands for, and for further training runs as well.

`make calibrate` measures how often they cover; `docs/explanation/statistics.md` has the table.
"""

from dataclasses import dataclass
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


@dataclass(frozen=True)
class OverRuns:
    """The mean of a figure over training runs, with its uncertainty for further people and further runs.

    Attributes:
        value: the mean of the runs.
        middle: the same without the bias of resampling, where that is taken out.
        se: standard error; nan for a single run or person, where nothing else is known either.
        freedom: degrees of freedom.
    """

    value: float
    middle: float
    se: float = float("nan")
    freedom: float = float("nan")

    def interval(self, confidence: float, bounds: tuple[float, float]) -> Interval:
        """The t interval, within ``bounds`` (lowest and highest value that the figure can have); nan if undefined."""
        if not self.se > 0:
            return (np.nan, np.nan) if np.isnan(self.se) else (self.value, self.value)
        reach = t.ppf((1 + confidence) / 2, self.freedom) * self.se
        low, high = np.clip([self.middle - reach, self.middle + reach], *bounds)
        return min(low, self.value), max(high, self.value)

    def p(self) -> float:
        """Two-sided p of the t test that the figure is 0; nan if undefined."""
        if self.se == 0:
            return float(self.middle == 0)
        return float(2 * t.sf(abs(self.middle) / self.se, self.freedom))

    def p_within(self, margin: float) -> float:
        """p of two one-sided t tests that the figure lies within +-margin; nan if undefined."""
        room = margin - abs(self.middle)
        if self.se == 0:
            return float(room <= 0)
        return float(t.sf(room / self.se, self.freedom))


def with_runs(spread: np.ndarray, values: np.ndarray, clusters: int, biased: bool = False) -> OverRuns:
    """The mean of several training runs, with its uncertainty for further people and further runs.

    People and runs are crossed. The variance of the mean is that over people (bootstrap, runs kept), plus what runs
    vary beyond people's noise in each: (variance of the runs - that of their differences over people) / R, not below
    0. The degrees of freedom are Satterthwaite's, of all the variance seen between runs. A mixed model would need a
    figure that is a mean over clips; on such a figure this is the analysis of variance of two crossed factors.
    Source: Owen (2007), The pigeonhole bootstrap; Satterthwaite (1946).

    Args:
        spread: (resamples, R), the figure in each run.
        values: (R,), the figure in each run.
        clusters: number of people.
        biased: take out what resampling moves the figure by.
    """
    runs, value = len(values), float(values.mean())
    spread = spread[~np.isnan(spread).any(axis=1)]
    if runs < 2 or clusters < 2 or len(spread) < 2:
        return OverRuns(value, value)
    factor = clusters / (clusters - 1)
    people = factor * spread.mean(axis=1).var(ddof=1)
    noise = factor * (spread - spread.mean(axis=1, keepdims=True)).var(axis=0, ddof=1).sum() / (runs - 1)
    between = values.var(ddof=1)
    variance = people + max(0.0, between - noise) / runs
    middle = value - (float(spread.mean()) - value if biased else 0.0)
    if variance == 0:
        return OverRuns(value, middle, 0.0)
    freedom = variance**2 / (people**2 / (clusters - 1) + (between / runs) ** 2 / (runs - 1))
    return OverRuns(value, middle, float(np.sqrt(variance)), float(max(freedom, 1.0)))
