"""Claim T2: frames in order against the same frames shuffled."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from emovlm.figures import style
from emovlm.figures.labels import metric_label, study_label, system_label

ORDERED, SHUFFLED = style.BLUE, style.ORANGE
OFFSET = 0.13  # of a row: keeps the two intervals apart


def shuffle(
    metrics: pd.DataFrame,
    comparisons: pd.DataFrame,
    conditions: pd.DataFrame,
    paper_frame_shuffle: pd.DataFrame | None = None,
    *,
    study: str,
) -> Figure:
    """Dumbbells: a row a system, its score with frames in order and shuffled.

    Args:
        metrics: METRICS.
        comparisons: COMPARISONS; those of claim T2, ``a`` shuffled and ``b`` in order.
        conditions: ``config/conditions.tsv``, for the system of each condition.
        paper_frame_shuffle: the published table of ten systems (no intervals); its own panels.
        study: the study's id, which names the first panel.
    """
    pairs = comparisons[comparisons["claim"] == "T2"]
    rows = max(len(pairs), 1)
    published = paper_frame_shuffle is not None
    height = 1.05 + 0.42 * rows + (0.75 + 0.19 * paper_frame_shuffle["system"].nunique() if published else 0)
    figure = style.new_figure(style.PAGE_IN, height)
    if published:
        upper, lower = figure.subfigures(2, 1, height_ratios=[1.05 + 0.42 * rows, height - 1.05 - 0.42 * rows])
        lower.patch.set_visible(False)  # it would cover what reaches down from above
        _measured(upper.subplots(), pairs, metrics, conditions, study)
        _published(lower.subplots(1, 2, sharey=True), paper_frame_shuffle)
    else:
        _measured(figure.subplots(), pairs, metrics, conditions, study)
    return figure


def _measured(axes: Axes, pairs: pd.DataFrame, metrics: pd.DataFrame, conditions: pd.DataFrame, study: str) -> None:
    axes.set_title(study_label(study))
    if pairs.empty:
        style.say_absent(axes)
        return
    system = conditions.set_index("condition")["system"]
    table = metrics.set_index(["condition", "metric"])
    for row, pair in enumerate(pairs.itertuples()):
        ends = [table.loc[(pair.b, pair.metric)], table.loc[(pair.a, pair.metric)]]
        axes.plot([end["value"] for end in ends], [row - OFFSET, row + OFFSET], color=style.PALE, linewidth=2, zorder=1)
        for end, color, marker, shift in zip(ends, (ORDERED, SHUFFLED), "os", (-OFFSET, OFFSET), strict=True):
            style.interval(axes, 0, row + shift, end["low"], end["high"], color, vertical=False)
            axes.plot(end["value"], row + shift, marker, color=color, zorder=3)
        failed = max(int(end["failed"]) for end in ends)
        axes.text(
            1.02,
            row,
            f"Δ {style.signed(pair.difference, pair.low, pair.high)}\n"
            f"{pair.changed} of {pair.n} answers changed; {failed} failed",
            transform=axes.get_yaxis_transform(),
            va="center",
        )
    axes.set_yticks(
        range(len(pairs)), [system_label(system[pair.b]).replace(", ", "\n") for pair in pairs.itertuples()]
    )
    axes.set_ylim(len(pairs) - 0.5, -0.5)
    axes.set_xlabel(f"{metric_label(pairs.iloc[0]['metric'])} (95% bootstrap intervals)")
    axes.grid(axis="x")
    _legend(axes)


def _published(grid: list[Axes], table: pd.DataFrame) -> None:
    names = list(dict.fromkeys(table["system"]))
    kinds = table.drop_duplicates("system").set_index("system")["kind"]
    for axes, dataset in zip(grid, ("mafw", "dfew"), strict=True):
        wide = table.pivot(index="system", columns="frames", values=f"{dataset}_f1").reindex(names)
        for row, ends in enumerate(wide.itertuples()):
            axes.plot([ends.ordered, ends.shuffled], [row, row], color=style.PALE, linewidth=2, zorder=1)
            axes.plot(ends.ordered, row, "o", color=ORDERED, zorder=3)
            axes.plot(ends.shuffled, row, "s", color=SHUFFLED, zorder=3, markersize=3)
        axes.set_title(f"Published (Agarwal et al.): {dataset.upper()}" if axes is grid[0] else dataset.upper())
        axes.set_xlabel("Macro-F1 (no intervals published)")
        axes.grid(axis="x")
    grid[0].set_yticks(
        range(len(names)), [f"{name} (vision only)" if kinds[name] == "vision" else name for name in names]
    )
    grid[0].set_ylim(len(names) - 0.5, -0.5)
    _legend(grid[1])


def _legend(axes: Axes) -> None:
    axes.plot([], [], "o", color=ORDERED, label="in order")
    axes.plot([], [], "s", color=SHUFFLED, label="shuffled")
    axes.legend(
        loc="lower right", ncols=2, bbox_to_anchor=(1, 1), borderaxespad=0.1, columnspacing=1, handletextpad=0.2
    )
