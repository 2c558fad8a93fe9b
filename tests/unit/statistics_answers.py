"""Answer tables drawn from a known confusion, for the tests of the statistics."""

import numpy as np
import pandas as pd

CLASSES = ["anger", "happiness", "neutral", "contempt"]
SETTINGS = {"seed": 7, "resamples": 500, "confidence": 0.95, "classes": CLASSES}


def draw_answers(seed=0, n=120, identities=30, skill=0.6, failed=0.05, classes=CLASSES):
    """``n`` clips, equally many a class; right with probability ``skill``, else even over the classes."""
    generator = np.random.default_rng(seed)
    label = np.array(classes)[np.arange(n) % len(classes)]
    guess = generator.choice(classes, n)
    prediction = pd.Series(np.where(generator.random(n) < skill, label, guess), dtype=object)
    fails = generator.random(n) < failed
    frame = pd.DataFrame({
        "clip_id": [f"synface/{k:05}" for k in range(n)], "label": label,
        "identity": [f"p{k % identities:03}" for k in np.random.default_rng(1).permutation(n)],
        "status": np.where(fails, "failed", "ok"), "reason": np.where(fails, "does not decode", None),
        "prediction": prediction.where(~fails, None), "reply": "", "parsed": None, "n_frames": 8, "n_tokens": 50,
    })  # fmt: skip
    return frame.assign(**{f"score_{c}": 0.0 for c in classes})


def manifest_of(answers):
    """The MANIFEST that holds the clips of an answer table."""
    return pd.DataFrame({
        "clip_id": answers["clip_id"], "path": answers["clip_id"] + ".mp4", "label": answers["label"], "split": "test",
        "fold": 0, "identity": answers["identity"],
    })  # fmt: skip
