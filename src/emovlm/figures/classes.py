"""How many clips each class has."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from emovlm.figures import style
from emovlm.figures.labels import study_label
from emovlm.figures.registry import register_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@register_figure(
    title="Clips by class and split",
    caption=(
        "Clips of each class and split in this study; rendered clips beside the published class sizes of MAFW, which "
        "their training split follows."
    ),
    alt="Bars: clips by emotion and split in this study, beside the published class sizes of MAFW.",
)
def classes(
    manifest: pd.DataFrame, mafw_classes: pd.DataFrame | None = None, *, classes: list[str], study: str
) -> Figure:
    """Clips a class by split, and MAFW's published class sizes in a panel of their own.

    Args:
        manifest: MANIFEST of the dataset that systems are tested on.
        mafw_classes: published class sizes of MAFW (single-label clips).
        classes: the emotions, in the order of the bars where no published size orders them.
        study: the study's id, which names the first panel.
    """
    order = list(classes)
    if mafw_classes is not None:
        size = mafw_classes.set_index("emotion")["clips"]
        order = sorted(classes, key=lambda name: -size.get(name, 0))
    counts = manifest.groupby(["split", "label"]).size().unstack(0, fill_value=0).reindex(order, fill_value=0)
    splits = [name for name in ("pretrain", "train", "validation", "test") if name in counts]
    panels = 1 if mafw_classes is None else 2
    alone = panels == 1 and len(splits) == 1  # then bars need no legend, and the title says how many clips there are
    figure = style.new_figure(
        style.PAGE_IN if panels == 2 else style.COLUMN_IN, 0.85 + 0.16 * len(order) if alone else 3.2
    )
    grid = figure.subplots(1, panels, squeeze=False, sharey=True)[0]
    height = 0.8 / len(splits)
    for place, split in enumerate(splits):
        y = np.arange(len(order)) + (place - (len(splits) - 1) / 2) * height
        even = counts[split].nunique() == 1 and not alone  # then the legend says it once
        each = f"{counts[split].iloc[0]} a class, " if even else ""
        label = f"{split} ({each}n = {counts[split].sum()})"
        bars = grid[0].barh(y, counts[split], height, color=style.SERIES[place], label=label)
        if not even:
            grid[0].bar_label(bars, padding=1.5, fontsize=style.SMALL_PT)
    grid[0].set_title(study_label(study) + (f"\n{splits[0]}, n = {counts[splits[0]].sum()} clips" if alone else ""))
    if alone:
        grid[0].locator_params(axis="x", integer=True)
    else:
        grid[0].legend(loc="lower right")
    if mafw_classes is not None:
        bars = grid[1].barh(range(len(order)), [size.get(name, 0) for name in order], 0.6, color=style.PURPLE)
        grid[1].bar_label(bars, padding=1.5, fontsize=style.SMALL_PT)
        grid[1].set_title(f"Published: MAFW, single label (n = {size.sum()})")
    for axes in grid:
        axes.set_xlabel("clips")
        axes.margins(x=0.12)
    grid[0].set_yticks(range(len(order)), order)
    grid[0].set_ylim(len(order) - 0.4, -0.6)
    return figure
