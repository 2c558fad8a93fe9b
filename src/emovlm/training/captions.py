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
from emovlm.lexicon.estimator import permuted_counts, swapped_counts
from emovlm.models.organism.template import ANSWER, END
from emovlm.synface.language import AT_REST, PHRASES, STILL, VISIBLE, describe, describe_motion

FORMS = {"single": 0.3, "clip": 0.3, "motion": 0.15, "interleaved": 0.25}
"""Share of samples that show one frame; several; several, described by how they change; several with texts between."""


def vocabulary(classes: list[str], prompts: Iterable[str]) -> list[str]:
    """Every word that captions, prompts or class names can hold."""
    phrases = [phrase for wordings in PHRASES.values() for phrase in wordings]
    texts = [*phrases, AT_REST, STILL, ANSWER, "strongly , . ; less more", *classes, *prompts]
    return sorted({word for text in texts for word in _split(text)})


def _split(text: str) -> list[str]:
    for mark in ".,;:?!":
        text = text.replace(mark, f" {mark} ")
    return text.lower().split()


def naming_shares(frequency: pd.DataFrame, classes: list[str], variant: dict[str, Any], seed: int) -> dict[str, float]:
    """Share of each class's samples whose caption names the emotion.

    They are in proportion to a power of the word's count. Variants with the same ``naming`` have the same total.

    Args:
        frequency: columns ``emotion`` and ``count`` of one source, form and language.
        classes: the emotions to name.
        variant: ``exponent`` of the counts (0: all classes alike); ``words``: ``real`` counts, ``permuted`` ones, or
            ``swapped`` between the commonest and the rarest word, the second and the second rarest, and so on; and
            ``naming``, the share of the commonest word with exponent 1.
        seed: of the permutation.

    Raises:
        StudyError: a class has no count (the source does not list all of its terms).
    """
    counts = frequency.set_index("emotion")["count"].reindex(classes)
    if counts.isna().any():
        raise StudyError(
            f"the primary frequency source does not list all terms of {', '.join(counts.index[counts.isna()])}; "
            "choose another lexicon.primary_source in the config"
        )
    relative = counts / counts.max()
    shares = relative ** variant["exponent"]
    shares *= variant["naming"] * relative.mean() / shares.mean()
    if variant["words"] == "permuted":
        return permuted_counts(shares.to_dict(), seed)
    if variant["words"] == "swapped":
        return swapped_counts(shares.to_dict())
    return shares.to_dict()


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
        params: ``seed``, ``samples_per_clip``, ``frames_at_most`` and ``variant``: its ``frames``, the most that a
            sample shows where no texts stand between them (frames of short clips are shown several times), and its
            ``content``, what captions speak of: ``moments`` alone, or ``change`` from frame to frame as well.
    """
    units = truth.reindex(columns=[f"au_{unit}" for unit in PHRASES], fill_value=0.0).to_numpy()
    indices = truth["frame_index"].to_numpy()
    shows = (truth["timestamp_s"] >= truth["clip_id"].map(clips["onset_s"].fillna(0))).to_numpy()
    samples = []
    for clip, rows in sorted(truth.groupby("clip_id").indices.items()):
        for k in range(params["samples_per_clip"]):
            draw = rng(params["seed"], "caption", clip, k)
            sample = _sample(indices[rows], units[rows], shows[rows], prompts, params, draw)
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
    units: np.ndarray,
    shows: np.ndarray,
    prompts: dict[str, str],
    params: dict[str, Any],
    draw: np.random.Generator,
) -> dict[str, Any]:
    """Frames, the text that shows them, what is asked, and the description that answers it.

    ``units`` [frames, units] are those of ``PHRASES``; ``shows`` says from which frame on the label's expression has
    begun.
    """
    form, n = draw.choice(list(FORMS), p=list(FORMS.values())), len(indices)
    direct, frames, words = bool(draw.random() < 0.7), *draw.spawn(2)
    chosen = _chosen(n, form, params, frames)
    changes = params["variant"]["content"] == "change"
    shown, asked = " <image>" * len(chosen), prompts["describe"]
    if form == "motion" and changes:
        asked, described = (
            prompts["motion"],
            describe_motion(_state(units[chosen[0]]), _state(units[chosen[-1]]), words),
        )
    else:
        described = describe(_state(units[chosen[units[chosen].sum(1).argmax()]]), words)
    if form == "interleaved" and changes:
        states = [_state(each) for each in units[chosen]]
        between = [describe_motion(one, other, words) for one, other in itertools.pairwise(states)]
        shown = " <image>" + "".join(f" {text} <image>" for text in between)
    expressive = chosen[units[chosen].max(1) >= VISIBLE]
    return {
        "frames": indices[chosen].tolist(), "shown": shown + " ", "asked": asked, "answer": described,
        "direct": direct, "visible": len(expressive) > 0 and bool(shows[expressive[-1]]),
    }  # fmt: skip


def _state(units: np.ndarray) -> dict[str, float]:
    return dict(zip(PHRASES, units.tolist(), strict=True))


def _chosen(n: int, form: str, params: dict[str, Any], draw: np.random.Generator) -> np.ndarray:
    """Positions of the frames that a sample shows, in order.

    Their number is drawn evenly on a logarithmic scale, so that few samples are long whatever the most is.
    """
    if form == "single":
        return draw.integers(n, size=1)
    most, scale = params["frames_at_most"], draw.random()
    if form != "interleaved":
        most = params["variant"].get("frames", most)
    count = int(2 * ((most + 1) / 2) ** scale)
    if count <= n:
        return np.sort(draw.choice(n, count, replace=False))
    if most <= params["frames_at_most"]:
        return np.arange(n)
    return np.sort(np.concatenate([np.arange(n), draw.integers(n, size=count - n)]))
