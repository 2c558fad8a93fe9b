"""What the organism reads in pretraining: rendered faces with captions in plain words.

Each sample shows one or more frames of a clip and either describes the visible action units, or says
how they change from frame to frame, and sometimes names the emotion. *How often* a caption names the
emotion is the only difference between the variants of the intervention: frames, descriptions and the order
of samples are drawn before the names are, and from other seeds.
"""

import itertools
from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd

from emovlm.core.errors import StudyError
from emovlm.core.hashing import rng
from emovlm.lexicon.estimator import permuted_counts
from emovlm.models.organism.template import ANSWER, END
from emovlm.synface.language import AT_REST, PHRASES, STILL, VISIBLE, describe, describe_motion

CAPTION_VARIANTS = ("frequency", "uniform", "permuted")


def vocabulary(classes: list[str], prompts: Iterable[str]) -> list[str]:
    """Every word that captions, prompts or class names can hold."""
    phrases = [phrase for wordings in PHRASES.values() for phrase in wordings]
    texts = [*phrases, AT_REST, STILL, ANSWER, "strongly , . ; less more", *classes, *prompts]
    return sorted({word for text in texts for word in _split(text)})


def _split(text: str) -> list[str]:
    for mark in ".,;:?!":
        text = text.replace(mark, f" {mark} ")
    return text.lower().split()


def naming_shares(
    frequency: pd.DataFrame, classes: list[str], variant: str, most: float, seed: int
) -> dict[str, float]:
    """Share of each class's samples whose caption names the emotion.

    ``frequency``: in proportion to the word's count; ``uniform``: the same for all classes; ``permuted``: in
    proportion to the counts of a permuted word list. The total is the same in all variants.

    Args:
        frequency: columns ``emotion`` and ``count`` of one source, form and language.
        classes: the emotions to name.
        variant: a key of ``CAPTION_VARIANTS``.
        most: the share of the commonest word in the variant ``frequency``.
        seed: of the permutation.

    Raises:
        StudyError: a class has no count (the source does not list all of its terms), or the variant is unknown.
    """
    counts = frequency.set_index("emotion")["count"].reindex(classes)
    if counts.isna().any():
        raise StudyError(
            f"the primary frequency source does not list all terms of {', '.join(counts.index[counts.isna()])}; "
            "choose another lexicon.primary_source in the config"
        )
    if variant not in CAPTION_VARIANTS:
        raise StudyError(f"unknown pretraining variant {variant!r}; known: {', '.join(CAPTION_VARIANTS)}")
    shares = most * counts / counts.max()
    if variant == "uniform":
        shares[:] = shares.mean()
    if variant == "permuted":
        return permuted_counts(shares.to_dict(), seed)
    return {c: float(shares[c]) for c in classes}


