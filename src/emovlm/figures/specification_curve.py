"""Claim L1: how rho moves with the estimator of word frequency."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from emovlm.figures import style
from emovlm.figures.estimators import Estimator, estimators_of
from emovlm.figures.labels import LANGUAGES, system_label
from emovlm.figures.registry import register_figure
from emovlm.lexicon.estimator import ALL_LANGUAGES

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

CURVE_IN, ROW_IN = 1.75, 0.15
ALPHA = 0.05
PUBLISHED_ON = "/MAFW"  # the published figures on all classes


@register_figure(
    title="Specification curve",
    caption=(
        "Claim L1 by every estimator of word frequency: rank correlation of F1 by class with the words, sorted, of the "
        "system that read captions and of the one that never saw a word. Dots below say which estimator it is. "
        "Filled: exact p at most 0.05; lines: range with one class left out; bold: the primary estimator."
    ),
    alt="Two curves of sorted rank correlations over all estimators of word frequency; below, dots name the estimator.",
    category="L1",
)
def specification_curve(
    correlations: pd.DataFrame,
    specifications: pd.DataFrame,
    contrasts: pd.DataFrame,
    conditions: pd.DataFrame,
    *,
    source: str,
    form: str,
) -> Figure:
    """Rho over the estimators, in the order of the claim's subject; below, the published figures at the same places.

    Args:
        correlations: CORRELATIONS.
        specifications: SPECIFICATIONS, for the median and its joint p.
        contrasts: CONTRASTS, whose row ``control`` names the claim's subject and the negative control.
        conditions: ``config/conditions.tsv``, for the system of each condition.
        source, form: the primary estimator.
    """
    control = contrasts[contrasts["contrast"] == "control"]
    figure = style.new_figure(style.PAGE_IN, 1.2)
    if control.empty:
        style.say_absent(figure.subplots())
        return figure
    system = conditions.set_index("condition")["system"]
    subjects = {
        control.iloc[0]["a"]: (style.BLUE, "o", "read captions"), control.iloc[0]["b"]: (style.ORANGE, "s", "control")
    }  # fmt: skip
    table = correlations.assign(estimator=list(map(Estimator._make, correlations[list(Estimator._fields)].to_numpy())))
    first = table[table["subject"] == control.iloc[0]["a"]].sort_values(["rho", *Estimator._fields])
    place = {each: k for k, each in enumerate(first["estimator"])}
    published = table[table["subject"].str.endswith(PUBLISHED_ON) & (table["origin"] == "published")]
    choices = _choices(estimators_of(first, source))
    figure.set_figheight(CURVE_IN * (2 if len(published) else 1) + ROW_IN * sum(map(len, choices.values())) + 1)
    heights = [CURVE_IN] * (2 if len(published) else 1) + [ROW_IN * (sum(map(len, choices.values())) + 2)]
    *curves, below = figure.subplots(len(heights), 1, height_ratios=heights, sharex=True)
    for subject, (color, marker, role) in subjects.items():
        rows = table[(table["subject"] == subject) & table["estimator"].isin(place)]
        label = f"{system_label(system[subject])} ({role}): {_in_words(specifications, subject)}"
        _curve(curves[0], rows, place, color, marker, label, (source, form))
    curves[0].set_title("This study")
    if len(published):
        _published(curves[1], published[published["estimator"].isin(place)], place, specifications, (source, form))
        curves[1].set_title("Published figures, MAFW")
    for axes in curves:
        axes.axhline(0, color=style.GREY, linewidth=0.7, zorder=1)
        axes.set(ylabel="ρ", ylim=(min(-0.15, axes.get_ylim()[0]), 1.08))
        axes.legend(loc="lower right", bbox_to_anchor=(1, 0.98), handlelength=1.2, handletextpad=0.4, borderpad=0.1)
    _matrix(below, choices, place, (source, form))
    for axes in (*curves, below):
        for each, at in place.items():
            if (each.source, each.form) == (source, form):
                axes.axvspan(at - 0.5, at + 0.5, color=style.PALE, alpha=0.6, linewidth=0, zorder=0)
    n = sorted(first["n_classes"].unique())
    style.foot(
        figure,
        f"{len(place)} estimators over {n[0]}{f' to {n[-1]}' if len(n) > 1 else ''} classes. Filled: exact p at most "
        f"{ALPHA:g}; lines: range with one class left out. Shaded, bold: the primary estimator. p: joint test of the "
        "median.",
    )
    return figure


def _choices(estimators: list[Estimator]) -> dict[str, list[str]]:
    """What there is to choose, by name of the choice: languages, forms and sources."""
    return {
        name: list(dict.fromkeys(getattr(each, name) for each in estimators)) for name in ("language", "form", "source")
    }


def _in_words(specifications: pd.DataFrame, subject: str) -> str:
    """Median and joint p of a subject over all estimators."""
    row = specifications[(specifications["subject"] == subject) & (specifications["language"] == ALL_LANGUAGES)].iloc[0]
    return f"median {row['rho_median']:.2f}, p {style.p_value(row['p'])}".replace("-", "−")


def _curve(axes: Axes, rows: pd.DataFrame, place: dict, color: str, marker: str, label: str, primary: tuple) -> None:
    """The rhos of one subject, a mark an estimator."""
    for row in rows.itertuples():
        at = place[row.estimator] + (-0.14 if marker == "o" else 0.14)
        style.interval(axes, at, 0, row.rho_low, row.rho_high, color)
        bold = (row.source, row.form) == primary
        axes.plot(
            at, row.rho, marker, color=color, mfc=color if row.p <= ALPHA else "white", markersize=5.5 if bold else 3.5,
            mec=style.INK if bold else color, mew=1.4 if bold else 0.8, label="_rho", zorder=3,
        )  # fmt: skip
    axes.plot([], [], marker, color=color, markersize=3.5, label=label)


def _published(axes: Axes, rows: pd.DataFrame, place: dict, specifications: pd.DataFrame, primary: tuple) -> None:
    """Published systems: a mark each VLM, and a bar from the lowest to the highest of the networks without words."""
    vlms = rows[rows["kind"] == "vlm"]
    for (subject, of_one), marker in zip(vlms.groupby("subject"), "o^Dv", strict=False):
        label = f"{subject.split('/')[0]}: {_in_words(specifications, subject)}"
        _curve(axes, of_one.assign(rho_low=np.nan, rho_high=np.nan), place, style.BLUE, marker, label, primary)
    networks = rows[rows["kind"] == "vision"]
    for each, rhos in networks.groupby("estimator")["rho"]:
        axes.plot([place[each]] * 2, [rhos.min(), rhos.max()], color=style.ORANGE, linewidth=3, solid_capstyle="butt",
                  label="_range", zorder=2)  # fmt: skip
    if len(networks):
        medians = specifications[
            specifications["subject"].isin(networks["subject"]) & (specifications["language"] == ALL_LANGUAGES)
        ]["rho_median"]
        label = f"{len(medians)} networks without words (control): medians {medians.min():.2f} to {medians.max():.2f}"
        axes.plot([], [], color=style.ORANGE, linewidth=3, label=label.replace("-", "−"))


def _matrix(axes: Axes, choices: dict[str, list[str]], place: dict, primary: tuple) -> None:
    """Dots that say of each estimator its language, form and source."""
    names, bold, at = [], [], {}
    for choice, values in choices.items():
        for value in values:
            at[choice, value] = len(names) + list(choices).index(choice) * 0.7
            names.append(LANGUAGES.get(value, value))
            bold.append(value in primary)
    for each, x in place.items():
        color = style.INK if (each.source, each.form) == primary else style.GREY
        ys = [at[choice, getattr(each, choice)] for choice in choices]
        axes.plot([x] * len(ys), ys, "o", color=color, markersize=3.4 if color == style.INK else 2.6, label="_choice")
    axes.set_yticks(list(at.values()), names)
    for label, is_bold in zip(axes.get_yticklabels(), bold, strict=True):
        label.set_fontweight("bold" if is_bold else "normal")
    axes.set(ylim=(max(at.values()) + 0.6, -0.6), xlim=(-0.7, len(place) - 0.3), xticks=[])
    axes.tick_params(length=0)
    axes.grid(axis="y")
    axes.spines[:].set_visible(False)
