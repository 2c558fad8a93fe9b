"""Claim T2: frames in order against the same frames in another order."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from emovlm.figures import style
from emovlm.figures.labels import metric_label, of_claim, runs_note, scores, study_label, system_label
from emovlm.figures.registry import register_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Order, as the kind of the frame sampler says it: its name, colour, mark, and a step up or down that keeps marks apart.
ORDERS = {
    "ordered": ("in order", style.BLUE, "o", -0.22),
    "shuffled": ("shuffled", style.ORANGE, "s", 0.0),
    "reversed": ("reversed", style.GREEN, "^", 0.22),
}
# Panel: which clips, and the metric. On the few clips whose class depends on order, macro-F1 would say less.
PANELS = (("all", "macro_f1"), ("order", "accuracy"))
GAP = 0.5  # rows between vision-only systems and the others
BAG_OF_FRAMES = 0.5  # two mirrored clips show the same frames, so that one answer is right for one of them


@register_figure(
    title="Order of frames",
    caption=(
        "Claim T2: the scores with frames in order, shuffled and reversed, with 95% intervals; clips whose class "
        "depends on the order of frames apart. Below the ten published systems, with sign tests over systems: a "
        "re-analysis of printed figures."
    ),
    alt=(
        "Dots with intervals: scores with frames in order, shuffled and reversed, by system; below, the published"
        " scores of ten systems and how many of them lose."
    ),
    category="T2",
)
def shuffle(
    metrics: pd.DataFrame,
    conditions: pd.DataFrame,
    frame_samplers: pd.DataFrame,
    paper_frame_shuffle: pd.DataFrame | None = None,
    reanalysis: pd.DataFrame | None = None,
    *,
    study: str,
) -> Figure:
    """A row a system: its score with frames in order, shuffled and reversed; clips that depend on order apart.

    Args:
        metrics: METRICS.
        conditions: ``config/conditions.tsv``; those of claim T2 are drawn.
        frame_samplers: ``config/frame_samplers.tsv``, for the order of each condition's frames.
        paper_frame_shuffle: the published table of ten systems (no intervals); its own panels.
        reanalysis: REANALYSIS of that table, printed above its panels.
        study: the study's id, which names the first panel.
    """
    kinds = frame_samplers.set_index("sampler")["kind"]
    wanted = of_claim(conditions, "T2")
    wanted = wanted.assign(order=wanted["frames"].map(kinds).where(lambda kind: kind.isin(ORDERS), "ordered"))
    systems = list(dict.fromkeys(wanted.loc[wanted["order"] != "ordered", "system"]))
    wanted = wanted[wanted["system"].isin(systems)]
    published = paper_frame_shuffle is not None
    upper_in = 1.1 + 0.4 * max(len(systems), 1)
    lower_in = 1.15 + 0.18 * paper_frame_shuffle["system"].nunique() if published else 0
    figure = style.new_figure(style.PAGE_IN, upper_in + lower_in)
    upper = figure
    if published:
        upper, lower = figure.subfigures(2, 1, height_ratios=[upper_in, lower_in])
        lower.patch.set_visible(False)  # it would cover what reaches down from above
        _published(lower.subplots(1, 2, sharey=True), paper_frame_shuffle, reanalysis)
    _measured(upper.subplots(1, 2, sharey=True), wanted, systems, metrics, study)
    return figure


def _measured(grid: list[Axes], wanted: pd.DataFrame, systems: list[str], metrics: pd.DataFrame, study: str) -> None:
    for axes, (clips, metric) in zip(grid, PANELS, strict=True):
        data = wanted.merge(scores(metrics, metric, clips), on="condition")
        if data.empty:
            style.say_absent(axes)
            continue
        for order, (_, color, marker, step) in ORDERS.items():
            for point in data[data["order"] == order].itertuples():
                row = systems.index(point.system) + step
                style.spread(axes, row, point.value, point, color, 0.1, vertical=False)
                axes.plot(point.value, row, marker, color=color, zorder=3)
        n = " to ".join(map(str, sorted({data["n"].min(), data["n"].max()})))
        what = f"{study_label(study)}\nall clips" if clips == "all" else "\nclips whose class depends on order"
        axes.set_title(f"{what} (n = {n})")
        axes.set_xlabel(f"{metric_label(metric)} (95% intervals; at most {data['failed'].max()} answers failed)")
        axes.grid(axis="x")
        if clips == "order":
            axes.axvline(BAG_OF_FRAMES, color=style.GREY, linewidth=0.8, linestyle="--", zorder=1)
            axes.set_xlim(0, 1.01)
            axes.text(BAG_OF_FRAMES, -0.6, " most for a bag of frames", va="center", color=style.GREY)
    if systems:
        grid[0].set_yticks(range(len(systems)), [system_label(system).replace(", ", "\n") for system in systems])
        grid[0].set_ylim(len(systems) - 0.5, -0.8)
        note = runs_note(int(metrics["replicates"].max()))
        _legend(grid[0].figure, ORDERS, note)


def _published(grid: list[Axes], table: pd.DataFrame, reanalysis: pd.DataFrame | None) -> None:
    """Dumbbells by system, vision-only ones above, with the change in numbers and what is tested over systems."""
    table = table.sort_values("kind", key=lambda kinds: kinds != "vision", kind="stable")
    kinds = table.drop_duplicates("system").set_index("system")["kind"]
    at = {name: place + GAP * (kinds[name] != "vision") for place, name in enumerate(kinds.index)}
    for axes, dataset in zip(grid, ("mafw", "dfew"), strict=True):
        wide = table.pivot(index="system", columns="frames", values=f"{dataset}_f1")
        for name, row in at.items():
            ends = wide.loc[name, ["ordered", "shuffled"]]
            axes.plot(ends, [row, row], color=style.GREY, linewidth=1.2, zorder=1, label="_change")
            for order, value in ends.items():
                _, color, marker, _ = ORDERS[order]
                axes.plot(value, row, marker, color=color, zorder=3, markersize=3.5)
            change = style.signed(ends["shuffled"] - ends["ordered"], np.nan, np.nan)
            axes.text(1.01, row, change, transform=axes.get_yaxis_transform(), va="center")
        tested = _tested(reanalysis, dataset)
        axes.set_title(f"Published (Agarwal et al.): {dataset.upper()}", pad=6 + 10 * len(tested))
        axes.text(0, 1.015, "\n".join(tested), transform=axes.transAxes, va="bottom")
        axes.set_xlabel("Macro-F1 (no intervals published); right: change")
        axes.grid(axis="x")
    grid[0].set_yticks(list(at.values()), [f"{name} (vision only)" if kinds[name] == "vision" else name for name in at])
    grid[0].set_ylim(max(at.values()) + 0.5, -0.5)
    if reanalysis is not None:
        grid[0].figure.supxlabel(
            "Re-analysis of printed figures; p: exact sign test over systems. * No smaller p is possible with so few.",
            x=0.01, ha="left", fontsize=style.SMALL_PT, color=style.GREY,
        )  # fmt: skip


def _tested(reanalysis: pd.DataFrame | None, dataset: str) -> list[str]:
    """What the sign test says of each kind of system, a line each."""
    if reanalysis is None:
        return []
    rows = reanalysis[reanalysis["dataset"] == dataset].set_index("kind")
    names = {"vision": "vision only", "vlm": "VLMs"}
    return [
        f"{name}: {row.falls} of {row.n} fall, mean {style.signed(row['mean'], np.nan, np.nan)}, "
        f"p {style.p_value(row.p_sign)}{'*' if row.p_least > 0.05 else ''}"
        for kind, name in names.items() if kind in rows.index for row in [rows.loc[kind]]
    ]  # fmt: skip


def _legend(figure: Figure, orders: dict, note: str) -> None:
    """A legend above the panels, with a note beside it."""
    axes = figure.axes[0]
    marks = [axes.plot([], [], mark, color=color, label=name)[0] for name, color, mark, _ in orders.values()]
    title = {"title": note, "title_fontsize": style.SMALL_PT} if note else {}
    figure.legend(
        handles=marks, loc="outside upper right", ncols=len(marks), columnspacing=1, handletextpad=0.2, **title
    )
