"""A plug-in as a study may have it: a metric, a figure and a kind of claim of its own. Tests copy this file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from emovlm.figures import style
from emovlm.figures.registry import register_figure
from emovlm.statistics.claims import (
    AGAINST,
    FOR,
    NEITHER,
    Claim,
    ConditionId,
    Evidence,
    MetricId,
    Results,
    register_claim,
    undefined,
)
from emovlm.statistics.metrics import class_recall, register_metric

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@register_metric("worst_recall", "Worst recall", "Recall of the class that is recognised least.", short="Worst")
def worst_recall(counts: np.ndarray) -> np.ndarray:
    return np.nanmin(class_recall(counts), axis=-1)


@register_figure(
    title="Worst classes",
    caption="Recall of the class that each condition recognises least.",
    alt="Bars: recall of the class that is recognised least, by condition.",
)
def worst_classes(metrics: pd.DataFrame) -> Figure:
    """A bar a condition, from METRICS."""
    rows = metrics[(metrics["metric"] == "worst_recall") & (metrics["clips"] == "all")]
    figure = style.new_figure(style.COLUMN_IN, 0.6 + 0.15 * len(rows))
    axes = figure.subplots()
    axes.barh(rows["condition"], rows["value"], color=style.BLUE)
    axes.set_xlabel("recall of the worst class")
    return figure


@dataclass(frozen=True)
class AtLeast:
    """Keys of a claim that a metric of a condition reaches a value."""

    condition: ConditionId
    metric: MetricId


@register_claim(
    "at_least", "A metric of a condition is at least the margin.", AtLeast, supports="low >= margin",
    refutes="high < margin",
)  # fmt: skip
def at_least(claim: Claim, results: Results) -> list[Evidence]:
    """One piece of evidence: the metric with its interval."""
    keys = claim.keys
    row = results.row("metrics", condition=keys.condition, clips="all", metric=keys.metric)
    if row is None:
        return [undefined(keys.metric, f"{keys.metric} of {keys.condition}")]
    standing = FOR if row["low"] >= claim.margin else AGAINST if row["high"] < claim.margin else NEITHER
    what = f"{keys.metric} of {keys.condition} at least {claim.margin}"
    return [Evidence(keys.metric, what, standing, row["value"], row["low"], row["high"], float("nan"), row["n"])]
