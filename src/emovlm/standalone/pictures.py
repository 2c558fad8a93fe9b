"""Small pictures of what a model saw of the clips that it got wrong."""

import base64
import io

import numpy as np
import pandas as pd
from PIL import Image

from emovlm.frames.store import FrameStore
from emovlm.models.base import spread

SIDE, FRAMES, CLIPS = 96, 8, 240
"""Px of a picture, pictures of a clip at most, and clips with pictures at most, over all conditions together."""
QUALITY = 70  # of WebP: about 2 kB a picture


def pictures_of(
    answers: pd.DataFrame, sample: pd.DataFrame, frames: FrameStore, conditions: int
) -> dict[str, list[str]]:
    """Frames of wrong clips in the order shown, WebP in base64, by clip.

    The clips are those that were wrong by the largest difference between the scores of the prediction and of the label;
    where there are no scores, the first by name.

    Args:
        answers: ``ANSWERS`` of one condition.
        sample: ``SAMPLE`` of its frame sampler.
        conditions: how many conditions share the number of clips with pictures.
    """
    wrong = answers[(answers["prediction"] != answers["label"]) & (answers["n_frames"] > 0)]
    chosen = wrong.assign(margin=margins(wrong)).sort_values(["margin", "clip_id"], ascending=[False, True])
    chosen = chosen.head(max(1, CLIPS // conditions))
    shown = dict(iter(sample[sample["clip_id"].isin(chosen["clip_id"])].groupby("clip_id")))
    return {
        row.clip_id: [
            _webp(pixels) for pixels in frames.frames(row.clip_id, _seen(shown[row.clip_id], int(row.n_frames)))
        ]
        for row in chosen.sort_values("clip_id").itertuples()
    }


def margins(answers: pd.DataFrame) -> np.ndarray:
    """Score of the prediction less that of the label, in nats; 0 where there are no scores."""
    scores = answers.filter(regex="^score_")

    def of(column: str) -> np.ndarray:
        places = scores.columns.get_indexer("score_" + answers[column].fillna("").astype(str))
        values = scores.to_numpy(float)[np.arange(len(answers)), places] if len(scores.columns) else np.nan
        return np.where(places >= 0, values, np.nan)

    return np.nan_to_num(of("prediction") - of("label"))


def _seen(sample: pd.DataFrame, n_frames: int) -> np.ndarray:
    """Numbers of at most ``FRAMES`` of the frames that the model was shown, of which a limit left some out."""
    indices = sample.sort_values("position")["frame_index"].to_numpy()
    seen = indices if n_frames == len(indices) else indices[spread(len(indices), n_frames)]
    return seen if len(seen) <= FRAMES else seen[spread(len(seen), FRAMES)]


def _webp(pixels: np.ndarray) -> str:
    data = io.BytesIO()
    picture = Image.fromarray(pixels)
    picture.thumbnail((SIDE, SIDE), Image.Resampling.LANCZOS)
    picture.save(data, "webp", quality=QUALITY)
    return base64.b64encode(data.getvalue()).decode("ascii")
