"""Macro-F1 over the number of frames a second; for claim T1, also at equal tokens."""

from __future__ import annotations

from itertools import cycle
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from emovlm.figures import style
from emovlm.figures.labels import absent, metric_label, of_claim, runs_note, scores, study_label, system_label
from emovlm.figures.registry import has_claim, register_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

METRIC = "macro_f1"
AS_PUBLISHED = ", as in the paper"
# What varies with the rate, by kind of frame sampler: its name, mark, and a step to the side that keeps marks apart,
# as a share of the axis.
SWEEPS = {
    "rate": ("more frames" + AS_PUBLISHED, "o-", 0.0),
    "held": ("equal tokens", "s:", -0.023),
    "window": ("equal number of frames", "^--", 0.023),
}


def several_rates(study: Any) -> bool:
    """Whether a system is asked at more than one number of frames a second."""
    asked = {(row.system, row.frames) for row in study.conditions.values() if row.frames.kind == "rate"}
    return any(sum(system is other for other, _ in asked) > 1 for system, _ in asked)


@register_figure(
    title="Frames a second",
    caption=(
        "Macro-F1 over the number of frames a second, with 95% intervals; where the study has such conditions, also "
        "at equal tokens and with an equal number of frames. Below: how many frames were really shown, where the "
        "limits of a system leave some out. Published curves have a panel and a scale of their own."
    ),
    alt="Lines: macro-F1 over frames a second, this study left and the published curves right.",
    category="T1",
    needs=lambda study: has_claim(study, "T1") or several_rates(study),
)
def fps(
    metrics: pd.DataFrame,
    conditions: pd.DataFrame,
    frame_samplers: pd.DataFrame,
    paper_fps_curve: pd.DataFrame | None = None,
    *,
    study: str,
) -> Figure:
    """Macro-F1 over the sampling rate: this study's on the left, the published curves on the right.

    Args:
        metrics: METRICS.
        conditions: ``config/conditions.tsv``; those of claim T1 are drawn, a line a system and kind of sampler.
        frame_samplers: ``config/frame_samplers.tsv``, for the rate and kind of each sampler.
        paper_fps_curve: the published curves (no intervals were published); their own panel and scale.
        study: the study's id, which names the left panel.
    """
    samplers = frame_samplers.rename(columns={"sampler": "frames", "kind": "sweep"})
    wanted = of_claim(conditions, "T1").merge(samplers[["frames", "sweep", "rate", "base"]], on="frames")
    wanted = wanted[wanted["sweep"].isin(SWEEPS)].assign(rate=lambda rows: pd.to_numeric(rows["rate"]))
    # A held sampler at the rate of its base is the base: where that line ends.
    held = wanted[wanted["sweep"] == "held"]
    ends = wanted[wanted["frames"].isin(held["base"]) & wanted["system"].isin(held["system"])].assign(sweep="held")
    data = pd.concat([wanted, ends]).merge(scores(metrics, METRIC), on="condition")
    panels = 1 if paper_fps_curve is None else 2
    figure = style.new_figure(style.COLUMN_IN if panels == 1 else style.PAGE_IN, 2.8)
    grid = figure.subplots(1, panels, squeeze=False)[0]
    _measured(grid[0], data, paper_fps_curve is not None)
    grid[0].set_title(study_label(study))
    if paper_fps_curve is not None:
        _published(grid[1], paper_fps_curve)
        grid[1].set_title("Published (Agarwal et al.), MAFW")
    about = ""
    if len(data):
        asked = " to ".join(map(str, sorted({data["n"].min(), data["n"].max()})))
        failed = f"at most {data['failed'].max()} answers failed"
        about = f"{study_label(study)}: n = {asked} clips a point, {failed}; bars: 95% intervals."
        about += " " + " ".join(filter(None, [runs_note(data["replicates"].max()), frames_note(data)]))
    style.foot(figure, about.strip(), absent(list(wanted["condition"]), set(data["condition"])))
    return figure


def frames_note(data: pd.DataFrame) -> str:
    """How many frames were really shown of a clip at each rate: mean, and fewest to most.

    Args:
        data: rows of METRICS with ``system``, ``sweep`` and ``rate``.
    """
    lines = []
    for (system, sweep), line in data[data["shown"].notna()].groupby(["system", "sweep"], sort=False):
        whose = [system_label(system)] if data["system"].nunique() > 1 else []
        whose += [SWEEPS[sweep][0].removesuffix(AS_PUBLISHED)] if data["sweep"].nunique() > 1 else []
        points = ", ".join(f"{_frames(row)} at {row.rate:g}/s" for row in line.sort_values("rate").itertuples())
        lines.append(f"{', '.join(whose)}: {points}" if whose else points)
    return f"Frames really shown of a clip, mean (fewest to most): {'; '.join(lines)}." if lines else ""


def _frames(row: tuple) -> str:
    bounds = "" if row.shown_min == row.shown_max else f" ({row.shown_min:.0f} to {row.shown_max:.0f})"
    return f"{row.shown:.1f}{bounds}"


def _measured(axes: Axes, data: pd.DataFrame, published: bool) -> None:
    if data.empty:
        style.say_absent(axes)
        return
    several, sweeps = data["system"].nunique() > 1, data["sweep"].nunique()
    width = float(np.ptp(data["rate"])) or 1.0
    for color, ((system, sweep), line) in zip(cycle(style.SERIES), data.groupby(["system", "sweep"], sort=False)):
        name, mark, step = SWEEPS[sweep]
        name = name if published else name.removesuffix(AS_PUBLISHED)
        line = line.sort_values("rate")
        line = line.assign(at=line["rate"] + step * width)
        for point in line.itertuples():
            style.spread(axes, point.at, point.value, point, color, 0.018 * width)
        label = system_label(system) + (f": {name}" if sweeps > 1 else "") if several else name
        axes.plot(line["at"], line["value"], mark, color=color, label=label, zorder=3)
    _axes(axes, sorted(data["rate"].unique()))
    title = None if several else system_label(data["system"].iloc[0])
    axes.figure.legend(
        *axes.get_legend_handles_labels(), loc="outside upper left", ncols=1 + published, title=title, alignment="left",
        title_fontsize=style.SMALL_PT,
    )  # fmt: skip


def _published(axes: Axes, data: pd.DataFrame) -> None:
    for color, (system, line) in zip(
        style.SERIES[4:] + style.SERIES[2:4], data.groupby("system", sort=False), strict=False
    ):
        line = line.sort_values("fps")
        axes.plot(line["fps"], line["macro_f1"], "D--", color=color, label=system, markersize=3)
    _axes(axes, sorted(data["fps"].unique()))
    axes.legend(loc="best")


def _axes(axes: Axes, rates: list[float]) -> None:
    axes.set_xticks(rates, [f"{rate:g}" for rate in rates])
    axes.set(xlabel="frames a second (1/s)", ylabel=metric_label(METRIC))
    axes.grid(axis="y")
    axes.margins(y=0.15)
