"""How the study's figures look: sizes, fonts, colours and the small marks that all figures share.

The colours are the palette of Okabe and Ito (2008), which people with the common colour-vision
deficiencies can tell apart. The font ships with matplotlib, so that pictures do not depend on the
fonts of a machine.
"""

from __future__ import annotations

import textwrap
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLUMN_IN = 3.3  # width of a text column
PAGE_IN = 6.9  # width of the text block
SMALL_PT = 7.0  # no text is smaller

BLUE, ORANGE, GREEN, RED, PURPLE, SKY = "#0072B2", "#E69F00", "#009E73", "#D55E00", "#CC79A7", "#56B4E9"
INK, GREY, PALE = "#222222", "#6B6B6B", "#D9D9D9"
SERIES = (BLUE, ORANGE, GREEN, RED, PURPLE, SKY)
SHADES = "Blues"  # for shares and ranks

ABSENT = "not run in this study"

RC = {
    "font.family": "DejaVu Sans",
    "font.size": SMALL_PT,
    "axes.titlesize": 8,
    "axes.titlelocation": "left",
    "axes.titleweight": "bold",
    "axes.labelsize": SMALL_PT,
    "xtick.labelsize": SMALL_PT,
    "ytick.labelsize": SMALL_PT,
    "legend.fontsize": SMALL_PT,
    "legend.frameon": False,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": GREY,
    "axes.labelcolor": INK,
    "text.color": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "axes.linewidth": 0.6,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "xtick.major.size": 2.5,
    "ytick.major.size": 2.5,
    "lines.linewidth": 1.2,
    "lines.markersize": 4,
    "grid.color": PALE,
    "grid.linewidth": 0.5,
    "axes.axisbelow": True,
    "figure.dpi": 100,
    "savefig.dpi": 250,
    "pdf.fonttype": 42,
    "svg.hashsalt": "emovlm",
}


def context() -> AbstractContextManager:
    """The style as a context: draw and save inside it."""
    import matplotlib

    return matplotlib.rc_context({**matplotlib.rcParamsDefault, **RC, "backend": "agg"})


def new_figure(width_in: float, height_in: float) -> Figure:
    """An empty figure that lays itself out so that nothing overlaps or is cut off."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width_in, height_in), layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def interval(axes: Axes, x: float, y: float, low: float, high: float, color: str, vertical: bool = True) -> None:
    """A thin line over a confidence interval; nothing where the table holds none."""
    if np.isfinite(low) and np.isfinite(high):
        ends = ([x, x], [low, high]) if vertical else ([low, high], [y, y])
        axes.plot(*ends, color=color, linewidth=1.0, alpha=0.55, solid_capstyle="butt", label="_interval", zorder=2)


def spread(axes: Axes, at: float, value: float, row: tuple, color: str, aside: float, vertical: bool = True) -> None:
    """What a figure of METRICS or COMPARISONS is uncertain by: its interval, and ``aside`` small dots for single runs.

    Args:
        at: place across the values, where the interval is drawn.
        value: mean over runs.
        row: with low, high, replicates, lowest and highest.
        aside: from ``at`` to the dots; there are none with one run, and the two outermost with more than three.
    """
    interval(axes, *((at, 0) if vertical else (0, at)), row.low, row.high, color, vertical)
    if not np.isfinite(row.lowest):
        return
    runs = [row.lowest, row.highest]
    if row.replicates == 3:  # the third follows from the mean
        runs.insert(1, 3 * value - sum(runs))
    across = [at + aside] * len(runs)
    axes.plot(*((across, runs) if vertical else (runs, across)), ".", color=color, markersize=2.2, label="_runs")


def signed(value: float, low: float, high: float, places: int = 3) -> str:
    """A difference in words, with its interval where there is one."""

    def number(x: float) -> str:
        text = f"{x:+.{places}f}".replace("-", "\N{MINUS SIGN}")
        return text[1:] if float(text[1:]) == 0 else text

    if np.isfinite(low) and np.isfinite(high):
        return f"{number(value)} [{number(low)}, {number(high)}]"
    return number(value)


def p_value(p: float) -> str:
    """A p value with its relation: ``= 0.012`` or ``< 0.001``."""
    return "< 0.001" if p < 0.001 else f"= {p:.3f}"


def say_absent(axes: Axes, text: str = ABSENT) -> None:
    """Write in an otherwise empty panel why it is empty."""
    axes.set(xticks=[], yticks=[])
    axes.spines[:].set_visible(False)
    axes.text(0.5, 0.5, text, transform=axes.transAxes, ha="center", va="center", color=GREY)


def foot(figure: Figure, *sentences: str) -> None:
    """Small print under the figure: n, failures and what is absent. Empty sentences are left out."""
    letters = int(figure.get_figwidth() * 18)  # that fit a line
    text = textwrap.fill(" ".join(filter(None, sentences)), letters)
    if text:
        figure.supxlabel(text, x=0.01, ha="left", fontsize=SMALL_PT, color=GREY)
