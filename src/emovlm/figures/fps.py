"""Claim T1: macro-F1 over the number of frames a second."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from emovlm.figures import style
from emovlm.figures.labels import absent, metric_label, of_claim, study_label, system_label

METRIC = "macro_f1"


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
        conditions: ``config/conditions.tsv``; those of claim T1 are drawn, a line a system.
        frame_samplers: ``config/frame_samplers.tsv``, for the rate of each sampler.
        paper_fps_curve: the published curves (no intervals were published); their own panel and scale.
        study: the study's id, which names the left panel.
    """
    wanted = of_claim(conditions, "T1").merge(
        frame_samplers[["sampler", "rate"]].rename(columns={"sampler": "frames"}), on="frames"
    )
    wanted = wanted.assign(rate=pd.to_numeric(wanted["rate"])).dropna(subset="rate")
    data = wanted.merge(metrics[metrics["metric"] == METRIC], on="condition")
    panels = 1 if paper_fps_curve is None else 2
    figure = style.new_figure(style.COLUMN_IN if panels == 1 else style.PAGE_IN, 2.3)
    grid = figure.subplots(1, panels, squeeze=False)[0]
    _measured(grid[0], data)
    grid[0].set_title(study_label(study))
    if paper_fps_curve is not None:
        _published(grid[1], paper_fps_curve)
        grid[1].set_title("Published (Agarwal et al.), MAFW")
    about = ""
    if len(data):
        asked = " to ".join(map(str, sorted({data["n"].min(), data["n"].max()})))
        failed = f"at most {data['failed'].max()} of them failed"
        about = f"{study_label(study)}: n = {asked} clips a point, {failed}; bars: 95% intervals."
    style.foot(figure, about, absent(list(wanted["condition"]), set(data["condition"])))
    return figure


def _measured(axes: Axes, data: pd.DataFrame) -> None:
    if data.empty:
        style.say_absent(axes)
        return
    for color, (system, line) in zip(style.SERIES, data.groupby("system", sort=False), strict=False):
        line = line.sort_values("rate")
        for point in line.itertuples():
            style.interval(axes, point.rate, point.value, point.low, point.high, color)
        axes.plot(line["rate"], line["value"], "o-", color=color, label=system_label(system), zorder=3)
    _axes(axes, sorted(data["rate"].unique()))
    axes.legend(loc="best")


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
