"""Plan a corpus of clips: how many of each class, how long, who, how strong; one row a clip."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from emovlm.core.errors import StudyError
from emovlm.core.hashing import rng, seed_of
from emovlm.synface.motion.expression import CLASSES, ORDER_PAIRS

LENGTH_BINS_S = {"clips_0_2s": (1.0, 2.0), "clips_2_5s": (2.0, 5.0), "clips_5s_up": (5.0, 6.0)}
"""MAFW's bins of clip length, and the range in which each is filled evenly."""

INTENSITY, MICRO_INTENSITY = (0.7, 1.1), (0.41, 0.64)
"""Shares of a prototype's intensity, of macro- and of micro-expressions."""
VARIANTS = 6  # a multiple of every class's number of variants


def plan_clips(dataset: str, corpus: dict[str, Any], class_sizes: pd.DataFrame, seed: int) -> pd.DataFrame:
    """Plan every clip of a corpus.

    Args:
        dataset: its name; people are called ``<dataset>-0001``, so that datasets share none.
        corpus: ``micro_share``, ``order_share`` (of the smaller class of each pair) and one entry a split:
            ``{clips, per_class: natural | equal, fps, identities}``.
        class_sizes: columns ``emotion``, ``clips`` and those of ``LENGTH_BINS_S`` (:func:`read_class_sizes`).

    Returns:
        A ``CLIP_PLAN`` table.

    Raises:
        StudyError: a setting is missing or cannot be met.
    """
    splits = {name: split for name, split in corpus.items() if isinstance(split, dict)}
    if not splits:
        raise StudyError(f"synface: the corpus of {dataset} has no split; give it train and test, or pretrain")
    parts, first_person = [], 1
    for name, split in splits.items():
        shares = {key: float(corpus.get(key, 0)) for key in ("micro_share", "order_share")}
        part = _plan_split(dataset, name, split, shares, class_sizes, seed)
        people = part.pop("person") + first_person
        part["identity"] = [f"{dataset}-{person:04d}" for person in people]
        first_person += int(split["identities"])
        parts.append(part)
    plan = pd.concat(parts, ignore_index=True)
    plan = plan.iloc[rng(seed, dataset, "names").permutation(len(plan))].reset_index(drop=True)
    plan["name"] = [f"{i:05d}" for i in range(1, len(plan) + 1)]
    leader = plan.groupby(["split", "scene"])["name"].transform("min")  # mirrored clips share a seed
    plan["seed"] = [seed_of(seed, dataset, name) for name in leader]
    return plan.drop(columns="scene")


def _plan_split(
    dataset: str, split: str, settings: dict[str, Any], shares: dict[str, float], class_sizes: pd.DataFrame, seed: int
) -> pd.DataFrame:
    """The clips of one split, class after class, with the numbers of their ``person`` and ``scene``."""
    where = f"synface: {dataset}, split {split}"
    missing = [key for key in ("clips", "per_class", "fps", "identities") if key not in settings]
    if missing:
        raise StudyError(f"{where}: missing {', '.join(missing)}")
    if settings["per_class"] not in ("natural", "equal"):
        raise StudyError(f"{where}: per_class is {settings['per_class']!r}; it must be natural or equal")
    if int(settings["identities"]) < 1 or float(settings["fps"]) <= 0 or int(settings["clips"]) < len(CLASSES):
        raise StudyError(f"{where}: needs at least one identity, fps above 0 and {len(CLASSES)} clips (one a class)")
    weights = class_sizes["clips"].to_numpy(float) if settings["per_class"] == "natural" else np.ones(len(class_sizes))
    counts = dict(zip(class_sizes["emotion"], largest_remainder(weights, int(settings["clips"])), strict=True))
    mirrored = {}
    for pair in ORDER_PAIRS:  # equally many in both orders, so that the pair alone says nothing of the label
        each = round(shares["order_share"] * min(counts[label] for label in pair))
        mirrored |= {pair[0]: (pair[1], each), pair[1]: (pair[0], each)}
    rows, expressive = [], 0
    for label, n in counts.items():
        draw = rng(seed, dataset, split, label)
        partner, n_order = mirrored.get(label, (None, 0))
        micro = np.zeros(n, bool)
        if label != "neutral":  # rounded over the running total, so that small classes get their part too
            share = shares["micro_share"]
            micro[: min(n - n_order, round(share * (expressive + n)) - round(share * expressive))] = True
            expressive += n
        low, high = np.where(micro, MICRO_INTENSITY[0], INTENSITY[0]), np.where(micro, MICRO_INTENSITY[1], INTENSITY[1])
        rows.append(
            pd.DataFrame(
                {
                    "split": split,
                    "label": label,
                    "fps": float(settings["fps"]),
                    "variant": draw.permutation(np.arange(n) % VARIANTS),
                    "duration_s": clip_lengths(draw.permutation((np.arange(n) + draw.random(n)) / n), class_sizes),
                    "intensity": draw.uniform(low, high),
                    "micro": micro,
                    "order": pd.Series([None] * (n - n_order) + [partner] * n_order, dtype=object),
                }
            )
        )
    part = pd.concat(rows, ignore_index=True)
    return _mirror(part, int(settings["identities"]), rng(seed, dataset, split, "people"))


