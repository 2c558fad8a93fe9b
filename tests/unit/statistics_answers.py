"""Answer tables drawn from a known confusion, for the tests of the statistics."""

import numpy as np
import pandas as pd

CLASSES = ["anger", "happiness", "neutral", "contempt"]
SETTINGS = {"seed": 7, "resamples": 500, "confidence": 0.95, "classes": CLASSES, "tail": ["contempt", "helplessness"],
            "alpha": 0.05, "flips": 500}  # fmt: skip
FLAGS = ["micro", "order", "plain", "plain", "plain"]  # of every fifth clip


def draw_answers(seed=0, n=120, identities=30, skill=0.6, failed=0.05, classes=CLASSES, replicates=1, habit=None):
    """``n`` clips, equally many a class, answered by each of ``replicates`` training runs; as from `read_answers`.

    Right with probability ``skill``, else drawn from ``habit`` (weights of the classes; even if None).
    """
    runs = [_run(seed if r == 0 else [seed, r], r + 1, n, identities, skill, failed, classes, habit)
            for r in range(replicates)]  # fmt: skip
    return pd.concat(runs, ignore_index=True)


def _run(seed, replicate, n, identities, skill, failed, classes, habit):
    generator = np.random.default_rng(seed)
    label = np.array(classes)[np.arange(n) % len(classes)]
    guess = generator.choice(classes, n, p=None if habit is None else np.array(habit) / np.sum(habit))
    prediction = pd.Series(np.where(generator.random(n) < skill, label, guess), dtype=object)
    fails = generator.random(n) < failed
    frame = pd.DataFrame({
        "clip_id": [f"synface/{k:05}" for k in range(n)], "dataset": "synface", "replicate": replicate, "label": label,
        "identity": [f"p{k % identities:03}" for k in np.random.default_rng(1).permutation(n)],
        "flag": np.array(FLAGS)[np.arange(n) % len(FLAGS)],
        "status": np.where(fails, "failed", "ok"), "reason": np.where(fails, "does not decode", None),
        "refused": False, "cut": False,
        "prediction": prediction.where(~fails, None), "reply": "", "parsed": None, "exact": None, "substring": None,
        "n_frames": 8, "n_tokens": 50,
    })  # fmt: skip
    return frame.assign(**{f"score_{c}": 0.0 for c in classes})


def stored(answers):
    """The ANSWERS table of drawn answers."""
    return answers.assign(fold=0)


def clips_of(answers):
    """One row a clip of an answer table."""
    return answers.drop_duplicates("clip_id").reset_index(drop=True)


def manifest_of(answers):
    """The MANIFEST that holds the clips of an answer table."""
    clips = clips_of(answers)
    return pd.DataFrame({
        "clip_id": clips["clip_id"], "path": clips["clip_id"] + ".mp4", "label": clips["label"], "split": "test",
        "fold": 0, "identity": clips["identity"],
    })  # fmt: skip


def truth_of(answers):
    """The CLIP_TRUTH that gives the clips of an answer table their flags; micro-expressions last 0.25 to 0.45 s."""
    clips = clips_of(answers)
    flag, before = clips["flag"], pd.Series("fear", clips.index, dtype=object)
    onset = 0.3 + (np.arange(len(clips)) % 7) / 10
    return pd.DataFrame({
        "clip_id": clips["clip_id"], "identity": clips["identity"], "label": clips["label"], "split": "test",
        "micro": flag == "micro", "order": before.where(flag == "order", None),
        "onset_s": onset, "apex_s": onset, "apex_end_s": onset,
        "offset_s": onset + 0.25 + (np.arange(len(clips)) % 6) / 25, "yaw_deg": 0.0, "blinks": 0, "frames_sha256": "",
    })  # fmt: skip
