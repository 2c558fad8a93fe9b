"""Has an organism learned at all? Asked about single apex frames of people it has not seen.

A model that has learned nothing cannot test anything, so these figures stand beside every verdict.
"""

from typing import Any

import numpy as np
import pandas as pd

from emovlm.core.bootstrap import bootstrap_weights, percentile_interval
from emovlm.core.progress import track
from emovlm.frames.store import FrameStore
from emovlm.models.base import Frame
from emovlm.models.vlm.vision_language_model import VisionLanguageModel
from emovlm.synface.language import PHRASES, VISIBLE, visible_units

WORDS = 32  # of a description, at most
UNITS: dict[str, set[str]] = {}  # of each phrase
for _unit, _wordings in PHRASES.items():
    for _wording in _wordings:
        UNITS.setdefault(_wording, set()).add(_unit)


def apex_frames(clips: pd.DataFrame, frames: pd.DataFrame) -> pd.DataFrame:
    """The frame in the middle of each clip's apex, or of the clip where nothing happens: clip_id, frame_index.

    Args:
        clips: ``CLIP_TRUTH``.
        frames: ``FRAME_INDEX``: what was decoded.
    """
    rows = []
    times = dict(iter(frames.groupby("clip_id")))
    for clip in clips.itertuples():
        if clip.clip_id not in times:
            continue
        seen = times[clip.clip_id]
        stamps = seen["timestamp_s"]
        middle = stamps.iloc[-1] / 2 if pd.isna(clip.apex_s) else (clip.apex_s + clip.apex_end_s) / 2
        rows.append((clip.clip_id, int(seen["frame_index"].iloc[int((stamps - middle).abs().argmin())])))
    return pd.DataFrame(rows, columns=["clip_id", "frame_index"])


def said_units(text: str) -> list[set[str]]:
    """The action units that each phrase of a description can stand for (one phrase names both sides of a face)."""
    phrases = [part.strip().removeprefix("strongly ") for part in text.strip(" .").split(",")]
    return [UNITS.get(phrase, set()) for phrase in phrases if phrase]


def caption_scores(said: list[set[str]], state: dict[str, float]) -> tuple[float, float]:
    """Precision (share of phrases that are true) and recall (share of the units to list that are named).

    A phrase without a unit (a face at rest) is true where no unit is visible. Recall is nan there.
    """
    wanted = visible_units(state)
    right = [any(state.get(unit, 0.0) >= VISIBLE for unit in units) if units else not wanted for units in said]
    named = set().union(*said)
    found = [unit in named for unit in wanted]
    return float(np.mean(right)) if said else 0.0, float(np.mean(found)) if wanted else float("nan")


def check_organism(
    system: VisionLanguageModel, clips: pd.DataFrame, truth: pd.DataFrame, store: FrameStore, prompts: dict[str, str],
    params: dict[str, Any],
) -> pd.DataFrame:  # fmt: skip
    """Accuracy and captions of apex frames (``SANITY_CHECKS`` without system and replicate).

    Chance of a caption: the same captions judged by the action units of every other clip. Intervals: bootstrap over
    people.

    Args:
        clips: clip_id, label, identity and ``frame_index`` of each clip asked about.
        truth: ``FRAME_TRUTH``.
        store: the clips' frames.
        prompts: texts called ``classify`` and ``describe``.
        params: ``classes``, ``frequent`` (the more frequent half of the words), ``seed``, ``resamples``,
            ``confidence``.
    """
    states = (
        truth.merge(clips[["clip_id", "frame_index"]])
        .set_index("clip_id")
        .rename(columns=lambda c: c.removeprefix("au_"))
    )
    apex = [
        Frame(store.frames(clip, [i])[0], 0.0) for clip, i in zip(clips["clip_id"], clips["frame_index"], strict=True)
    ]
    answers = system.answer_many(([frame, prompts["classify"]] for frame in apex), params["classes"], 1)
    right = [
        max(reply.scores, key=reply.scores.get) == label for reply, label in zip(answers, clips["label"], strict=True)
    ]
    described = system.say_many(([frame, prompts["describe"]] for frame in apex), WORDS)
    text_of = dict(track(described, "check organism", "clips", total=len(apex)))
    said = [said_units(text_of[i]) for i in range(len(apex))]
    shown = [states.loc[clip].to_dict() for clip in clips["clip_id"]]
    scores = np.array([[caption_scores(s, state) for state in shown] for s in said])  # (captions, clips, 2)
    own = np.arange(len(clips))
    others = scores.copy()
    others[own, own] = np.nan
    right = np.array(right, float)
    often = clips["label"].isin(params["frequent"]).to_numpy()
    chance = 1 / len(params["classes"])
    measures = {
        "apex_accuracy": (right, chance),
        "apex_accuracy_frequent": (np.where(often, right, np.nan), chance),
        "caption_precision": (scores[own, own, 0], float(np.nanmean(others[..., 0]))),
        "caption_recall": (scores[own, own, 1], float(np.nanmean(others[..., 1]))),
    }
    people, names = pd.factorize(clips["identity"], sort=True)
    weights = bootstrap_weights(list(names), params["resamples"], params["seed"])
    rows = []
    for measure, (values, by_chance) in measures.items():
        low, high = percentile_interval(_means(values, people, weights), params["confidence"])
        n = int(np.isfinite(values).sum())
        rows.append({"measure": measure, "value": float(np.nanmean(values)), "low": float(low), "high": float(high),
                     "chance": by_chance, "n": n})  # fmt: skip
    return pd.DataFrame(rows)


def _means(values: np.ndarray, people: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """The mean over clips in each resample of people; clips without a value (nan) do not count."""
    there, n = np.isfinite(values), weights.shape[1]
    total = np.bincount(people[there], values[there], n)
    return (weights @ total) / (weights @ np.bincount(people[there], minlength=n))
