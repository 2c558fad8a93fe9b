"""Claim T3: how often a sampled frame falls inside a short event."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from emovlm.figures import style
from emovlm.figures.registry import register_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MICRO_S = (0.25, 0.5)  # how long a micro-expression lasts


@register_figure(
    title="Events that a sampled frame covers",
    caption=(
        "Claim T3: share of micro-expressions with a sampled frame inside, over their duration. Lines are the "
        "closed form min(1, duration × rate), points are measured."
    ),
    alt=(
        "Points with intervals over closed-form curves: share of micro-expressions with a sampled frame inside, "
        "over their duration."
    ),
    category="T3",
)
def event_coverage(event_coverage: pd.DataFrame) -> Figure:
    """Share of events with a frame inside, over event duration: closed form (lines) and measured (points).

    For a uniform grid of rate r and random phase, an event of length d is hit with probability min(1, d r).

    Args:
        event_coverage: EVENT_COVERAGE.
    """
    figure = style.new_figure(style.PAGE_IN, 2.3)
    axes = figure.subplots()
    if event_coverage.empty:
        style.say_absent(axes)
        return figure
    longest = max(event_coverage["duration_s"].max() * 1.2, 1.0)
    duration = np.geomspace(event_coverage["duration_s"].min() * 0.6, longest, 400)
    axes.axvspan(*MICRO_S, color=style.PALE, alpha=0.5, linewidth=0)
    axes.text(np.sqrt(MICRO_S[0] * MICRO_S[1]), 1.1, "micro-expression", ha="center", va="center", color=style.GREY)
    step = (longest / duration[0]) ** (1 / 190)  # about two points on paper
    samplers = sorted(event_coverage.groupby("sampler")["rate"].first().items(), key=lambda item: (item[1], item[0]))
    for place, (sampler, rate) in enumerate(samplers):
        color = style.SERIES[place % len(style.SERIES)]
        rows = event_coverage[event_coverage["sampler"] == sampler].sort_values("duration_s")
        axes.plot(duration, np.minimum(1, duration * rate), color=color, linewidth=1, label="_closed form", zorder=1)
        # Points of high rates coincide at 1: a small step to the side, the same for a sampler, keeps them apart.
        at = rows["duration_s"] * step ** (place - (len(samplers) - 1) / 2)
        for x, row in zip(at, rows.itertuples(), strict=True):
            style.interval(axes, x, row.measured, row.low, row.high, color)
        axes.plot(at, rows["measured"], "osD^vP"[place % 6], color=color, markersize=3.2, label=f"{rate:g}/s", zorder=3)
    axes.set_xscale("log")
    ticks = [tick for tick in (0.1, 0.2, 0.3, 0.5, 1, 2, 4, 8) if duration[0] <= tick <= longest]
    axes.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
    from matplotlib.ticker import NullLocator

    axes.xaxis.set_minor_locator(NullLocator())
    axes.set(
        xlim=(duration[0], longest),
        ylim=(-0.03, 1.2),
        xlabel="duration of the event (s)",
        ylabel="share of events covered",
        yticks=np.arange(0, 1.01, 0.25),
    )
    axes.legend(title="frames a second", loc="lower right", ncols=2, columnspacing=0.8, handletextpad=0.1)
    events = event_coverage.groupby("sampler")["n"].sum()
    asked = " to ".join(f"{n}" for n in sorted({events.min(), events.max()}))
    style.foot(figure, f"n = {asked} events a rate; lines: min(1, duration × rate).")
    return figure
