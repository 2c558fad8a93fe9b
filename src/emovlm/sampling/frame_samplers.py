"""Frame samplers: which frames of a clip a model sees, in which order. They emit tables and touch no pixels."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from emovlm.core.contracts.frames import SAMPLE
from emovlm.core.errors import StudyError
from emovlm.core.hashing import rng
from emovlm.core.registry import Registry

Row = dict[str, Any]
# One clip's choice: frame indices in the order seen, and the number of the keyframe at or before each.
Choice = tuple[np.ndarray, np.ndarray]

TOLERANCE_S = 1e-3  # some containers round timestamps to a millisecond


@dataclass(frozen=True)
class Sampler:
    """A kind of frame sampler.

    Attributes:
        name: what a row's ``kind`` calls it.
        about: which frames it takes, in a sentence.
        choose: which frames of a clip: of its timestamps in s, its frames a second and the sampler's row.
        needs: the columns that a row of this kind must fill.
        role: what its frames are, as ``contracts.SAMPLE`` lists it.
    """

    name: str
    about: str
    choose: Callable[[np.ndarray, float, Row], Choice]
    needs: tuple[str, ...] = ()
    role: str = "frame"


@dataclass(frozen=True)
class Derived:
    """A kind of frame sampler that takes the frames of another, its base.

    Attributes:
        name: what a row's ``kind`` calls it.
        about: what it does with the frames of its base, in a sentence.
        arrange: its frames, of the base's frames and gaps, the clip's timestamps in s, the sampler's row and a
            generator of random numbers.
        needs: the columns that a row of this kind must fill.
    """

    name: str
    about: str
    arrange: Callable[[np.ndarray, np.ndarray, np.ndarray, Row, np.random.Generator], Choice]
    needs: tuple[str, ...] = ("base",)


SAMPLERS: Registry[Sampler | Derived] = Registry("kind of frame sampler", "docs/how-to/adding-a-sampler.md")


def sample_frames(sampler: Row, base: Row | None, seed: int, clips: pd.DataFrame, frames: pd.DataFrame) -> pd.DataFrame:
    """Sample frames of every decoded clip.

    Args:
        sampler: row of ``frame_samplers.tsv``; ``kind`` is a key of ``SAMPLERS``.
        base: row of the sampler that ``sampler`` derives from, if it does.
        seed: the study's seed; each clip shuffles by its own stream.
        clips: a ``contracts.CLIP_INDEX`` table. Failed clips get no rows.
        frames: a ``contracts.FRAME_INDEX`` table of the same clips.

    Returns:
        A table that fits ``contracts.SAMPLE``.

    Raises:
        StudyError: naming the row, if its kind is unknown or a parameter is missing or out of range; naming the
            clip, if the two tables disagree.
    """
    kind, derived, row = SAMPLERS.find(sampler["kind"], _where(sampler)), None, sampler
    if isinstance(kind, Derived):
        derived, row = kind, _base_of(sampler, base)
        kind = SAMPLERS.find(row["kind"], _where(row))
    decoded = clips[clips["status"] == "ok"].sort_values("clip_id", kind="stable")
    times = _timestamps(decoded, frames)
    parts = []
    for clip_id, fps in zip(decoded["clip_id"], decoded["fps"], strict=True):
        clip_times = times[clip_id]
        indices, gaps = kind.choose(clip_times, fps, row)
        if derived:
            indices, gaps = derived.arrange(
                indices, gaps, clip_times, sampler, rng(seed, "shuffled", sampler["sampler"], clip_id)
            )
        parts.append((clip_id, indices, gaps, clip_times[indices]))
    if not parts:
        return pd.DataFrame(columns=list(SAMPLE.columns))
    lengths = [len(indices) for _, indices, _, _ in parts]
    return pd.DataFrame(
        {
            "clip_id": np.repeat([clip_id for clip_id, *_ in parts], lengths),
            "position": np.concatenate([np.arange(n) for n in lengths]),
            "frame_index": np.concatenate([indices for _, indices, _, _ in parts]),
            "timestamp_s": np.concatenate([clip_times for *_, clip_times in parts]),
            "role": kind.role,
            "gap": np.concatenate([gaps for _, _, gaps, _ in parts]),
        }
    )


def _rate(times: np.ndarray, fps: float, row: Row) -> Choice:
    """The first frame at or after each multiple of 1 / rate, none twice; from the clip's own rate on, every frame."""
    indices = _grid(times, fps, _rate_of(row))
    return indices, np.zeros_like(indices)


def _keyframes(times: np.ndarray, fps: float, row: Row) -> Choice:
    """The same grid, numbered: the keyframes of multi-stage context enrichment."""
    indices = _grid(times, fps, _rate_of(row))
    return indices, np.arange(len(indices))


