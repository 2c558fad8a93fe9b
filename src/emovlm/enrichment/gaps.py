"""Multi-stage context enrichment, stage 1: texts about what happens between keyframes.

Stage 2, putting the texts between the keyframes, is in ``evaluation.contexts``.
Source: Agarwal et al., arXiv 2604.15280.
"""

from functools import partial
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
    asking, rows = Asking(system, store, "texts", _no_text), []
    for (clip, gap), group in track(list(sample.groupby(["clip_id", "gap"])), "describe gaps", "gaps"):
        group = group.sort_values("position")
        shown = group["frame_index"].tolist()
        times = group["timestamp_s"].tolist()
        key = sha256_json([fingerprint, code, prompt, max_new_tokens, frames.sha256(clip, shown), times])
        if key not in store:
            parts = [*as_frames(frames.frames(clip, shown), times), prompt]
            asking.ask(f"{clip}, gap {gap}", [key], partial(_text, system, parts, max_new_tokens))
        rows.append(({"clip_id": clip, "gap": gap, "frames": shown}, key))
    asking.finish()
    return pd.DataFrame([{**row, **asking[key]} for row, key in rows], columns=COLUMNS)


def _text(system: System, parts: list[Part], max_new_tokens: int) -> list[dict[str, Any]]:
    return [{"text": system.say(parts, max_new_tokens), "reason": None, "refused": False}]


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
