"""Shortcut test: can non-facial cues predict the label? A classifier of these cues is scored on unseen people."""

import numpy as np
import pandas as pd
from sklearn.ensemble import RandomForestClassifier
from statsmodels.stats.multitest import multipletests

from emovlm.core.bootstrap import bootstrap_weights, percentile_interval
from emovlm.core.errors import StudyError
from emovlm.core.hashing import rng, seed_of

_TURNS = ["cue_pitch_deg", "yaw_deg", "cue_roll_deg", "cue_pitch_sd_deg", "cue_yaw_sd_deg", "cue_roll_sd_deg"]
_ROOM = ["cue_background_r", "cue_background_g", "cue_background_b", "cue_background_sd"]
_LIGHT = ["cue_key_x", "cue_key_y", "cue_key_z", "cue_key_light", "cue_key_tint", "cue_fill_light", "cue_ambient_light"]
GROUPS: dict[str, list[str]] = {
    "pose": [*_TURNS, "cue_zoom", "cue_shift_x", "cue_shift_y"],
    "gaze": ["cue_gaze_x", "cue_gaze_y", "cue_gaze_x_sd", "cue_gaze_y_sd"],
    "blinks": ["blinks", "cue_seconds"],
    "background and light": [*_ROOM, *_LIGHT, "cue_exposure", "cue_grain"],
    "length": ["cue_seconds", "cue_frames"],
    "file size": ["cue_bytes", "cue_frames"],
}
"""Cues and their columns of ``CLIP_TRUTH``. Blinks and bytes come with the length, to which they are in proportion."""
ALL = "all together"
TREES = 200


def measure_cues(clips: pd.DataFrame, resamples: int, confidence: float, seed: int) -> pd.DataFrame:
    """CUES: how well each group of cues, and all of them, predict the class of the test split from the training split.

    ``accuracy`` is the mean recall of the classes, whose chance is 1 / classes whatever is predicted. The interval
    resamples people; p (one-sided: better than chance) permutes the labels of the test clips; ``p_holm`` corrects
    it over the rows.

    Args:
        clips: ``CLIP_TRUTH`` of a dataset with splits train and test.

    Raises:
        StudyError: a split is missing, or the columns of a cue.
    """
    needed = sorted({column for columns in GROUPS.values() for column in columns})
    missing = [column for column in needed if column not in clips]
    if missing:
        raise StudyError(f"clip truth: no columns {', '.join(missing)}; render the dataset again")
    train, test = (clips[clips["split"] == split].sort_values("clip_id") for split in ("train", "test"))
    if train.empty or test.empty:
        raise StudyError("clip truth: the cue test needs clips in the splits train and test")
    rows = []
    for cues, columns in {**GROUPS, ALL: needed}.items():
        forest = RandomForestClassifier(
            TREES, min_samples_leaf=2, class_weight="balanced", n_jobs=1, random_state=seed_of(seed, cues) % 2**32
        )
        forest.fit(train[columns].to_numpy(float), train["label"])
        predicted = forest.predict(test[columns].to_numpy(float))
        rows.append({"cues": cues, **_score(predicted, test, resamples, confidence, seed), "n": len(test)})
    table = pd.DataFrame(rows)
    table["p_holm"] = multipletests(table["p"], method="holm")[1]
    return table


def _score(predicted: np.ndarray, test: pd.DataFrame, resamples: int, confidence: float, seed: int) -> dict[str, float]:
    """Mean recall of the classes, its interval over people, and p against chance."""
    labels, classes = pd.factorize(test["label"], sort=True)
    hits = predicted == test["label"].to_numpy()
    share = 1 / (len(classes) * np.bincount(labels)[labels])  # of each clip in the mean recall
    accuracy = float(hits @ share)

    people, names = pd.factorize(test["identity"], sort=True)
    counts = np.zeros((2, len(names), len(classes)))
    np.add.at(counts[0], (people, labels), hits)
    np.add.at(counts[1], (people, labels), 1)
    right, asked = bootstrap_weights(list(names), resamples, seed).astype(float) @ counts
    recalls = np.divide(right, asked, out=np.full_like(right, np.nan), where=asked > 0)  # a class may not be drawn
    low, high = percentile_interval(np.nanmean(recalls, axis=1), confidence)

    dealt = rng(seed, "cues permutation").permuted(np.tile(np.arange(len(test)), (resamples, 1)), axis=1)
    guesses = pd.Index(classes).get_indexer(predicted)
    null = ((guesses == labels[dealt]) * share[dealt]).sum(axis=1)
    p = float((1 + (null >= accuracy - 1e-9).sum()) / (1 + resamples))
    return {"accuracy": accuracy, "low": float(low), "high": float(high), "chance": 1 / len(classes), "p": p}