def _between(times: np.ndarray, fps: float, row: Row) -> Choice:
    """``count`` frames evenly spaced strictly between each keyframe and the next, or the clip's end after the last.

    A gap that has fewer frames gives them all.
    """
    count = _count_of(row)
    keyframes = _grid(times, fps, _rate_of(row))
    indices, gaps = [], []
    for gap, (start, end) in enumerate(zip(keyframes, [*keyframes[1:], len(times)], strict=True)):
        n = min(count, end - start - 1)
        steps = np.arange(1, n + 1)
        indices.append(start + (steps * (end - start) + (n + 1) // 2) // (n + 1))
        gaps.append(np.full(n, gap))
    return np.concatenate(indices), np.concatenate(gaps)


def _all(times: np.ndarray, fps: float, row: Row) -> Choice:
    """Every frame."""
    return np.arange(len(times)), np.zeros(len(times), np.int64)


def _every(times: np.ndarray, fps: float, row: Row) -> Choice:
    """The first frame and every ``step``-th after it, whatever their times."""
    indices = np.arange(0, len(times), _count_of(row, "step"))
    return indices, np.zeros_like(indices)


def _uniform(times: np.ndarray, fps: float, row: Row) -> Choice:
    """The frames at the centres of ``count`` equal parts of the clip; a shorter clip repeats frames."""
    count = _count_of(row)
    indices = (2 * np.arange(count) + 1) * len(times) // (2 * count)
    return indices, np.zeros_like(indices)


def _window(times: np.ndarray, fps: float, row: Row) -> Choice:
    """``count`` frames at the rate, around the middle of the clip; a window longer than the clip repeats its ends."""
    count, rate = _count_of(row), _rate_of(row)
    asked = (times[0] + times[-1]) / 2 + (np.arange(count) - (count - 1) / 2) / rate
    after = np.searchsorted(times, asked).clip(1, len(times) - 1) if len(times) > 1 else np.zeros(count, np.int64)
    before = np.maximum(after - 1, 0)
    indices = np.where(asked - times[before] < times[after] - asked - TOLERANCE_S, before, after)
    return indices, np.zeros_like(indices)


def _shuffled(indices: np.ndarray, gaps: np.ndarray, times: np.ndarray, row: Row, draw: np.random.Generator) -> Choice:
    """The frames of the base in a random order in which the clip looks different, where any order does."""
    while True:
        order = draw.permutation(len(indices))
        if (indices[order] != indices).any() or len(np.unique(indices)) < 2:
            return indices[order], gaps[order]


def _reversed(indices: np.ndarray, gaps: np.ndarray, times: np.ndarray, row: Row, draw: np.random.Generator) -> Choice:
    """The frames of the base, last first."""
    return indices[::-1], gaps[::-1]


def _held(indices: np.ndarray, gaps: np.ndarray, times: np.ndarray, row: Row, draw: np.random.Generator) -> Choice:
    """As many frames as the base takes, but news only at the rate: each is the last frame of the rate's grid."""
    grid = _grid(times, np.inf, _rate_of(row))
    return grid[np.searchsorted(grid, indices, side="right") - 1], gaps


for _kind in (
    Sampler("rate", "`rate` frames a second; every frame where the clip has fewer", _rate, ("rate",)),
    Sampler("keyframes", "the same frames, each a keyframe that a text may follow", _keyframes, ("rate",), "keyframe"),
    Sampler(
        "between", "`count` frames between each keyframe and the next, for the texts about what happens there",
        _between, ("rate", "count"), "between",
    ),
    Sampler("all", "every frame", _all),
    Sampler("every", "the first frame and every `step`-th after it, whatever the clip's rate", _every, ("step",)),
    Sampler("uniform", "`count` frames spread evenly over the clip, whatever its length", _uniform, ("count",)),
    Sampler("window", "`count` frames at `rate` a second around the middle of the clip", _window, ("rate", "count")),
    Derived("shuffled", "the frames of `base` in a random order, the same in every run", _shuffled),
    Derived("reversed", "the frames of `base`, last first", _reversed),
    Derived("held", "as many frames as `base`, but a new one only `rate` times a second", _held, ("rate", "base")),
):  # fmt: skip
    SAMPLERS.add(_kind)


def _grid(times: np.ndarray, fps: float, rate: float) -> np.ndarray:
    if rate >= fps:
        return np.arange(len(times))
    ticks = np.arange(np.floor((times[-1] + TOLERANCE_S) * rate) + 1) / rate
    return np.unique(np.searchsorted(times, ticks - TOLERANCE_S))


def _timestamps(decoded: pd.DataFrame, frames: pd.DataFrame) -> dict[str, np.ndarray]:
    ordered = frames.sort_values(["clip_id", "frame_index"], kind="stable")
    names, starts, counts = np.unique(ordered["clip_id"].to_numpy(str), return_index=True, return_counts=True)
    found = dict(zip(names.tolist(), counts.tolist(), strict=True))
    for clip_id, n in zip(decoded["clip_id"], decoded["n_frames"], strict=True):
        if found.get(clip_id, 0) != n or n < 1:
            raise StudyError(
                f"clip {clip_id}: the clip index has {n} frames, the frame index {found.get(clip_id, 0)}; "
                "are both of the same shards?"
            )
    times = ordered["timestamp_s"].to_numpy(float)
    return {name: times[start : start + found[name]] for name, start in zip(names.tolist(), starts, strict=True)}


def _base_of(sampler: Row, base: Row | None) -> Row:
    if base is None:
        raise StudyError(
            f"{_where(sampler)}: a {sampler['kind']} sampler needs a base, the sampler whose frames it takes"
        )
    if isinstance(SAMPLERS.get(base["kind"]), Derived):
        raise StudyError(
            f"{_where(sampler)}: its base {base['sampler']} is itself {base['kind']}; name another sampler"
        )
    return base


def _rate_of(row: Row) -> float:
    rate = row.get("rate")
    if not isinstance(rate, (int, float)) or not 0 < rate < float("inf"):
        raise StudyError(f"{_where(row)}: rate must be a number of frames a second above 0, not {rate!r}")
    return float(rate)


def _count_of(row: Row, column: str = "count") -> int:
    count = row.get(column)
    if not isinstance(count, int) or count < 1:
        raise StudyError(f"{_where(row)}: {column} must be a whole number of at least 1, not {count!r}")
    return count


def _where(row: Row) -> str:
    return f"frame_samplers.tsv, row {row['sampler']}"
