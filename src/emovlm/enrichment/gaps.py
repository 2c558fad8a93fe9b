"""Multi-stage context enrichment, stage 1: texts about what happens between keyframes.

Stage 2, putting the texts between the keyframes, is in ``evaluation.prompts``.
Source: Agarwal et al., arXiv 2604.15280.
"""

import numpy as np
import pandas as pd

from emovlm.core.hashing import rng
from emovlm.core.progress import track
from emovlm.frames.store import FrameStore
from emovlm.systems.captions import PHRASES, describe_motion
from emovlm.systems.reply import as_frames
from emovlm.systems.vlm import VisionLanguageModel

COLUMNS = ["clip_id", "gap", "text", "frames"]


def describe_gaps(
    system: VisionLanguageModel, sample: pd.DataFrame, frames: FrameStore, prompt: str, max_new_tokens: int
) -> pd.DataFrame:
    """One text for each gap between keyframes (``core.contracts.TEXTS``), in the words of the system under test.

    Args:
        sample: ``SAMPLE``: the frames that each text is about.
        frames: the clips' frames.
        prompt: what the system is asked, for example to describe the motion.
        max_new_tokens: of each text.
    """
    rows = []
    for (clip, gap), group in track(list(sample.groupby(["clip_id", "gap"])), "describe gaps", "gaps"):
        group = group.sort_values("position")
        shown = group["frame_index"].tolist()
        text = system.say([*as_frames(frames.frames(clip, shown), group["timestamp_s"]), prompt], max_new_tokens)
        rows.append({"clip_id": clip, "gap": gap, "text": text, "frames": shown})
    return pd.DataFrame(rows, columns=COLUMNS)


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
        rows.append({"clip_id": clip, "gap": gap, "text": text, "frames": shown})
    return pd.DataFrame(rows, columns=COLUMNS)