def write_captions(
    truth: pd.DataFrame, clips: pd.DataFrame, shares: dict[str, float], prompts: dict[str, str], params: dict[str, Any]
) -> pd.DataFrame:
    """All pretraining samples of one variant, in training order (``CAPTIONS``).

    Nobody names an emotion that does not show: a sample whose frames show no visible action unit is named only if
    the clip is neutral, and one whose last visible frame comes before the label's expression is not named.

    Args:
        truth: ``FRAME_TRUTH`` of the pretraining clips.
        clips: their label and ``onset_s``, indexed by clip id.
        shares: from :func:`naming_shares`.
        prompts: texts called ``classify``, ``describe`` and ``motion``.
        params: ``seed``, ``samples_per_clip`` and ``frames_at_most``.
    """
    units = [c for c in truth.columns if c.startswith("au_")]
    values = truth[units].rename(columns=lambda c: c.removeprefix("au_"))
    onset = clips["onset_s"].fillna(0)
    samples = []
    for clip, group in truth.groupby("clip_id", sort=True):
        states = values.loc[group.index].to_dict("records")
        shows = group["timestamp_s"].to_numpy() >= onset[clip]
        for k in range(params["samples_per_clip"]):
            draw = rng(params["seed"], "caption", clip, k)
            sample = _sample(group["frame_index"].to_numpy(), states, shows, prompts, params["frames_at_most"], draw)
            samples.append({"clip_id": clip, **sample})
    table = pd.DataFrame(samples)
    order = rng(params["seed"], "caption order").permutation(len(table))
    table = table.iloc[order].reset_index(drop=True)
    table["emotion"] = clips["label"].reindex(table["clip_id"]).to_numpy()
    nameable = table.pop("visible") | (table["emotion"] == "neutral")
    named = _named(table["emotion"], nameable, shares, params["seed"])
    question = f"{prompts['classify']} {ANSWER}"
    plain = [f"{p} {ANSWER}" for p in table.pop("asked")]
    described = table.pop("answer")
    direct = table.pop("direct")
    # Every sample asks for a description; a named one asks for the emotion too, before or after.
    asked = pd.Series(plain, index=table.index)
    first = table["emotion"] + f" {END} " + asked + " " + described
    last = described + f" {END} {question} " + table["emotion"]
    table["prompt"] = table.pop("shown") + np.where(named & direct, question, asked)
    table["answer"] = np.where(named, np.where(direct, first, last), described)
    table["sample"] = np.arange(len(table))
    table["named"] = table.pop("emotion").where(named, None)
    return table


def _named(emotions: pd.Series, nameable: pd.Series, shares: dict[str, float], seed: int) -> np.ndarray:
    """Named samples in proportion to the shares, as far as a class has nameable ones; one lottery for all variants.

    Their number is the mean share of all samples; what rounding leaves goes to the largest remainders.
    """
    ticket = pd.Series(rng(seed, "naming lottery").random(len(emotions)), index=emotions.index) + ~nameable
    rank = ticket.groupby(emotions).rank(method="first")
    wanted = pd.Series(shares)
    wanted *= round(wanted.mean() * len(emotions)) / wanted.sum()
    quota = np.floor(wanted)
    left = round(wanted.sum() - quota.sum())
    quota[(wanted - quota).sort_values(kind="stable").index[len(quota) - left :]] += 1
    return ((rank <= emotions.map(quota)) & nameable).to_numpy()


def _sample(
    indices: np.ndarray,
    states: list[dict[str, float]],
    shows: np.ndarray,
    prompts: dict[str, str],
    most: int,
    draw: np.random.Generator,
) -> dict[str, Any]:
    """Frames, the text that shows them, what is asked, and the description that answers it.

    ``shows`` says from which frame on the label's expression has begun.
    """
    n = len(indices)
    form = draw.choice(["single", "clip", "motion", "interleaved"], p=[0.3, 0.3, 0.15, 0.25])
    count = 1 if form == "single" else int(min(n, draw.integers(2, most + 1)))
    chosen = np.sort(draw.choice(n, count, replace=False))
    shown = " <image>" * count
    peak = max(chosen, key=lambda i: sum(states[i].get(u, 0.0) for u in PHRASES))
    described = describe(states[peak], draw)
    asked = prompts["describe"]
    if form == "motion":
        asked, described = prompts["motion"], describe_motion(states[chosen[0]], states[chosen[-1]], draw)
    elif form == "interleaved":
        between = [describe_motion(states[a], states[b], draw) for a, b in itertools.pairwise(chosen)]
        shown = " <image>" + "".join(f" {text} <image>" for text in between)
    expressive = [i for i in chosen if max(states[i].get(u, 0.0) for u in PHRASES) >= VISIBLE]
    return {
        "frames": indices[chosen].tolist(), "shown": shown + " ", "asked": asked, "answer": described,
        "direct": bool(draw.random() < 0.7), "visible": bool(expressive) and bool(shows[expressive[-1]]),
    }  # fmt: skip
