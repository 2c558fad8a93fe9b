"""Claim L1: recall of each class over how often its organism read the class's name."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from emovlm.figures import style
from emovlm.figures.labels import system_label
from emovlm.figures.registry import register_figure
from emovlm.statistics.claims import deciding_columns

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MARKS = ("o", "s", "^", "D", "v", "P", "X")
DASHES = ("-", "--", ":", "-.", (0, (3, 1, 1, 1, 1, 1)))
WITHIN = "within"
TOP = 1.06


@register_figure(
    title="Recall by exposure",
    caption=(
        "Claim L1: recall of each class over how often the captions name it, by variant of the captions; thin lines "
        "join the same class. Right: each change of recall between variants over the change of exposure, with the "
        "fitted slope."
    ),
    alt="Dots over a logarithmic axis: recall of each class by how often its name was read, coloured by variant.",
    category="L1",
)
def dose_response(doses: pd.DataFrame, slopes: pd.DataFrame, conditions: pd.DataFrame) -> Figure:
    """Recall over exposure; beside it the same without what classes and conditions have in common, and the slope.

    Args:
        doses: DOSES.
        slopes: SLOPES; those within classes are drawn.
        conditions: ``config/conditions.tsv``, for the system of each condition.
    """
    rows = slopes[slopes["kind"] == WITHIN]
    figure = style.new_figure(style.PAGE_IN, 3.4 + 0.13 * max(0, len(rows) - 1))
    left, right = figure.subplots(1, 2, width_ratios=[1.25, 1])
    if doses.empty or rows.empty:
        style.say_absent(left)
        style.say_absent(right)
        return figure
    system = conditions.set_index("condition")["system"]
    shown = list(doses["condition"].unique())
    look = {name: {"color": style.SERIES[k % len(style.SERIES)], "marker": MARKS[k % len(MARKS)]}
            for k, name in enumerate(shown)}  # fmt: skip
    for _, group in doses.groupby("emotion"):
        line = group.sort_values("exposure")
        left.plot(line["exposure"], line["recall"], color=style.PALE, linewidth=0.7, zorder=1, label="_class")
    for name, part in doses.groupby("condition", sort=False):
        for point in part.itertuples():
            style.interval(left, point.exposure, point.recall, point.low, point.high, look[name]["color"])
        left.plot(part["exposure"], part["recall"], linestyle="none", mec="white", mew=0.4, zorder=3, **look[name],
                  label=system_label(system[name]))  # fmt: skip
    left.set_xscale("log")
    left.set(xlabel="times the name was read", ylabel="recall of the class", ylim=(-0.03, TOP))
    left.set_title("Each class, each variant")
    spread = []
    for number, row in enumerate(rows.itertuples()):
        part = doses[doses["condition"].isin(row.conditions.split())]
        x, y = (_rest(part.assign(exposure=np.log10(part["exposure"])), column) for column in ("exposure", "recall"))
        if number == 0:
            for name in part["condition"].unique():
                of = (part["condition"] == name).to_numpy()
                right.plot(x[of], y[of], linestyle="none", mec="white", mew=0.4, zorder=3, label="_points",
                           **look[name])  # fmt: skip
        ends = np.array([x.min(), x.max()])
        low, high, _ = (getattr(row, column) for column in deciding_columns(row))
        right.plot(ends, row.estimate * ends, color=style.INK, linestyle=DASHES[number % len(DASHES)], zorder=4,
                   label=f"{row.slope}: {style.signed(row.estimate, low, high)}")  # fmt: skip
        spread.append(f"{row.slope}: n = {row.n} clips, {row.n_classes} classes, {row.replicates} run"
                      f"{'s' * (row.replicates > 1)}")  # fmt: skip
    right.axhline(0, color=style.GREY, linewidth=0.6, zorder=0)
    right.axvline(0, color=style.GREY, linewidth=0.6, zorder=0)
    right.set(xlabel="log10 exposure, less means of class and variant", ylabel="recall, less the same means")
    right.set_title("Within classes; slope: recall per tenfold")
    handles, labels = left.get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper center", ncols=min(3, len(labels)))
    right.legend(loc="upper left", fontsize=style.SMALL_PT)
    low, high = right.get_ylim()
    right.set_ylim(low, high + 0.1 * (1 + len(rows)) * (high - low))  # room for the legend
    several = doses["replicates"].max() > 1
    style.foot(
        figure,
        f"Lines over dots: 95% intervals over people{' and training runs' if several else ''}; grey lines: a class.",
        f"Points on the right: of {rows.iloc[0]['slope']}.",
        f"{'; '.join(spread)}.",
    )
    return figure


def _rest(part: pd.DataFrame, column: str) -> np.ndarray:
    """A column of DOSES less its means by class and by condition, plus the mean of all."""
    values = part[column]
    means = [values.groupby(part[key]).transform("mean") for key in ("emotion", "condition")]
    return (values - sum(means) + values.mean()).to_numpy()
