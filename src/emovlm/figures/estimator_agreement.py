"""How far the estimators of word frequency agree."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from emovlm.figures import style
from emovlm.figures.estimators import Estimator, Pair, drawn_estimators, in_blocks, name_rows, pairs_of
from emovlm.figures.labels import LANGUAGES
from emovlm.figures.registry import register_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

CELL_IN = 0.25
NAMES_IN = 1.6  # of sources, beside and below the cells
LEAST_IN = 5.2  # below it titles would meet
DARK = 0.6  # rho from which text is white


@register_figure(
    title="Agreement of the estimators of word frequency",
    caption=(
        "Spearman's ρ between the sources of word counts, over the classes of which both list every word. On the "
        "right: between word forms of the same source. Below ρ the number of classes, where it is not all."
    ),
    alt="A heat map: the rank correlation of each pair of sources of word counts, English and Chinese in blocks.",
)
def estimator_agreement(
    frequency: pd.DataFrame, estimator_agreement: pd.DataFrame, concordance: pd.DataFrame, *, source: str, form: str
) -> Figure:
    """Rho of each pair of sources in the primary form (lower triangle), and of the forms of each source beside it.

    Args:
        frequency: TERM_FREQUENCY, for which estimators there are.
        estimator_agreement: ESTIMATOR_AGREEMENT.
        concordance: CONCORDANCE, for W of each language.
        source, form: the primary estimator.
    """
    estimators = drawn_estimators(frequency, source)
    rows = in_blocks([each for each in estimators if each.form == form])
    if not rows:
        figure = style.new_figure(style.PAGE_IN, 1.2)
        style.say_absent(figure.subplots())
        return figure
    pairs, every = pairs_of(estimator_agreement), frequency["emotion"].nunique()
    between = list(combinations(dict.fromkeys(each.form for each in estimators), 2))
    start = len(rows) - 0.3  # of the columns of forms; the last source has no column
    width = min(style.PAGE_IN, max(LEAST_IN, NAMES_IN + CELL_IN * (len(rows) + len(between))))
    figure = style.new_figure(width, NAMES_IN + CELL_IN * len(rows))
    axes = figure.subplots()
    for y, row in enumerate(rows):
        if isinstance(row, Estimator):
            for x, column in enumerate(rows[:y]):
                if isinstance(column, Estimator):
                    _cell(axes, x, y, pairs.get(frozenset([row, column])), every)
            for x, names in enumerate(between):
                _cell(axes, start + x, y, pairs.get(frozenset(row._replace(form=name) for name in names)), every)
    right = start + len(between) - 0.5 if between else len(rows) - 1.5
    axes.set(xlim=(0.4, right), ylim=(len(rows) - 0.5, -0.5))
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0)
    name_rows(axes, rows, source, form, forms=False)
    named = {x: row for x, row in enumerate(rows[:-1]) if isinstance(row, Estimator)}
    axes.set_xticks(
        [*named, *(start + x for x in range(len(between)))],
        [*(row.source for row in named.values()), *(f"{a}, {b}" for a, b in between)],
        rotation=40, ha="right", rotation_mode="anchor",
    )  # fmt: skip
    for label, row in zip(axes.get_xticklabels(), named.values(), strict=False):
        label.set_fontweight("bold" if (row.source, row.form) == (source, form) else "normal")
    bold = {"fontweight": "bold", "va": "bottom", "fontsize": 8}
    axes.text(0.5, -0.5, f"Between sources ({form})", ha="left", **bold)
    if between:
        axes.text(right, -0.5, "Between forms", ha="right", **bold)
    _say_concordance(axes, rows, concordance[concordance["form"] == form])
    style.foot(
        figure,
        f"ρ over the classes of which both list every word; in brackets their number, where it is not all {every}. "
        "Hatched: fewer than five. Bold: the primary estimator.",
    )
    return figure


def _cell(axes: Axes, x: int, y: int, pair: Pair | None, every: int) -> None:
    """One pair: a coloured square with rho, and n where it is not all; hatched where there is no rho."""
    from matplotlib import colormaps
    from matplotlib.patches import Rectangle

    if pair is None:
        return
    place, size = (x - 0.48, y - 0.48), 0.96
    if np.isnan(pair.rho):
        axes.add_patch(
            Rectangle(place, size, size, facecolor="white", edgecolor=style.PALE, hatch="/////", linewidth=0)
        )
        return
    color = colormaps[style.SHADES](max(pair.rho, 0) * 0.9)
    axes.add_patch(Rectangle(place, size, size, facecolor=color, linewidth=0))
    number = "1.0" if pair.rho > 0.995 else f"{pair.rho:.2f}".replace("-", "−").replace("0.", ".")
    axes.text(
        x, y, number if pair.n == every else f"{number}\n({pair.n})", ha="center", va="center", linespacing=0.95,
        color="white" if pair.rho > DARK else style.INK,
    )  # fmt: skip


def _say_concordance(axes: Axes, rows: list[Estimator | str], concordance: pd.DataFrame) -> None:
    """Write above the triangle of each language what all its sources together say."""
    for row in concordance.itertuples():
        if row.pairs:
            words = [f"ρ: median {row.rho_median:.2f}, {row.rho_lowest:.2f} to {row.rho_highest:.2f}"]
            if np.isfinite(row.w):
                words.append(f"W = {row.w:.2f}, p {style.p_value(row.p)} ({row.complete} sources)")
            place = rows.index(LANGUAGES[row.language])
            axes.text(place + 1.6, place + 0.1, "\n".join(words).replace("-", "−"), va="center", linespacing=1.3)
