"""How each estimator of word frequency ranks the emotions."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from emovlm.core.contracts.frequency import COMPLETE
from emovlm.figures import style
from emovlm.figures.estimators import DRAWN, Estimator, drawn_estimators, in_blocks, name_rows, pairs_of
from emovlm.figures.registry import register_figure
from emovlm.lexicon.estimator import completely_listed

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

ROW_IN = 0.165
HATCHES = {"censored": ("//////", style.GREY), "partial": ("///", style.PALE)}


@register_figure(
    title="Estimators of word frequency",
    caption=(
        "How the estimators of word frequency rank the emotions, and their rank correlation with the primary "
        "estimator of the language. Hatched: the source lists none of the emotion's words, or not all of them."
    ),
    alt="A table of ranks: how each estimator of word frequency ranks the emotions.",
)
def frequency(frequency: pd.DataFrame, estimator_agreement: pd.DataFrame, *, source: str, form: str) -> Figure:
    """Ranks of the emotions by each estimator, among those that it lists completely; 1 is the most frequent.

    Rows are source and form, in blocks of a language; columns are emotions, ordered by the primary estimator of the
    first language. Where the source lists none of an emotion's words the cell is hatched; where it lists some, the
    cell is hatched lightly and says how many of how many. At the right: Spearman's rho with the primary estimator.

    Args:
        frequency: TERM_FREQUENCY.
        estimator_agreement: ESTIMATOR_AGREEMENT, for rho.
        source, form: the primary estimator.
    """
    rows = in_blocks(drawn_estimators(frequency, source))
    if not rows:
        figure = style.new_figure(style.PAGE_IN, 1.2)
        style.say_absent(figure.subplots())
        return figure
    key = list(Estimator._fields)
    counts = completely_listed(frequency).pivot(index=key, columns="emotion", values="count")
    ranks = counts.rank(axis=1, ascending=False).reindex(columns=sorted(frequency["emotion"].unique()))
    first = next(row for row in rows if isinstance(row, Estimator))
    ordered = ranks.reindex(pd.MultiIndex.from_tuples([first], names=key)).iloc[0].sort_values()
    ranks = ranks[ordered.index].reindex(
        pd.MultiIndex.from_tuples([(r, "", "") if isinstance(r, str) else r for r in rows])
    )
    figure = style.new_figure(style.PAGE_IN, 1.1 + ROW_IN * len(rows))
    axes = figure.subplots()
    shown = axes.imshow(ranks, cmap=f"{style.SHADES}_r", vmin=1, vmax=len(ordered) * 1.15, aspect="auto")
    for (row, column), rank in np.ndenumerate(ranks.to_numpy()):
        if np.isfinite(rank):
            color = "white" if shown.norm(rank) < 0.45 else style.INK
            axes.text(column, row, f"{rank:g}", ha="center", va="center", color=color)
    place = {row: k for k, row in enumerate(rows)}
    incomplete = frequency[frequency["form"].isin(DRAWN) & (frequency["listing"] != COMPLETE)]
    for cell in incomplete.itertuples():
        at = ordered.index.get_loc(cell.emotion), place[Estimator(cell.language, cell.source, cell.form)]
        _hatch(axes, *at, *HATCHES[cell.listing])
        if cell.listing == "partial":
            axes.text(*at, f"{cell.terms_listed}/{cell.terms_asked}", ha="center", va="center", color=style.GREY)
    pairs = pairs_of(estimator_agreement)
    for k, row in enumerate(rows):
        pair = frozenset([row, Estimator(row.language, source, form)]) if isinstance(row, Estimator) else None
        if pair in pairs and np.isfinite(pairs[pair].rho):
            axes.text(len(ordered) - 0.3, k, f"{pairs[pair].rho:.2f}".replace("-", "−"), va="center")
    axes.text(len(ordered) - 0.3, 0, "ρ with primary", va="center")
    name_rows(axes, rows, source, form)
    axes.set_xticks(range(len(ordered)), ordered.index, rotation=35, ha="left", rotation_mode="anchor")
    axes.tick_params(length=0, top=True, labeltop=True, bottom=False, labelbottom=False)
    axes.spines[:].set_visible(False)
    axes.set_xticks(np.arange(len(ordered) + 1) - 0.5, minor=True)
    axes.set_yticks(np.arange(len(rows) + 1) - 0.5, minor=True)
    axes.grid(which="minor", color="white", linewidth=0.8)
    axes.tick_params(which="minor", length=0)
    axes.set_axisbelow(False)
    style.foot(
        figure,
        "1: most frequent. Bold: the primary estimator.",
        "Hatched: the source lists none of the emotion's words; hatched lightly: some of them (listed/asked). Both are "
        "left out of ranks and ρ.",
    )
    return figure


def _hatch(axes: Axes, column: int, row: int, hatch: str, color: str) -> None:
    from matplotlib.patches import Rectangle

    axes.add_patch(
        Rectangle((column - 0.5, row - 0.5), 1, 1, facecolor="white", edgecolor=color, hatch=hatch, linewidth=0)
    )
