"""The clips that a system is asked about, each with the columns that its answer repeats."""

import pandas as pd

from emovlm.core.errors import StudyError


def clips_to_answer(manifest: pd.DataFrame, index: pd.DataFrame, truth: pd.DataFrame | None = None) -> pd.DataFrame:
    """The test clips of a manifest that a clip index has, joined with it, with the columns ``dataset`` and ``flag``.

    Args:
        manifest: ``MANIFEST``.
        index: ``CLIP_INDEX`` of a shard.
        truth: ``CLIP_TRUTH`` of a rendered dataset. Without it the clips have no flag.

    Raises:
        StudyError: the truth lacks a clip.
    """
    clips = manifest[manifest["split"] == "test"].merge(index, on="clip_id")
    clips["dataset"] = clips["clip_id"].str.partition("/")[0]
    clips["flag"] = None if truth is None else clips["clip_id"].map(flags(truth))
    if truth is not None and clips["flag"].isna().any():
        first = clips.loc[clips["flag"].isna(), "clip_id"].iloc[0]
        raise StudyError(f"the truth of the dataset has no clip {first}; render the dataset again")
    return clips


def last_frame_s(index: pd.DataFrame) -> dict[str, float]:
    """Time of the last frame of each clip of a ``CLIP_INDEX`` that was decoded, in s, by clip_id."""
    decoded = index[index["status"] == "ok"]
    return dict(zip(decoded["clip_id"], (decoded["n_frames"] - 1) / decoded["fps"], strict=True))


def flags(truth: pd.DataFrame) -> pd.Series:
    """Flag of each clip of a ``CLIP_TRUTH`` table, by clip_id: order, micro or plain (``core.contracts.ANSWERS``)."""
    truth = truth.set_index("clip_id")
    return pd.Series("plain", truth.index).mask(truth["micro"], "micro").mask(truth["order"].notna(), "order")
