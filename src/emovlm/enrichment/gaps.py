"""Multi-stage context enrichment, stage 1: the system under test tells what happens between keyframes.

Stage 2, putting the texts between the keyframes, is the context ``msce`` of ``evaluation.prompts``.
Source: Agarwal et al., arXiv 2604.15280.
"""

import pandas as pd

from emovlm.core.progress import track
from emovlm.frames.store import FrameStore
from emovlm.systems.vlm import VisionLanguageModel


def describe_gaps(
    system: VisionLanguageModel, sample: pd.DataFrame, frames: FrameStore, prompt: str, max_new_tokens: int
) -> pd.DataFrame:
    """One text for each gap between keyframes (``core.contracts.TEXTS``).

    Args:
        sample: ``SAMPLE`` of a sampler of kind ``between``.
        frames: the clips' frames.
        prompt: what the system is asked, for example to describe the motion.
        max_new_tokens: of each text.
    """
    rows = []
    for (clip, gap), group in track(list(sample.groupby(["clip_id", "gap"])), "describe gaps", "gaps"):
        shown = group.sort_values("position")["frame_index"].tolist()
        text = system.say([*frames.frames(clip, shown), prompt], max_new_tokens)
        rows.append({"clip_id": clip, "gap": gap, "text": text, "frames": shown})
    return pd.DataFrame(rows, columns=["clip_id", "gap", "text", "frames"])