def _mirror(part: pd.DataFrame, n_people: int, draw: np.random.Generator) -> pd.DataFrame:
    """Cast the clips, and give each clip of the second order of a pair all that its mirror image has."""
    part["scene"] = np.arange(len(part))
    images = []
    for first, second in ORDER_PAIRS:
        pair = [part.index[(part["label"] == a) & (part["order"] == b)] for a, b in ((first, second), (second, first))]
        images += zip(*pair, strict=True)
    followers = [follower for _, follower in images]
    lead = part.drop(index=followers)
    counts = lead.groupby("label", sort=False).size().to_numpy()
    part.loc[lead.index, "person"] = _cast(counts, n_people, draw)
    shared = ["person", "scene", "variant", "duration_s", "intensity"]
    part.loc[followers, shared] = part.loc[[leader for leader, _ in images], shared].to_numpy()
    return part.astype({"person": int, "scene": int, "variant": int})


def _cast(counts: np.ndarray, n_people: int, draw: np.random.Generator) -> np.ndarray:
    """(clips,) int: who plays each clip, class after class; at random among those with the fewest clips so far."""
    played = np.zeros(n_people, int)
    cast = []
    for n in counts:
        while n > 0:
            chosen = np.lexsort((draw.random(n_people), played))[:n]
            played[chosen] += 1
            cast.append(chosen)
            n -= len(chosen)
    return np.concatenate(cast)


def largest_remainder(weights: np.ndarray, total: int) -> np.ndarray:
    """Whole numbers in proportion to ``weights`` that sum to ``total`` (Hamilton's method; ties: first wins)."""
    exact = weights / weights.sum() * total
    counts = np.floor(exact).astype(int)
    short = np.argsort(-(exact - counts), kind="stable")[: total - counts.sum()]
    counts[short] += 1
    return counts


def clip_lengths(quantiles: np.ndarray, class_sizes: pd.DataFrame) -> np.ndarray:
    """Clip lengths (s) at the given quantiles of MAFW's lengths pooled over classes, spread evenly in each bin."""
    shares = class_sizes[list(LENGTH_BINS_S)].sum().to_numpy(float)
    edges = np.concatenate([[0], np.cumsum(shares / shares.sum())])
    bins = np.clip(np.searchsorted(edges, quantiles, side="right") - 1, 0, len(shares) - 1)
    low, high = np.array(list(LENGTH_BINS_S.values())).T
    within = (quantiles - edges[bins]) / (edges[bins + 1] - edges[bins])
    return low[bins] + within * (high[bins] - low[bins])


def read_class_sizes(path: str | Path) -> pd.DataFrame:
    """Read MAFW's class sizes and clip lengths, one row a class.

    Raises:
        StudyError: the file is missing, lacks a column, or its classes are not the eleven of MAFW.
    """
    try:
        table = pd.read_csv(path)
    except (OSError, ValueError) as error:
        raise StudyError(f"{path}: not a readable table of class sizes ({error})") from None
    missing = [column for column in ("emotion", "clips", *LENGTH_BINS_S) if column not in table]
    if missing:
        raise StudyError(f"{path}: missing columns: {', '.join(missing)}")
    if sorted(table["emotion"]) != sorted(CLASSES):
        raise StudyError(f"{path}: the column emotion must list each of {', '.join(CLASSES)} once")
    numbers = table[["clips", *LENGTH_BINS_S]]
    if not all(pd.api.types.is_numeric_dtype(numbers[c]) for c in numbers) or not (numbers.sum() > 0).all():
        raise StudyError(f"{path}: clip counts must be numbers, and not all zero")
    return table
