"""The stages of the study and what they need, for people: not one job, not one file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from emovlm.figures import style
from emovlm.figures.registry import has_rendered_clips, register_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from matplotlib.patches import FancyArrowPatch

WIDTH, HEIGHT = 0.92, 0.68  # of a box, in columns and rows
ROW_IN = 0.62


@dataclass(frozen=True)
class Stage:
    """A stage of the study.

    Attributes:
        at: column and row.
        title, makes: what is written in the box.
        room: of the code that makes it.
        rules: its rule files; the first names its environment, unless ``environment`` does.
        needs: stages it takes files from, without those that follow from others.
    """

    at: tuple[float, float]
    title: str
    makes: str
    room: str
    rules: tuple[str, ...]
    needs: tuple[str, ...] = ()
    environment: str = ""


STAGES = {
    "frequency": Stage((0, 0), "Word counts", "by emotion, source, language", "lexicon, frequency", ("frequency",)),
    "data": Stage((1, 0), "Raw clips", "MP4, annotations, action units", "synface", ("data",)),
    "datasheets": Stage((3, 0), "Datasheet", "and: do cues tell the class?", "synface", ("datasheets",), ("data",)),
    "frames": Stage((1, 1), "Frames", "each clip decoded once", "datasets, frames", ("frames",), ("data",)),
    "pretraining": Stage(
        (0, 2), "Pretraining", "a tower; the organism, by variant", "training", ("pretraining",),
        ("frames", "frequency"), "training",
    ),
    "sampling": Stage((2, 2), "Samplers", "which frames, which clips", "sampling", ("sampling",), ("frames",)),
    "sanity_checks": Stage(
        (0, 3), "Checks", "has each organism learned?", "evaluation", ("sanity_checks",), ("pretraining",), "evaluation"
    ),
    "training": Stage(
        (1, 3), "Fine-tuning", "adapters and classifiers", "training", ("training",), ("sampling", "pretraining")
    ),
    "enrichment": Stage(
        (2, 3), "Enrichment", "texts between keyframes", "enrichment", ("enrichment",), ("sampling", "pretraining"),
        "evaluation",
    ),
    "evaluation": Stage(
        (1.5, 4), "Answers", "of each condition, by clip", "evaluation", ("evaluation",), ("training", "enrichment")
    ),
    "statistics": Stage(
        (1.5, 5), "Statistics", "tables, verdicts, every number", "statistics", ("statistics", "published", "claims"),
        ("evaluation", "sanity_checks", "datasheets"),
    ),
    "figures": Stage((1, 6), "Figures", "PDF and PNG", "figures", ("figures",), ("statistics",)),
    "paper": Stage((2, 6), "Paper", "its wording follows verdicts", "report", ("paper",), ("figures",)),
    "explorer": Stage(
        (3, 6), "Explorer", "a page to look around in", "report", ("explorer", "explorer_data"), ("statistics",)
    ),
}  # fmt: skip


@register_figure(
    title="Stages of the workflow",
    caption="The stages of the study and what they need: what each makes, the room of its code and its environment.",
    alt=(
        "The stages of the workflow as boxes with arrows: from rendered clips, word counts and captions through "
        "training and answers to tables, figures and this text."
    ),
    needs=has_rendered_clips,
)
def dag() -> Figure:
    """A box a stage: what it makes, and in small print the room of its code and its environment."""
    from matplotlib.patches import FancyBboxPatch

    columns, rows = (1 + max(stage.at[axis] for stage in STAGES.values()) for axis in (0, 1))
    figure = style.new_figure(style.PAGE_IN, ROW_IN * rows + 0.25)
    axes = figure.subplots()
    axes.set(xlim=(-0.5, columns - 0.5), ylim=(rows - 0.5, -0.5), xticks=[], yticks=[])
    axes.spines[:].set_visible(False)
    for stage in STAGES.values():
        for needed in stage.needs:
            axes.add_patch(_arrow(STAGES[needed].at, stage.at))
        x, y = stage.at
        axes.add_patch(FancyBboxPatch(
            (x - WIDTH / 2, y - HEIGHT / 2), WIDTH, HEIGHT, boxstyle="round,pad=0,rounding_size=0.05", zorder=2,
            facecolor="white", edgecolor=style.BLUE, linewidth=0.9, mutation_aspect=2,
        ))  # fmt: skip
        small = f"{stage.room} · {stage.environment or stage.rules[0]}"
        for down, text, look in (
            (-0.22, stage.title, {"weight": "bold"}), (0.01, stage.makes, {}), (0.24, small, {"color": style.GREY})
        ):  # fmt: skip
            axes.text(x, y + down, text, ha="center", va="center", zorder=3, **look)
    style.foot(
        figure,
        "Grey: room of the code · environment. Every job leaves a record: the audit walks from the PDF to raw clips.",
    )
    return figure


def _arrow(start: tuple[float, float], end: tuple[float, float]) -> FancyArrowPatch:
    """Down from a box to a lower one; across if both are in a row; down and then across if the lower is far below."""
    from matplotlib.patches import FancyArrowPatch

    look = {"arrowstyle": "-|>", "mutation_scale": 6, "color": style.GREY, "linewidth": 0.8, "shrinkA": 0, "shrinkB": 0}
    (x, y), (to, below) = start, end
    side = 1 if to > x else -1
    if y == below:
        return FancyArrowPatch((x + side * WIDTH / 2, y), (to - side * WIDTH / 2, y), **look)
    if x != to and below - y > 1:
        elbow = "angle,angleA=-90,angleB=180,rad=4"
        return FancyArrowPatch((x, y + HEIGHT / 2), (to - side * WIDTH / 2, below), connectionstyle=elbow, **look)
    return FancyArrowPatch((x, y + HEIGHT / 2), (to, below - HEIGHT / 2), **look)
