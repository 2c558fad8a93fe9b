"""Do systems know how often they are right? Confidence against accuracy."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from emovlm.figures import style
from emovlm.figures.labels import absent, names_claims, of_claim, scores, study_label, system_label
from emovlm.figures.registry import register_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Panel: which systems, by their kind and whether they were fine-tuned with a training sampler.
FAMILIES = {
    "Organism, by captions": ("vlm", False),
    "Organism, by fine-tuning": ("vlm", True),
    "Vision only, by training": ("vision", True),
}
KINDS = {"Vision-language models": "vlm", "Classifiers": "vision"}  # panels of a study without claims
CLAIMS = ("L1", "L2")
MARKS = "osD^vP"
LEAST_N = 5  # answers in a bin; the accuracy of fewer says nothing


@register_figure(
    title="Reliability of probabilities",
    caption=(
        "How often answers are right over how probable the system held them, with 95% intervals, by family of "
        "systems; below, how the answers spread over these probabilities."
    ),
    alt=(
        "Reliability curve: share of right answers over the probability that the model gave them, by bins, with "
        "intervals."
    ),
    needs=lambda study: any(row.decision == "likelihood" for row in study.conditions.values()),
)
def reliability(
    reliability: pd.DataFrame, metrics: pd.DataFrame, conditions: pd.DataFrame, systems: pd.DataFrame, *, study: str
) -> Figure:
    """Reliability curves with intervals, a panel a family of systems; each mark stands for equally many answers.

    In a study whose conditions serve no claim there is one curve a system, of its first condition.

    Args:
        reliability: RELIABILITY.
        metrics: METRICS, for the expected calibration error (``ece``).
        conditions: ``config/conditions.tsv``; those of claims L1 and L2 whose answer is the likeliest label.
        systems: ``config/systems.tsv``, for the families.
        study: the study's id, which names the figure.
    """
    wanted = pd.concat([of_claim(conditions, claim) for claim in CLAIMS]).drop_duplicates("condition")
    of_kind = systems[["system", "kind", "sampler"]].replace({"kind": {"api": "vlm"}})  # a served model that has scores
    wanted = wanted[wanted["decision"] == "likelihood"].merge(of_kind, on="system")
    if names_claims(conditions):
        shown = wanted[wanted["condition"].isin(reliability["condition"])]
        tuned = shown["sampler"] != ""
        families = {
            title: shown[(shown["kind"] == kind) & (tuned == fine)] for title, (kind, fine) in FAMILIES.items()
        }  # fmt: skip
    else:
        wanted = wanted.drop_duplicates("system")
        shown = wanted[wanted["condition"].isin(reliability["condition"])]
        families = {title: shown[shown["kind"] == kind] for title, kind in KINDS.items()}
    families = {title: members for title, members in families.items() if len(members)}
    if not families:
        figure = style.new_figure(style.PAGE_IN, 1.2)
        style.say_absent(figure.subplots())
        return figure
    figure = style.new_figure(style.PAGE_IN if len(families) > 1 else style.COLUMN_IN, 2.9)
    row = figure.subplots(1, len(families), sharex=True, sharey=True, squeeze=False)[0]
    ece = scores(metrics, "ece").set_index("condition")["value"]
    for axes, (title, members) in zip(row, families.items(), strict=True):
        _diagonal(axes)
        for place, member in enumerate(members.itertuples()):
            bins = reliability[reliability["condition"] == member.condition].sort_values("bin")
            name = system_label(member.system).rpartition(", ")[2].rpartition(" ")[0] or member.system
            if member.condition in ece.index:
                name += f", ECE {ece[member.condition]:.2f}"
            _curve(axes, bins, style.SERIES[place % len(style.SERIES)], MARKS[place % len(MARKS)], name)
        axes.set_title(title)
        axes.legend(loc="upper left", borderaxespad=0.1, handletextpad=0.3)
        axes.set_xlabel("mean probability of the answer")
    row[0].set(xlim=(0, 1.02), ylim=(0, 1.45), ylabel="share of answers that are right")
    row[0].set_yticks([0, 0.25, 0.5, 0.75, 1], ["0", "0.25", "0.5", "0.75", "1"])
    row[0].set_xticks([0, 0.25, 0.5, 0.75, 1], ["0", "0.25", "0.5", "0.75", "1"])
    mine = metrics[metrics["condition"].isin(shown["condition"]) & (metrics["clips"] == "all")]
    n = " to ".join(f"{n}" for n in sorted({mine["n"].min(), mine["n"].max()})) if len(mine) else "0"
    style.foot(
        figure,
        f"{study_label(study)}: n = {n} clips a system; bars: 95% intervals. Marks stand for equally many answers; "
        f"none for fewer than {LEAST_N}. Dashed: as often right as confident.",
        "ECE: expected calibration error." if ece.index.isin(shown["condition"]).any() else "",
        "Answers of all training runs." if len(mine) and mine["replicates"].max() > 1 else "",
        absent(list(wanted["condition"]), set(reliability["condition"])),
    )  # fmt: skip
    return figure


def _diagonal(axes: Axes) -> None:
    axes.plot([0, 1], [0, 1], "--", color=style.GREY, linewidth=0.8, zorder=1, label="_ideal")
    axes.grid(axis="y")


def _curve(axes: Axes, bins: pd.DataFrame, color: str, mark: str, name: str) -> None:
    """The reliability curve of a condition with its intervals."""
    seen = bins[bins["n"] >= LEAST_N]
    for row in seen.itertuples():
        style.interval(axes, row.confidence, 0, row.low, row.high, color)
    axes.plot(seen["confidence"], seen["accuracy"], f"{mark}-", color=color, label=name, markersize=3, zorder=3,
              linewidth=0.9)  # fmt: skip
