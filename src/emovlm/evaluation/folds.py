"""Each clip is answered by a model that has not seen it.

A system that is trained on a dataset's labels is trained once for each official fold, on the clips that the fold does
not test. Test sets that pool the folds (balanced ones must) are answered fold by fold, each by its own model.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from emovlm.core.answer_store import AnswerStore
from emovlm.core.contracts.answers import ANSWERS, TEXTS
from emovlm.core.contracts.training import LABEL_COUNTS
from emovlm.core.errors import StudyError
from emovlm.core.hashing import sha256_json
from emovlm.core.io import read_table
from emovlm.enrichment.gaps import describe_gaps
from emovlm.evaluation.answering import answer_clips
from emovlm.evaluation.replies.words import Words
from emovlm.frames.store import FrameStore, SoundStore
from emovlm.models.base import System
from emovlm.models.fingerprint import code_of, fingerprint_of
from emovlm.models.loading import enough_memory, load_system, note_files


@dataclass(frozen=True)
class Loaded:
    """A system that is ready to be asked.

    ``fingerprint`` is a hash of all that makes it answer as it does, ``code`` one of the code that asks.
    """

    system: System
    fingerprint: str
    code: str


Load = Callable[[str], Loaded]
"""From the folder of a model to the system."""


_kept: dict[str, System] = {}
"""The local model that this process has loaded last, by a hash: its next job may ask it too (``core.fork_server``)."""


def loader(row: dict[str, Any], base: str | Path | None, code: str) -> Load:
    """How the models of a row of ``systems.tsv`` are loaded; ``code`` is the hash of the job's code."""

    def load(folder: str) -> Loaded:
        fingerprint = fingerprint_of(row, folder, base)
        if row["kind"] == "api":
            return Loaded(load_system(row, folder, base), fingerprint, code_of(row, code))
        which = sha256_json([row, folder, base and str(base), fingerprint])
        if which in _kept:
            note_files(folder, base)
        else:
            _kept.clear()
            _kept[which] = load_system(row, folder, base)
        return Loaded(_kept[which], fingerprint, code_of(row, code))

    return load


def answer_folds(
    load: Load, models: Mapping[str, str], clips: pd.DataFrame, sample: pd.DataFrame, texts: pd.DataFrame | None,
    frames: FrameStore, store: AnswerStore, question: str, params: dict[str, Any], sounds: SoundStore | None = None,
    words: Words | None = None,
) -> pd.DataFrame:  # fmt: skip
    """ANSWERS of a system for each clip, as :func:`answer_clips`.

    Args:
        models: folder of a model by fold, or the one model of a system by ``"0"``.
        clips: from :func:`emovlm.evaluation.clips.clips_to_answer`.
        params: as of :func:`answer_clips`, and ``classes``.

    Raises:
        StudyError: as :func:`by_fold`, :func:`answer_clips` and :func:`load_system`, or the card is too small.
    """
    found = [pd.DataFrame(columns=list(ANSWERS.columns))]
    for fold, mine, folder in by_fold(clips, models):
        with enough_memory():
            loaded = load(folder)
            adjusted = params["decision"] == "logit-adjusted"
            labels = read_table(f"{folder}/labels.csv", LABEL_COUNTS) if adjusted else None
            answers = answer_clips(
                loaded.system, loaded.fingerprint, mine, sample, texts, frames, store, params["classes"], question,
                params, loaded.code, labels, sounds, words,
            )  # fmt: skip
        found.append(answers.assign(fold=fold))
    return pd.concat(found[1:] or found)


def describe_folds(
    load: Load, models: Mapping[str, str], clips: pd.DataFrame, sample: pd.DataFrame, between: pd.DataFrame,
    frames: FrameStore, store: AnswerStore, prompt: str, max_new_tokens: int,
) -> pd.DataFrame:  # fmt: skip
    """TEXTS of a system for each gap of each clip, as :func:`describe_gaps`; failed clips have none.

    Args:
        models: folder of a model by fold, or the one model of a system by ``"0"``.
        clips: with the columns clip_id and ``fold``.
        sample: ``SAMPLE`` of the frames that the texts are about.
        between: ``SAMPLE`` of the frames between keyframes: which gaps there are.

    Raises:
        StudyError: as :func:`answer_folds`.
    """
    sample = sample.merge(between[["clip_id", "gap"]].drop_duplicates(), on=["clip_id", "gap"])
    clips = clips[clips["clip_id"].isin(frames.clip_ids())]
    found = [pd.DataFrame(columns=list(TEXTS.columns))]
    for _, mine, folder in by_fold(clips, models):
        with enough_memory():
            loaded = load(folder)
            of_fold = sample[sample["clip_id"].isin(mine["clip_id"])]
            found.append(
                describe_gaps(
                    loaded.system, loaded.fingerprint, of_fold, frames, store, prompt, max_new_tokens, loaded.code
                )
            )
    return pd.concat(found[1:] or found)


def by_fold(clips: pd.DataFrame, models: Mapping[str, str]) -> Iterator[tuple[int, pd.DataFrame, str]]:
    """Number of each fold, its clips and the folder of the model that has not seen them; folds without clips are none.

    Args:
        clips: with the columns clip_id and ``fold``.
        models: folder of a model by fold, or the one model of a system by ``"0"``.

    Raises:
        StudyError: a clip is in a fold that has no model.
    """
    if list(models) == ["0"]:
        if len(clips):
            yield 0, clips, models["0"]
        return
    folds = {int(fold): folder for fold, folder in models.items()}
    unseen = clips.loc[~clips["fold"].isin(folds), "clip_id"]
    if len(unseen):
        raise StudyError(f"clip {unseen.iloc[0]} is tested in no fold: every model of the system was trained on it")
    for fold, folder in sorted(folds.items()):
        if len(mine := clips[clips["fold"] == fold]):
            yield fold, mine, folder
