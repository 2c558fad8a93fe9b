"""Claim T4: what the text between keyframes adds."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from emovlm.figures import style
from emovlm.figures.labels import metric_label, study_label, system_label


def enrichment(
    comparisons: pd.DataFrame, conditions: pd.DataFrame, paper_msce: pd.DataFrame | None = None, *, study: str
) -> Figure:
    """Forest plot of the differences that belong to claim T4, and the published differences beside it.

    Args:
        comparisons: COMPARISONS, those of claim T4.
        conditions: ``config/conditions.tsv``, for the systems and contexts compared.
        paper_msce: the published scores with and without enrichment (no intervals); their own panel.
        study: the study's id, which names the first panel.
    """
    rows = comparisons[comparisons["claim"] == "T4"]
    published = paper_msce is not None
    datasets = paper_msce["dataset"].nunique() if published else 0
    figure = style.new_figure(style.PAGE_IN, 0.95 + 0.4 * max(len(rows), datasets, 1))
    if published:
        left, right = figure.subplots(1, 2, width_ratios=[1.7, 1])
        _published(right, paper_msce)
    else:
        left = figure.subplots()
    left.set_title(study_label(study))
    if rows.empty:
        style.say_absent(left)
        return figure
    about = conditions.set_index("condition")
    for place, row in enumerate(rows.itertuples()):
        style.interval(left, 0, place, row.low, row.high, style.BLUE, vertical=False)
        left.plot(row.difference, place, "o", color=style.BLUE, zorder=3)
        left.text(
            1.02,
            place,
            f"{style.signed(row.difference, row.low, row.high)}\np (Holm) {style.p_value(row.p_holm)}; n = {row.n}",
            transform=left.get_yaxis_transform(),
            va="center",
        )
    names = [
        f"{system_label(about.loc[row.a, 'system'])}\n{_context(about, row.a)} − {_context(about, row.b)}"
        for row in rows.itertuples()
    ]
    _axes(left, names, f"difference in {metric_label(rows.iloc[0]['metric'])} (95% interval)")
    return figure


def _context(about: pd.DataFrame, condition: str) -> str:
    """What the model gets in a condition: its frames, and the context where there is one."""
    row = about.loc[condition]
    return row["frames"] if row["context"] == "none" else f"{row['frames']} with {row['context']}"


def _published(axes: Axes, table: pd.DataFrame) -> None:
    wide = table.pivot(index=["dataset", "system"], columns="context", values="macro_f1").sort_index(ascending=False)
    gain = wide["msce"] - wide["keyframes"]
    axes.plot(gain, range(len(gain)), "D", color=style.PURPLE, markersize=3.5)
    for place, value in enumerate(gain):
        axes.text(value, place - 0.12, f"{value:+.3f}".replace("-", "−"), ha="center", va="bottom")
    axes.set_title("Published")
    _axes(axes, [f"{system}\n{dataset}" for dataset, system in gain.index], "difference in Macro-F1")
    axes.set_xlim(min(0, gain.min()) - 0.01, gain.max() + 0.012)


def _axes(axes: Axes, names: list[str], xlabel: str) -> None:
    axes.axvline(0, color=style.GREY, linewidth=0.7, zorder=1)
    axes.set_yticks(range(len(names)), names)
    axes.set_ylim(len(names) - 0.5, -0.5)
    axes.set_xlabel(xlabel)
    axes.grid(axis="x")
