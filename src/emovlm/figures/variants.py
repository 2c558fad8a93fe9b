"""Claim L1: how closely each variant follows the words, run by run, and the differences between variants."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from emovlm.figures import style
from emovlm.figures.labels import LANGUAGES, system_label
from emovlm.figures.registry import register_figure
from emovlm.lexicon.estimator import permuted_counts, primary_frequency

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

ROW_IN = 0.24


@register_figure(
    title="Variants and their contrasts",
    caption=(
        "Claim L1: rank correlation of F1 by class with the words, by variant and training run, and the "
        "differences between variants with their range over left-out classes. Starred rows are about the permuted"
        " word list."
    ),
    alt=(
        "Dots with ranges: rank correlation with word frequency by variant and training run, and the contrasts "
        "between variants."
    ),
    category="L1",
)
def variants(
    per_run: pd.DataFrame,
    frequency: pd.DataFrame,
    contrasts: pd.DataFrame,
    conditions: pd.DataFrame,
    *,
    language: str,
    source: str,
    form: str,
    seed: int,
) -> Figure:
    """Spearman's rho of F1 with the words, a dot a training run; beside it the contrasts of the variants.

    Args:
        per_run: PER_RUN.
        frequency: TERM_FREQUENCY.
        contrasts: CONTRASTS; those of ``language`` are drawn, by the words that both sides are correlated with.
        conditions: ``config/conditions.tsv``, for the system of each condition.
        language: of the captions.
        source, form: which frequency estimator.
        seed: of the study, which deals out the permuted words.
    """
    rows = contrasts[contrasts["language"] == language]
    sides = [(row.words, c) for words in ("real", "permuted") for row in rows[rows["words"] == words].itertuples()
             for c in (row.a, row.b)]  # fmt: skip
    sides = list(dict.fromkeys(sides))
    figure = style.new_figure(style.PAGE_IN, 0.75 + ROW_IN * max(len(sides), 3))
    left, right = figure.subplots(1, 2, width_ratios=[1, 1])
    if rows.empty:
        style.say_absent(left)
        style.say_absent(right)
        return figure
    listed = primary_frequency(frequency, {"primary_source": source, "primary_form": form}, language)
    real = listed.set_index("emotion")["count"]
    words = {"real": real, "permuted": pd.Series(permuted_counts(real.to_dict(), seed))}
    system = conditions.set_index("condition")["system"]
    for place, (kind, condition) in enumerate(sides):
        rhos = rho_by_run(per_run[per_run["condition"] == condition], words[kind])
        color = style.BLUE if kind == "real" else style.GREEN
        left.plot([np.mean(rhos)] * 2, [place - 0.3, place + 0.3], color=color, linewidth=1.6, label="_mean")
        left.plot(rhos, [place] * len(rhos), "o", color=color, markersize=3.2, mfc="white", label="_runs", zorder=3)
    names = [f"{system_label(system[c])}{'' if kind == 'real' else ' *'}" for kind, c in sides]
    _axes(left, names, f"ρ of F1 with {LANGUAGES[language]} words")
    left.set_title("By variant and training run")
    for place, row in enumerate(rows.itertuples()):
        color = style.BLUE if row.words == "real" else style.GREEN
        style.interval(right, 0, place, row.low, row.high, color, vertical=False)
        right.plot(row.difference, place, "o", color=color, zorder=3)
        test = row.test.split(",")[0]
        right.text(
            1.03, place, f"{style.signed(row.difference, row.low, row.high, 2)}\np {style.p_value(row.p)} ({test})",
            transform=right.get_yaxis_transform(), va="center",
        )  # fmt: skip
    _axes(right, [row.contrast + (" *" if row.words == "permuted" else "") for row in rows.itertuples()],
          "difference of ρ (range: one class left out)")  # fmt: skip
    right.set_title("Contrasts")
    runs = sorted({*rows["runs_a"], *rows["runs_b"]})
    style.foot(
        figure,
        f"n = {rows['n_classes'].max()} classes; training runs a variant: {' to '.join(map(str, runs))}.",
        "Bars on the left: means. In brackets: what p permutes.",
        "* With the permuted words, which the captions of the permuted variant follow." if "permuted" in words else "",
    )
    return figure


def rho_by_run(f1: pd.DataFrame, words: pd.Series) -> list[float]:
    """Spearman's rho of F1 by class with the words, of each training run in PER_RUN of one condition."""
    wide = f1.pivot(index="replicate", columns="emotion", values="f1")
    classes = [c for c in words.index if c in wide.columns]
    return wide[classes].rank(axis=1).corrwith(words[classes].rank(), axis=1).tolist()


def _axes(axes: Axes, names: list[str], xlabel: str) -> None:
    axes.axvline(0, color=style.GREY, linewidth=0.7, zorder=1)
    axes.set_yticks(range(len(names)), names)
    axes.set_ylim(len(names) - 0.5, -0.5)
    axes.set_xlabel(xlabel)
    axes.grid(axis="x")
