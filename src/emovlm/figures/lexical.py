"""Claim L1: does the F1 of an emotion follow how often its word is written?"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from emovlm.core.contracts.frequency import COMPLETE
from emovlm.figures import style
from emovlm.figures.labels import LANGUAGES, absent, of_claim, system_label
from emovlm.figures.placing import label_points
from emovlm.figures.registry import register_figure
from emovlm.lexicon.estimator import completely_listed

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


@register_figure(
    title="F1 by class over word frequency",
    caption=(
        "Claim L1: F1 of each emotion over the frequency of its word, English above and Chinese below, one column"
        " a condition. ρ is Spearman's, p exact; LOO is the range with one class left out. The last column never "
        "saw a word: it is the control."
    ),
    alt="Scatter plots: F1 of each emotion over the frequency of its word, by system, English above and Chinese below.",
    category="L1",
)
def lexical(
    per_class: pd.DataFrame,
    frequency: pd.DataFrame,
    correlations: pd.DataFrame,
    conditions: pd.DataFrame,
    systems: pd.DataFrame,
    *,
    source: str,
    form: str,
) -> Figure:
    """F1 of each class over the frequency of its word: a row a language, a column a condition.

    Args:
        per_class: PER_CLASS.
        frequency: TERM_FREQUENCY.
        correlations: CORRELATIONS, for rho, its exact p and the leave-one-class-out range.
        conditions: ``config/conditions.tsv``; those that serve claim L1 are drawn.
        systems: ``config/systems.tsv``; systems of kind ``vision`` are the negative control.
        source, form: which frequency estimator.
    """
    wanted = of_claim(conditions, "L1").merge(systems[["system", "kind"]], on="system")
    shown = wanted[wanted["condition"].isin(per_class["condition"])]
    words = frequency[(frequency["source"] == source) & (frequency["form"] == form)]
    listed = completely_listed(words)
    languages = [name for name in LANGUAGES if (words["language"] == name).any()]
    if shown.empty or not languages:
        figure = style.new_figure(style.PAGE_IN, 1.2)
        style.say_absent(figure.subplots())
        return figure
    figure = style.new_figure(style.PAGE_IN, 0.5 + 2.1 * len(languages))
    grid = figure.subplots(len(languages), len(shown), squeeze=False, sharey=True)
    drawn = []
    for row, language in zip(grid, languages, strict=True):
        for axes, condition in zip(row, shown.itertuples(), strict=True):
            data = listed[listed["language"] == language].merge(
                per_class[per_class["condition"] == condition.condition]
            )
            rho = correlations[
                (correlations["subject"] == condition.condition)
                & (correlations["form"] == form)
                & (correlations["language"] == language)
                & (correlations["source"] == source)
            ]
            drawn.append((axes, _panel(axes, data, rho, language, condition.kind == "vision")))
    for axes, condition in zip(grid[0], shown.itertuples(), strict=True):
        control = "\n(control: never saw a word)" if condition.kind == "vision" else "\n"
        axes.set_title(system_label(condition.system).replace(", ", "\n") + control)
    for row in grid:
        row[0].set_ylabel("F1 of the class")
    grid[0][0].set(ylim=(-0.03, 1.25), yticks=[0, 0.25, 0.5, 0.75, 1])
    left_out = words[words["listing"] != COMPLETE].sort_values(["language", "emotion"])
    named = ", ".join(f"{row.emotion} ({LANGUAGES[row.language]})" for row in left_out.itertuples())
    clips = sorted(per_class.loc[per_class["condition"].isin(shown["condition"]), "n"].unique())
    span = f"{clips[0]}" if len(clips) == 1 else f"{clips[0]} to {clips[-1]}"
    style.foot(
        figure,
        f"n = {span} clips a class; lines: 95% bootstrap intervals over people; LOO: range with one class left out.",
        f"Left out, since the source does not list all terms: {named}." if named else "",
        absent(list(wanted["condition"]), set(per_class["condition"])),
    )
    figure.draw_without_rendering()
    figure.set_layout_engine("none")
    for axes, data in drawn:
        label_points(axes, list(data["x"]), list(data["f1"]), list(data["emotion"]), style.GREY)
    return figure


def _panel(axes: Axes, data: pd.DataFrame, rho: pd.DataFrame, language: str, control: bool) -> pd.DataFrame:
    """Draw one panel and return its points (columns ``x``, ``f1``, ``emotion``)."""
    relative = data["per_million"].notna().any()
    data = data.assign(x=data["per_million"] if relative else data["count"]).dropna(subset="x")
    color = style.GREY if control else style.BLUE
    for point in data.itertuples():
        style.interval(axes, point.x, point.f1, point.low, point.high, color)
    axes.plot(data["x"], data["f1"], "s" if control else "o", color=color, zorder=3, label="classes")
    axes.set_xscale("log")
    axes.margins(x=0.28)
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    axes.xaxis.set_major_locator(LogLocator(subs=(1.0, 3.0)))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.set_xlabel(f"{LANGUAGES[language]} word, {'per million words' if relative else 'occurrences'}")
    if len(rho):
        r = rho.iloc[0]
        axes.text(
            0.5,
            0.985,
            f"ρ = {r['rho']:.2f}, exact p {style.p_value(r['p'])}, n = {r['n_classes']}\n"
            f"LOO {r['rho_low']:.2f} to {r['rho_high']:.2f}".replace("-", "−"),
            transform=axes.transAxes,
            va="top",
            ha="center",
            fontsize=style.SMALL_PT,
        )
    return data
