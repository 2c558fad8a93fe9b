"""Which answers each label gets; for claim L2, where rare emotions go."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from emovlm.figures import style
from emovlm.figures.labels import absent, names_claims, of_claim, one_a_system, system_label
from emovlm.figures.registry import register_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

ROW_IN = 2.45
FAILED = "failed"
FEW = 6  # names that need not be cut
PANELS = 3  # in a row, where rows have no kind in common
SHOWN = ("", "natural", "balanced")  # training samplers with a panel; others are in the paper's tables


@register_figure(
    title="Confusion matrices",
    caption=(
        "Where the answers for each label go, by system, all training runs together. Numbers are per cent of the "
        'label\'s answers, from 10 on; "all" is every answer.'
    ),
    alt="Confusion matrices in per cent of the label's answers, one for each trained system.",
    category="L2",
    needs=lambda study: True,
)
def confusion(
    confusion: pd.DataFrame, conditions: pd.DataFrame, systems: pd.DataFrame, *, classes: list[str]
) -> Figure:
    """Row-normalised confusion matrices before fine-tuning, after natural and after balanced fine-tuning.

    In a study whose conditions serve no claim there is one matrix a system, of its first condition.

    Args:
        confusion: CONFUSION, of all training runs together; cells that are not listed count zero.
        conditions: ``config/conditions.tsv``; those of claim L2 whose system has one of these three trainings, and
            whose answer is the likeliest label, uncorrected.
        systems: ``config/systems.tsv``; one row of panels for each kind of system.
        classes: the emotions in the order of rows and columns.
    """
    if names_claims(conditions):
        wanted = of_claim(conditions, "L2").merge(systems, on="system")
        wanted = wanted[wanted["sampler"].isin(SHOWN) & (wanted["decision"] == "likelihood")]
        wanted = wanted.assign(order=wanted["sampler"].map(SHOWN.index)).sort_values("order", kind="stable")
        wanted = wanted.assign(title=[system_label(name).replace(", ", "\n") for name in wanted["system"]])
        shown = wanted[wanted["condition"].isin(confusion["condition"])]
        rows = [group for _, group in shown.groupby("kind", sort=False)]
    else:
        wanted = one_a_system(conditions)
        shown = wanted[wanted["condition"].isin(confusion["condition"])]
        rows = [shown[start : start + PANELS] for start in range(0, len(shown), PANELS)]
    if not rows:
        figure = style.new_figure(style.PAGE_IN, 1.2)
        style.say_absent(figure.subplots())
        return figure
    width = max(map(len, rows))
    figure = style.new_figure(style.PAGE_IN if width > 1 else style.COLUMN_IN, 0.1 + ROW_IN * len(rows))
    grid = figure.subplots(len(rows), width, squeeze=False)
    with_failures = (confusion["prediction"] == FAILED).any()
    columns = [*classes, FAILED] if with_failures else list(classes)
    for row, group in zip(grid, rows, strict=True):
        members = list(group.itertuples())
        for place, axes in enumerate(row):
            if place >= len(members):
                axes.remove()
                continue
            counts = counts_of(confusion, members[place].condition, classes, columns)
            _matrix(axes, counts, left=place == 0)
            axes.set_title(
                f"{members[place].title}\nn = {int(counts.to_numpy().sum())} answers", fontsize=style.SMALL_PT
            )
    left = [axes for row in grid for axes in row if axes.figure is not None]
    bar = figure.colorbar(left[0].collections[0], ax=left, location="right", shrink=0.5, aspect=25, pad=0.01)
    bar.set_label("share of the label's answers")
    bar.outline.set_visible(False)
    style.foot(figure, absent(list(wanted["condition"]), set(confusion["condition"])))
    return figure


def counts_of(confusion: pd.DataFrame, condition: str, classes: list[str], columns: list[str]) -> pd.DataFrame:
    """Counts of a condition as a matrix, labels down and predictions across."""
    rows = confusion[confusion["condition"] == condition]
    wide = rows.pivot_table(index="label", columns="prediction", values="n", aggfunc="sum", fill_value=0)
    return wide.reindex(index=list(classes), columns=columns, fill_value=0)


def short_names(names: list[str]) -> list[str]:
    """The names cut to the fewest letters, at least four, that still tell them apart."""
    length = 4
    while length < max(map(len, names)) and len({name[:length] for name in names}) < len(names):
        length += 1
    return [name[:length] for name in names]


def _matrix(axes: Axes, counts: pd.DataFrame, left: bool) -> None:
    total = counts.sum(axis=1)
    shares = counts.div(total.where(total > 0), axis=0).fillna(0.0)
    percent = shares.map(lambda share: "all" if share == 1 else f"{100 * share:.0f}")
    marks = np.where(shares >= 0.10, percent, "")
    import seaborn as sns

    sns.heatmap(
        shares,
        ax=axes,
        vmin=0,
        vmax=1,
        cmap=style.SHADES,
        cbar=False,
        annot=marks,
        fmt="",
        square=True,
        annot_kws={"fontsize": style.SMALL_PT},
        linewidths=0.2,
        linecolor="white",
        xticklabels=True if len(counts.columns) <= FEW else short_names(list(counts.columns)),
        yticklabels=left,
    )
    axes.tick_params(length=0, pad=1)
    axes.set(xlabel="predicted", ylabel="label" if left else "")
    axes.tick_params(axis="x", rotation=90)
    axes.tick_params(axis="y", rotation=0)
