"""Training samplers: how often each class, and so each clip, is drawn in training."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from emovlm.core.errors import StudyError
from emovlm.core.hashing import rng
from emovlm.core.registry import Registry

Row = Mapping[str, Any]


@dataclass(frozen=True)
class TrainingSampler:
    """A kind of training sampler.

    Attributes:
        name: what a row's ``kind`` calls it.
        about: how often it draws a class, in a sentence, with its source.
        weigh: the weight of drawing each class, up to a factor, of the classes' numbers of clips and the sampler's row.
        needs: the columns that a row of this kind must fill.
    """

    name: str
    about: str
    weigh: Callable[[np.ndarray, Row], np.ndarray]
    needs: tuple[str, ...] = ()


TRAINING_SAMPLERS: Registry[TrainingSampler] = Registry("kind of training sampler", "docs/how-to/adding-a-sampler.md")


def class_weights(sampler: Row, counts: Mapping[str, int]) -> dict[str, float]:
    """Probability of drawing each class, given its number of clips.

    Args:
        sampler: row of ``training_samplers.tsv``; ``kind`` is a key of ``TRAINING_SAMPLERS``.
        counts: clips by class.

    Raises:
        StudyError: unknown kind, a class without clips, or a parameter missing or out of range.
    """
    kind = TRAINING_SAMPLERS[sampler["kind"]]
    empty = [name for name, n in counts.items() if n < 1]
    if empty or not counts:
        raise StudyError(f"no clips to train on{f' of class {empty[0]}' if empty else ''}")
    weights = kind.weigh(np.array(list(counts.values()), float), sampler)
    return dict(zip(counts, (weights / weights.sum()).tolist(), strict=True))


def _effective_number(n: np.ndarray, row: Row) -> np.ndarray:
    """n / E(n) with E(n) = (1 - beta^n) / (1 - beta): natural at beta = 0, balanced as beta nears 1."""
    beta = row.get("beta")
    if not isinstance(beta, (int, float)) or not 0 <= beta < 1:
        raise StudyError(f"beta must be a number of at least 0 and below 1, not {beta!r}")
    return n * (1 - beta) / (1 - beta**n)


for _kind in (
    TrainingSampler("natural", "every clip equally likely", lambda n, row: n),
    TrainingSampler("balanced", "every class equally likely", lambda n, row: np.ones_like(n)),
    TrainingSampler(
        "square-root", "a class by the square root of its number of clips (Mahajan et al., ECCV 2018)",
        lambda n, row: np.sqrt(n),
    ),
    TrainingSampler(
        "effective-number", "each clip by the weight that the class-balanced loss gives it, with `beta` "
        "(Cui et al., CVPR 2019)", _effective_number, ("beta",),
    ),
):  # fmt: skip
    TRAINING_SAMPLERS.add(_kind)


def training_schedule(
    sampler: Row,
    manifest: pd.DataFrame,
    n_draws: int,
    seed: int,
    failed: Collection[str] = (),
    fold: int = 0,
) -> pd.DataFrame:
    """Draw clips to train on: a class by its weight, then the class's next clip.

    Without folds these are the clips of split train. The model of an official fold k is trained on all clips of the
    splits train and test whose fold is not k, and so never on one that it will be asked about.

    A class's clips come in reshuffled passes, so that each is used before any is repeated. All samplers share
    their random numbers, so that two schedules differ by their weights alone, and a shorter schedule is the
    beginning of a longer one.

    Args:
        sampler: row of ``training_samplers.tsv``.
        manifest: a ``contracts.MANIFEST`` table.
        n_draws: length of the schedule.
        seed: the study's seed.
        failed: clips that did not decode, which nothing can be trained on.
        fold: official fold that the trained model will answer; 0 where the dataset has none.

    Returns:
        A table that fits ``contracts.SCHEDULE``.

    Raises:
        StudyError: naming the row, as :func:`class_weights`, or if ``n_draws`` is below 1 or no clip is of the fold.
    """
    where = f"training_samplers.tsv, row {sampler['sampler']}"
    if n_draws < 1:
        raise StudyError(f"{where}: n_draws must be at least 1, not {n_draws}")
    usable = manifest["split"] == "train"
    if fold:
        if not (manifest["fold"] == fold).any():
            raise StudyError(f"{where}: no clip is of fold {fold}; does datasets.tsv, column folds, fit the lists?")
        usable = manifest["split"].isin(["train", "test"]) & (manifest["fold"] != fold)
    train = manifest[usable & ~manifest["clip_id"].isin(failed)].sort_values("clip_id", kind="stable")
    members = {label: part.to_numpy() for label, part in train.groupby("label", sort=True)["clip_id"]}
    try:
        weights = class_weights(sampler, {k: len(v) for k, v in members.items()})
    except StudyError as error:
        raise StudyError(f"{where}: {error}") from None
    limits = np.cumsum(list(weights.values()))
    draws = np.searchsorted(limits / limits[-1], rng(seed, "class").random(n_draws), side="right")
    clip_ids = np.empty(n_draws, object)
    for number, (label, clips) in enumerate(members.items()):
        positions = np.flatnonzero(draws == number)
        passes = -(-len(positions) // len(clips))
        order = [rng(seed, "clip", label, k).permutation(clips) for k in range(passes)]
        if order:
            clip_ids[positions] = np.concatenate(order)[: len(positions)]
    return pd.DataFrame({"draw": np.arange(n_draws), "clip_id": clip_ids})
