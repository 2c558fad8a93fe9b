"""What a comparison could have shown, and McNemar's test beside it."""

import numpy as np
import pandas as pd
from scipy.stats import t
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.power import TTestPower

from emovlm.statistics.counts import answered
from emovlm.statistics.metrics import METRICS

WANTED = 0.8  # power that a smallest difference is found with


def standard_error(spread: np.ndarray, clusters: int) -> float:
    """Standard error over people from resampled differences, with the factor n / (n - 1); nan if undefined."""
    if clusters < 2 or len(spread) < 2:
        return float("nan")
    return float(np.sqrt(clusters / (clusters - 1)) * spread.std(ddof=1))


def smallest_difference(se: float, clusters: int, alpha: float, power: float = WANTED) -> float:
    """The true difference that a two-sided test at ``alpha`` finds with ``power``: that of a paired t test over people.

    nan where no answer differs, since nothing is then known of how much they vary.
    """
    if not se > 0:
        return float("nan")
    shift = TTestPower().solve_power(nobs=clusters, alpha=alpha, power=power)  # in standard deviations of a person
    return float(np.squeeze(shift) * np.sqrt(clusters) * se)  # statsmodels gives an array where it falls back


def difference_power(margin: float, se: float, clusters: int, alpha: float) -> float:
    """Chance that a two-sided test at ``alpha`` finds a true difference of ``margin``; nan where undefined."""
    if not se > 0:
        return float("nan")
    return float(TTestPower().power(margin / (np.sqrt(clusters) * se), clusters, alpha))


def smallest_margin(se: float, clusters: int, alpha: float, power: float = WANTED) -> float:
    """The margin that two one-sided tests at ``alpha`` keep within with ``power``, if there is no difference."""
    if not se > 0:
        return float("nan")
    return float(se * (t.ppf(1 - alpha, clusters - 1) + t.ppf((1 + power) / 2, clusters - 1)))


def equivalence_power(margin: float, se: float, clusters: int, alpha: float) -> float:
    """Chance that two one-sided tests at ``alpha`` show equivalence within ``margin``, if there is no difference.

    Source: Phillips (1990), with a central t for the difference over its standard error.
    """
    if not se > 0:
        return float("nan")
    room = margin / se - t.ppf(1 - alpha, clusters - 1)
    return float(max(0.0, 2 * t.cdf(room, clusters - 1) - 1))


def mcnemar_p(a: pd.DataFrame, b: pd.DataFrame, metric: str, tail: list[str]) -> float:
    """Exact McNemar test of the clips that one condition recognises and the other does not; nan where it is not one.

    It tests accuracy (of the clips of the tail for a metric of the tail), of one training run, and takes clips for
    independent. So it is none for figures that are not of recognition, and for several runs.

    Args:
        a, b: answers of the two conditions in the same order of clips.
    """
    several = max(a["replicate"].nunique(), b["replicate"].nunique()) > 1
    if several or not METRICS[metric].recognition:
        return float("nan")
    asked = a["label"].isin(tail).to_numpy() if METRICS[metric].of == "tail" else np.ones(len(a), bool)
    right_a, right_b = ((answered(x) == x["label"]).to_numpy()[asked] for x in (a, b))
    table = [[(right_a & right_b).sum(), (right_a & ~right_b).sum()],
             [(~right_a & right_b).sum(), (~right_a & ~right_b).sum()]]  # fmt: skip
    return float(mcnemar(table, exact=True).pvalue)
