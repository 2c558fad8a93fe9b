"""Multi-stage context enrichment, stage 1: texts about what happens between keyframes.

Stage 2, putting the texts between the keyframes, is in ``evaluation.contexts``.
Source: Agarwal et al., arXiv 2604.15280.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from emovlm.core.answer_store import AnswerStore
from emovlm.core.hashing import rng, sha256_json
from emovlm.core.progress import track
from emovlm.frames.store import FrameStore
from emovlm.models.asking import Asking
from emovlm.models.base import NoReplyError, Part, System, as_frames
from emovlm.synface.language import PHRASES, describe_motion

TEXTS_OF = {"motion": ("between", "motion"), "static": ("keyframes", "describe")}
"""Kind of text that a system writes: the frames that it is about, and the prompt."""
COLUMNS = ["clip_id", "gap", "text", "frames", "reason", "refused"]


def describe_gaps(
    system: System, fingerprint: str, sample: pd.DataFrame, frames: FrameStore, store: AnswerStore, prompt: str,
    max_new_tokens: int, code: str,
) -> pd.DataFrame:  # fmt: skip
    """One text for each gap between keyframes (``core.contracts.TEXTS``), in the words of the system under test.

    A text that the system refuses to write, or cannot write, is an empty one with its reason.

    Args:
        fingerprint: hash of all that makes the system answer as it does.
        sample: ``SAMPLE``: the frames that each text is about.
        frames: the clips' frames.
        store: what was written before is kept.
        prompt: what the system is asked, for example to describe the motion.
        max_new_tokens: of each text.
        code: hash of the code that asks.

    Raises:
        StudyError: an API model cannot be asked, or has left texts unanswered; what it wrote is kept.
    """
    rows: list[tuple[dict[str, Any], str]] = []
    missing: dict[str, Gap] = {}
    for (clip, number), group in sample.groupby(["clip_id", "gap"]):
        group = group.sort_values("position")
        gap = Gap(clip, number, group["frame_index"].tolist(), group["timestamp_s"].tolist())
        key = sha256_json([fingerprint, code, prompt, max_new_tokens, frames.sha256(clip, gap.shown), gap.times_s])
        rows.append(({"clip_id": clip, "gap": number, "frames": gap.shown}, key))
        if key not in store:
            missing.setdefault(key, gap)

    def parts(gap: Gap) -> list[Part]:
        return [*as_frames(frames.frames(gap.clip_id, gap.shown), gap.times_s), prompt]

    asking = Asking(system, store, "texts", _no_text)
    _write(asking, missing, parts, max_new_tokens)
    return pd.DataFrame([{**row, **asking[key]} for row, key in rows], columns=COLUMNS)


@dataclass(frozen=True)
class Gap:
    """A gap between keyframes of a clip, by its number, and the frames that its text is about."""

    clip_id: str
    number: int
    shown: list[int]
    times_s: list[float]


def _write(
    asking: Asking, missing: dict[str, Gap], parts: Callable[[Gap], list[Part]], max_new_tokens: int
) -> None:  # fmt: skip
    """Have the texts written that are missing, by their keys, and keep them."""
    system = asking.system
    if not hasattr(system, "say_many"):
        for key, gap in track(missing.items(), "describe gaps", "gaps"):
            name = f"{gap.clip_id}, gap {gap.number}"
            asking.ask(name, key, lambda gap=gap: _text(system.say(parts(gap), max_new_tokens)))
    else:
        ordered = sorted(missing.items(), key=lambda item: len(item[1].shown))
        said = system.say_many((parts(gap) for _, gap in ordered), max_new_tokens)
        for i, text in track(said, "describe gaps", "gaps", total=len(ordered)):
            asking.keep(ordered[i][0], _no_text(text) if isinstance(text, NoReplyError) else _text(text))
    asking.finish()


def _text(said: str) -> dict[str, Any]:
    return {"text": said, "reason": None, "refused": False}


def _no_text(error: NoReplyError) -> dict[str, Any]:
    return {"text": "", "reason": str(error), "refused": error.refused}


def true_texts(between: pd.DataFrame, keyframes: pd.DataFrame, truth: pd.DataFrame, seed: int) -> pd.DataFrame:
    """The upper bound: the true motion in each gap, from its keyframe to the frame that differs most from it.

    Args:
        between: ``SAMPLE`` of the frames between keyframes.
        keyframes: ``SAMPLE`` of the keyframes.
        truth: ``FRAME_TRUTH``.
        seed: of the wordings.
    """
    units = [f"au_{unit}" for unit in PHRASES if f"au_{unit}" in truth.columns]
    states = truth.set_index(["clip_id", "frame_index"])[units].rename(columns=lambda c: c.removeprefix("au_"))
    start = keyframes.set_index(["clip_id", "gap"])["frame_index"]
    rows = []
    for (clip, gap), group in between.groupby(["clip_id", "gap"]):
        shown = group.sort_values("position")["frame_index"].tolist()
        before, during = states.loc[(clip, start[clip, gap])], states.loc[[(clip, i) for i in shown]]
        most = during.iloc[int(np.argmax((during - before).abs().sum(axis=1)))]
        text = describe_motion(before.to_dict(), most.to_dict(), rng(seed, "true text", clip, gap))
        rows.append({"clip_id": clip, "gap": gap, "text": text, "frames": shown, "reason": None, "refused": False})
    return pd.DataFrame(rows, columns=COLUMNS)
