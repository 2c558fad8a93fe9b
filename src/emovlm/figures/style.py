"""How the study's figures look: sizes, fonts, colours and the small marks that all figures share.

The colours are the palette of Okabe and Ito (2008), which people with the common colour-vision
deficiencies can tell apart. The font ships with matplotlib, so that pictures do not depend on the
fonts of a machine.
"""

import textwrap
from contextlib import AbstractContextManager

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.transforms import Bbox

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
    return matplotlib.rc_context({**matplotlib.rcParamsDefault, **RC, "backend": "agg"})


def new_figure(width_in: float, height_in: float) -> Figure:
    """An empty figure that lays itself out so that nothing overlaps or is cut off."""
    figure = Figure(figsize=(width_in, height_in), layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def interval(axes: Axes, x: float, y: float, low: float, high: float, color: str, vertical: bool = True) -> None:
    """A thin line over a confidence interval; nothing where the table holds none."""
    if np.isfinite(low) and np.isfinite(high):
        ends = ([x, x], [low, high]) if vertical else ([low, high], [y, y])
        axes.plot(*ends, color=color, linewidth=1.0, alpha=0.55, solid_capstyle="butt", label="_interval", zorder=2)


def signed(value: float, low: float, high: float) -> str:
    """A difference in words, with its interval where there is one."""
    text = f"{value:+.3f}"
    if np.isfinite(low) and np.isfinite(high):
        text += f" [{low:+.3f}, {high:+.3f}]"
    return text.replace("-", "\N{MINUS SIGN}")


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


def label_points(axes: Axes, x: list[float], y: list[float], texts: list[str], color: str = INK) -> None:
    """Write a text beside each point where it covers the fewest points and texts, those already there included.

    Candidate places lie around the point in growing distance, the far ones with a line to the point;
    points in crowded places choose first. Call it last: it measures the finished layout.
    """
    figure = axes.figure
    renderer = figure.canvas.get_renderer()
    frame = axes.get_window_extent(renderer)
    points = axes.transData.transform(np.column_stack([x, y]))
    pixel = figure.dpi / 72
    taken = [Bbox.from_extents(*(p - 2.5 * pixel), *(p + 2.5 * pixel)) for p in points]
    taken += [text.get_window_extent(renderer) for text in axes.texts]
    gaps = np.linalg.norm(points[:, None] - points[None], axis=2) + np.diag(np.full(len(points), np.inf))
    for index in np.argsort(gaps.min(axis=1, initial=np.inf), kind="stable"):
        text = axes.annotate(
            texts[index],
            (x[index], y[index]),
            (0, 0),
            textcoords="offset points",
            color=color,
            fontsize=SMALL_PT,
            ha="center",
            va="center",
            zorder=5,
        )
        size = text.get_window_extent(renderer)
        best, least, chosen = (0.0, 0.0), np.inf, size
        for reach in (4, 7, 11, 16, 22):
            for angle in np.deg2rad([0, 180, 90, 270, 45, 135, 225, 315]):
                shift = np.array(
                    [
                        np.cos(angle) * (reach * pixel + size.width / 2),
                        np.sin(angle) * (reach * pixel + size.height / 2),
                    ]
                )
                corner = points[index] + shift - (size.width / 2, size.height / 2)
                box = Bbox.from_bounds(*corner, size.width, size.height)
                inside = Bbox.intersection(box, frame)
                outside = 1 - (inside.width * inside.height / (box.width * box.height) if inside else 0)
                covered = sum(
                    o.width * o.height / min(b.width * b.height, box.width * box.height)
                    for b in taken
                    if (o := Bbox.intersection(box, b))
                )
                cost = covered + 4 * outside + 0.015 * reach
                if cost < least:
                    best, least, chosen = tuple(shift / pixel), cost, box
        text.set_position(best)
        near = np.clip(points[index], chosen.min, chosen.max)
        if np.linalg.norm(near - points[index]) > 6 * pixel:
            ends = axes.transData.inverted().transform([points[index], near])
            axes.plot(*ends.T, color=color, linewidth=0.4, label="_leader", zorder=1)
        taken.append(chosen)
