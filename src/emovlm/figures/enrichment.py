"""Claim T4: what the text between keyframes adds."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from emovlm.figures import style
from emovlm.figures.labels import CLIPS, context_label, metric_label, runs_note, study_label, system_label
from emovlm.figures.registry import register_figure
from emovlm.statistics.claims import deciding_columns

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

ROW_IN = 0.33


@register_figure(
    title="Text between keyframes",
    caption=(
        "Claim T4: differences of macro-F1 between what the model is shown with the keyframes, with 95% "
        "intervals: evidence of the claim and controls; the published differences stand apart."
    ),
    alt="Forest plot: differences of macro-F1 between enrichment and its controls, with intervals.",
    category="T4",
)
def enrichment(
    comparisons: pd.DataFrame, conditions: pd.DataFrame, paper_msce: pd.DataFrame | None = None, *, study: str
) -> Figure:
    """Forest plot of the differences that belong to claim T4, and the published differences beside it.

    Args:
        comparisons: COMPARISONS, those of claim T4: its evidence (family ``T4``) first, then controls.
        conditions: ``config/conditions.tsv``, for the systems and contexts compared.
        paper_msce: the published scores with and without enrichment (no intervals); their own panel.
        study: the study's id, which names the first panel.
    """
    rows = comparisons[(comparisons["claim"] == "T4") & comparisons["a"].isin(conditions["condition"])]
    rows = pd.concat([rows[rows["family"] == "T4"], rows[rows["family"] != "T4"]])
    published = paper_msce is not None
    datasets = paper_msce["dataset"].nunique() if published else 0
    figure = style.new_figure(style.PAGE_IN, 0.85 + ROW_IN * max(len(rows), datasets + 1, 1))
    if published:
        figure.get_layout_engine().set(wspace=0.05)
        left, right = _panels(figure, datasets + 1, len(rows))
        _published(right, paper_msce)
    else:
        left = figure.subplots()
    left.set_title(study_label(study))
    if rows.empty:
        style.say_absent(left)
        return figure
    about = conditions.set_index("condition")
    for place, row in enumerate(rows.itertuples()):
        several = np.isfinite(row.runs_low)
        low, high, p = (getattr(row, column) for column in deciding_columns(row))
        tested = f"p (runs) {style.p_value(p)}" if several else f"p (Holm) {style.p_value(row.p_holm)}"
        row = row._replace(low=low, high=high)
        color, marker = (style.BLUE, "o") if row.family == "T4" else (style.GREY, "s")
        style.spread(left, place, row.difference, row, color, 0.2, vertical=False)
        left.plot(row.difference, place, marker, color=color, zorder=3)
        left.text(
            1.02,
            place,
            f"{style.signed(row.difference, low, high)}\n{tested}; n = {row.n}",
            transform=left.get_yaxis_transform(),
            va="center",
        )
    _axes(left, [_name(row, about) for row in rows.itertuples()])
    left.set_xlabel(f"difference in {metric_label(rows.iloc[0]['metric'])} (95% interval)")
    style.foot(figure, "Circles: evidence of the claim; squares: controls.", runs_note(int(rows["replicates"].max())))
    return figure


def _panels(figure: Figure, few: int, many: int) -> list[Axes]:
    """A panel with ``many`` rows, and beside its top one with ``few``."""
    ratios = [few, many - few] if many > few else [1]
    rows = [["left", "right"], ["left", "."]][: len(ratios)]
    found = figure.subplot_mosaic(rows, width_ratios=[1.7, 1], height_ratios=ratios)
    return [found["left"], found["right"]]


def _name(row: tuple, about: pd.DataFrame) -> str:
    """What is compared, and with whom, or on which clips where that is not all."""
    shown = [context_label(*about.loc[side, ["frames", "context"]]) for side in (row.a, row.b)]
    whom = system_label(about.loc[row.a, "system"]) if row.clips == "all" else CLIPS[row.clips]
    return f"{shown[0]} − {shown[1]}\n{whom}"


def _published(axes: Axes, table: pd.DataFrame) -> None:
    wide = table.pivot(index=["dataset", "system"], columns="context", values="macro_f1").sort_index(ascending=False)
    gain = wide["msce"] - wide["keyframes"]
    axes.plot(gain, range(len(gain)), "D", color=style.PURPLE, markersize=3.5)
    for place, value in enumerate(gain):
        axes.text(value, place - 0.3, f"{value:+.3f}".replace("-", "−"), ha="center", va="center")
    axes.set_title("Published")
    _axes(axes, [f"{system}\n{dataset}" for dataset, system in gain.index])
    axes.set_xlabel("difference in Macro-F1")
    axes.set_xlim(min(0, gain.min()) - 0.01, gain.max() + 0.012)


def _axes(axes: Axes, names: list[str]) -> None:
    axes.axvline(0, color=style.GREY, linewidth=0.7, zorder=1)
    axes.set_yticks(range(len(names)), names)
    axes.set_ylim(len(names) - 0.5, -0.6)
    axes.grid(axis="x")
