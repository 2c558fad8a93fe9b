"""How well the estimators of word frequency agree."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from emovlm.core.contracts.frequency import CENSORED, COMPLETE, PARTIAL
from emovlm.figures import style
from emovlm.figures.labels import LANGUAGES
from emovlm.figures.registry import register_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

FORMS = ("family", "noun", "adjective")  # verbs name five of eleven classes; adverbs follow the adjectives
HATCH = {PARTIAL: "////", CENSORED: "xxxx"}
LEAST = 3  # completely listed classes that an estimator must have to be drawn


@register_figure(
    title="Estimators of word frequency",
    caption=(
        "How the estimators of word frequency rank the emotions, and their rank correlation with the primary "
        "estimator. Hatched: the source lists only some of the terms, crossed: none."
    ),
    alt="A table of ranks: how each estimator of word frequency ranks the emotions.",
)
def frequency(frequency: pd.DataFrame, *, source: str, form: str) -> Figure:
    """Ranks of the emotion words by each estimator; rank 1 is the most frequent.

    Rows are language, source and form; columns are emotions, ordered by the primary estimator of the
    first language. A class of which the source lists only some terms, or none, is hatched, not ranked. At the
    right: Spearman's rho with the primary estimator of the same language, over the classes both list.

    Args:
        frequency: TERM_FREQUENCY.
        source, form: the primary estimator.
    """
    table = frequency.assign(
        language=pd.Categorical(frequency["language"], list(LANGUAGES), ordered=True),
        form=pd.Categorical(frequency["form"], FORMS, ordered=True),
        primary=(frequency["source"] != source).astype(int),
    )
    index = ["language", "primary", "source", "form"]
    table = table.dropna(subset="form")
    wide = table[table["listing"] == COMPLETE].pivot_table(
        index=index, columns="emotion", values="count", observed=True
    ).dropna(thresh=LEAST)  # fmt: skip
    if wide.empty:
        figure = style.new_figure(style.PAGE_IN, 1.2)
        style.say_absent(figure.subplots())
        return figure
    wide = wide.sort_index()
    ranks = wide.rank(axis=1, ascending=False)
    first = (wide.index[0][0], 0, source, form)
    ranks = ranks[ranks.loc[first if first in ranks.index else ranks.index[0]].sort_values().index]
    wide = wide[ranks.columns]
    listing = table.set_index([*index, "emotion"])["listing"].to_dict()
    figure = style.new_figure(style.PAGE_IN, 0.95 + 0.155 * len(ranks))
    axes = figure.subplots()
    import seaborn as sns
    from matplotlib.patches import Rectangle

    marks = ranks.map(lambda rank: "" if np.isnan(rank) else f"{rank:g}")
    sns.heatmap(
        ranks,
        ax=axes,
        cmap=f"{style.SHADES}_r",
        annot=marks,
        fmt="",
        annot_kws={"fontsize": style.SMALL_PT},
        linewidths=0.4,
        linecolor="white",
        cbar_kws={"label": "rank (1: most frequent)", "shrink": 0.7, "pad": 0.09},
    )
    axes.figure.axes[-1].invert_yaxis()
    for row, column in zip(*np.where(ranks.isna()), strict=True):
        if hatch := HATCH.get(listing.get((*ranks.index[row], ranks.columns[column]))):
            axes.add_patch(
                Rectangle((column, row), 1, 1, facecolor="white", edgecolor=style.GREY, hatch=hatch, linewidth=0)
            )
    names = [f"{LANGUAGES[language]}, {origin}, {kind}" for language, _, origin, kind in ranks.index]
    axes.set_yticks(np.arange(len(names)) + 0.5, names, rotation=0)
    for label, (_, _, origin, kind) in zip(axes.get_yticklabels(), ranks.index, strict=True):
        label.set_fontweight("bold" if (origin, kind) == (source, form) else "normal")
    axes.tick_params(length=0)
    axes.tick_params(axis="x", rotation=35)
    for label in axes.get_xticklabels():
        label.set(ha="right", rotation_mode="anchor")
    axes.set(xlabel="", ylabel="")
    axes.text(len(ranks.columns) + 0.15, -0.15, "ρ with primary", va="bottom", fontsize=style.SMALL_PT)
    for row, rho in enumerate(agreement(wide, source, form)):
        text = "" if np.isnan(rho) else f"{rho:.2f}".replace("-", "−")
        axes.text(len(ranks.columns) + 0.25, row + 0.5, text, va="center")
    style.foot(
        figure,
        "Bold: the primary estimator. Hatched: the source lists some of the terms only, crossed: none (below its cut); "
        "left out of ρ. Blank: no term.",
    )
    return figure


def agreement(wide: pd.DataFrame, source: str, form: str) -> list[float]:
    """Spearman's rho of each row with the primary estimator of its language, over the classes both list;
    not a number for the primary itself and where fewer than three classes are shared."""
    primary = {
        language: row for (language, _, origin, kind), row in wide.iterrows() if (origin, kind) == (source, form)
    }
    found = []
    for (language, _, origin, kind), row in wide.iterrows():
        both = pd.concat([primary[language], row], axis=1).dropna() if language in primary else []
        same = (origin, kind) == (source, form)
        found.append(np.nan if same or len(both) < 3 else float(both.iloc[:, 0].rank().corr(both.iloc[:, 1].rank())))
    return found
