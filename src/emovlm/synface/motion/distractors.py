"""Motion that says nothing about the emotion: head, gaze, blinks, speech, small twitches.

Every clip draws them from the same distributions, whatever its class, so that they cannot give the class away.
"""

import numpy as np

from emovlm.synface.motion.facs import AU_INDEX, MOST

BLINKS_PER_S = 0.28  # about 17 a minute, the rate at rest (Bentivoglio et al. 1997)
BLINK_WIDTH_S = 0.055
SPEECH_SHARE = 0.25  # of clips
GESTURE_SHARE = 0.35


def draw_pose(draw: np.random.Generator, t: np.ndarray) -> np.ndarray:
    """(frames, 3) float pitch, yaw and roll in radians: slow sway, and in some clips a nod, shake, tilt or bow."""
    pose = np.stack([size * _wave(draw, t, 0.15, 0.45) for size in (0.02, 0.03, 0.012)], 1)
    if draw.random() < GESTURE_SHARE:
        kind = draw.integers(4)
        start, length = draw.uniform(0, max(t[-1], 0.1)), draw.uniform(0.6, 2.0)
        window = np.clip(np.sin(np.pi * (t - start) / length), 0, 1) * ((t > start) & (t < start + length))
        if kind < 2:
            pose[:, kind] += 0.07 * window * _wave(draw, t, 1.0, 2.2)
        else:
            pose[:, (0, 2)[kind - 2]] += draw.choice([-1, 1]) * draw.uniform(0.06, 0.15) * window
    return pose


def add_distractors(draw: np.random.Generator, action: np.ndarray, t: np.ndarray, duration: float) -> int:
    """Add gaze, blinks, speech and twitches to a clip's action units, in place.

    Args:
        action: (frames, AUs) float32, in the order of ``facs.AUS``.
        t: (frames,) seconds; duration: of the clip, seconds.

    Returns:
        The number of blinks.
    """
    for au in ("AU1", "AU4", "AU12", "AU25", "AU26"):
        action[:, AU_INDEX[au]] += np.clip(draw.normal(0, 0.03) + 0.02 * _wave(draw, t, 0.2, 1.0), 0, 0.1)
    _gaze(draw, action, t, duration)
    _speech(draw, action, t, duration)
    blinks = draw.poisson(duration * BLINKS_PER_S)
    lids = action[:, AU_INDEX["AU45"]]
    for middle in draw.uniform(0, duration, blinks):
        np.maximum(lids, np.exp(-(((t - middle) / BLINK_WIDTH_S) ** 2)), out=lids)
    np.clip(action, 0, MOST, out=action)
    return int(blinks)


def _wave(draw: np.random.Generator, t: np.ndarray, lowest: float, highest: float) -> np.ndarray:
    return np.sin(2 * np.pi * draw.uniform(lowest, highest) * t + draw.uniform(0, 2 * np.pi))


def _gaze(draw: np.random.Generator, action: np.ndarray, t: np.ndarray, duration: float) -> None:
    """Fixations with quick saccades between them; mostly near the camera, now and then far off."""
    n = 1 + draw.poisson(duration * 0.4)
    starts = np.concatenate([[0], np.sort(draw.uniform(0, duration, n - 1))])
    spread = np.where(draw.random(n) < 0.2, 0.55, 0.14)
    targets = draw.normal(0, 1, (n, 2)) * spread[:, None]
    place = targets[np.searchsorted(starts, t, side="right") - 1].clip(-0.9, 0.9)
    for (forward, backward), value in zip((("AU61", "AU62"), ("AU63", "AU64")), place.T, strict=True):
        action[:, AU_INDEX[forward]] = np.clip(value, 0, None)
        action[:, AU_INDEX[backward]] = np.clip(-value, 0, None)


def _speech(draw: np.random.Generator, action: np.ndarray, t: np.ndarray, duration: float) -> None:
    """In some clips a burst of mouth motion at the rate of syllables (3-5 Hz)."""
    if draw.random() >= SPEECH_SHARE:
        return
    start = draw.uniform(-0.3, max(0.1, duration - 0.5))
    window = np.clip((t - start) / 0.2, 0, 1) * np.clip((start + draw.uniform(0.6, 2.0) - t) / 0.2, 0, 1)
    for au, size in (("AU25", 0.35), ("AU26", 0.45), ("AU18", 0.25), ("AU22", 0.20)):
        syllables = np.clip(_wave(draw, t, 3.0, 5.0), 0, 1) * draw.uniform(0.3, 1.0) * size
        column = action[:, AU_INDEX[au]]
        np.maximum(column, window * syllables, out=column)
