"""Ask one system about the clips of one shard, in one condition."""

import itertools
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from functools import partial
from typing import Any

import pandas as pd

from emovlm.core.answer_store import AnswerStore
from emovlm.core.contracts.answers import REPLIES
from emovlm.core.hashing import sha256_bytes, sha256_json
from emovlm.core.progress import track
from emovlm.evaluation.clips import last_frame_s
from emovlm.evaluation.contexts import CONTEXTS, build_parts, shuffle_texts
from emovlm.evaluation.decisions import DECISIONS, Asked, Correction
from emovlm.evaluation.parsing import read_reply
from emovlm.evaluation.replies.words import Words
from emovlm.frames.store import RATE, FrameStore, SoundStore
from emovlm.models.asking import Asking
from emovlm.models.base import SCORE_DIGITS, Audio, Frame, NoReplyError, Part, Reply, System, answer_all

FROM_CLIP = ("clip_id", "dataset", "identity", "flag", "label")  # what an answer repeats of its clip


def answer_clips(
    system: System, fingerprint: str, clips: pd.DataFrame, sample: pd.DataFrame, texts: pd.DataFrame | None,
    frames: FrameStore, store: AnswerStore, classes: list[str], question: str, params: dict[str, Any], code: str,
    labels: pd.DataFrame | None = None, sounds: SoundStore | None = None, words: Words | None = None,
) -> pd.DataFrame:  # fmt: skip
    """Answers of ``system`` for each clip (``core.contracts.ANSWERS``).

    A clip without frames is a row with status ``failed`` and its reason. So is one that the system refuses or does not
    take, or whose texts it refused to write.

    Args:
        fingerprint: hash of all that makes the system answer as it does.
        clips: from :func:`emovlm.evaluation.clips.clips_to_answer`.
        sample: ``SAMPLE`` of the condition's frame sampler.
        texts: ``TEXTS`` of the system, where the context needs them.
        question: the prompt's text.
        params: ``context``, ``decision``, ``max_new_tokens`` and ``replicate``.
        code: hash of the code that answers.
        labels: ``LABEL_COUNTS`` of the system's training, for the decision ``logit-adjusted``.
        sounds: the clips' sound, for a system that hears.
        words: which words of a reply name a class; the package's own if not given.

    Raises:
        StudyError: an API model cannot be asked, or has left clips unanswered; what it answered is kept.
    """
    context, asked = params["context"], {k: params[k] for k in ("context", "max_new_tokens")}
    decision = DECISIONS[params["decision"]]
    asks = Asked(system, classes, question, partial(_frame_shape, frames), labels)
    correction = decision.correction and decision.correction(asks)
    by_clip = _by_clip(sample, clips)
    last_s = {} if sounds is None else last_frame_s(clips)
    texts_by_clip = _by_clip(texts, clips) if texts is not None else {}
    asking = Asking(system, store, "clips", _no_reply)
    rows: list[dict[str, Any]] = []
    answered: list[tuple[dict[str, Any], str]] = []  # rows to fill from the answers of these keys
    for batch in _batches(track(list(clips.itertuples()), "answer", "clips"), getattr(system, "batch", 1)):
        questions = []
        for clip in batch:
            row = {**{name: getattr(clip, name) for name in FROM_CLIP}, "replicate": params["replicate"],
                   "status": "ok", "reason": None, "refused": False, "cut": False}  # fmt: skip
            seen = by_clip.get(clip.clip_id)
            if clip.status != "ok" or seen is None:
                rows.append(_failed(row, clip.reason if clip.status != "ok" else "the sampler took no frame", classes))
                continue
            seen = seen.sort_values("position")
            told = texts_by_clip.get(clip.clip_id, texts.iloc[:0] if texts is not None else None)
            if told is not None and len(untold := told[told["reason"].notna()]):
                first = untold.sort_values("gap").iloc[0]
                reason = f"no text for gap {first['gap']}: {first['reason']}"
                rows.append(_failed(row, reason, classes, refused=bool(first["refused"])))
                continue
            if CONTEXTS[context].shuffled:
                told = shuffle_texts(told, clip.clip_id)
            heard = [] if sounds is None else [Audio(sounds.waveform(clip.clip_id), RATE, last_s[clip.clip_id])]
            key = sha256_json(
                [fingerprint, code, asked, question, classes, frames.sha256(clip.clip_id, seen["frame_index"]),
                 None if told is None else told[["gap", "text"]].to_dict("records"), seen["gap"].tolist(),
                 seen["timestamp_s"].tolist(),
                 [[sha256_bytes(sound.samples.tobytes()), sound.last_frame_s] for sound in heard]]
            )  # fmt: skip
            rows.append(row)
            questions.append((row, key, seen, told, heard))
        if any(key not in store for _, key, *_ in questions):
            # All of the batch again, if a run was killed within one: the others share in the rounding of its answers.
            prompts = [
                heard + build_parts(frames.frames(row["clip_id"], seen["frame_index"]), seen, told, question, context)
                for row, _, seen, told, heard in questions
            ]
            asking.ask(
                questions[0][0]["clip_id"], [key for _, key, *_ in questions],
                partial(_replies, system, prompts, classes, params["max_new_tokens"]),
            )  # fmt: skip
        answered += [(row, key) for row, key, *_ in questions]
    asking.finish()
    for row, key in answered:
        row.update(_answered(row, asking[key], classes, correction, words))
    return pd.DataFrame(rows)


def _frame_shape(frames: FrameStore) -> tuple[int, ...]:
    """Height, width and colours of the stored frames, which are all of one size."""
    return frames.frames(frames.clip_ids()[0], [0]).shape[1:]


def _replies(system: System, prompts: list[list[Part]], classes: list[str], max_new_tokens: int) -> list[dict]:
    """The answers to keep, one a prompt."""
    kept = []
    for parts, reply in zip(prompts, answer_all(system, prompts, classes, max_new_tokens), strict=True):
        given = sum(isinstance(part, Frame) for part in parts)
        kept.append({**asdict(reply), "frames": given if reply.frames is None else reply.frames})
    return kept


def _no_reply(error: NoReplyError) -> dict[str, Any]:
    """The answer to keep where there is no reply."""
    return {**asdict(Reply({}, "", 0, str(error), refused=error.refused)), "frames": 0}


def _batches(clips: Iterable[Any], size: int) -> Iterator[list[Any]]:
    """Always the same, whatever was answered before."""
    clips = iter(clips)
    while batch := list(itertools.islice(clips, size)):
        yield batch


def _answered(
    row: dict[str, Any], kept: dict[str, Any], classes: list[str], correction: Correction | None, words: Words | None
) -> dict[str, Any]:  # fmt: skip
    """The rest of a clip's row of ``ANSWERS``, from its kept answer; without a correction it is the reply's."""
    read = read_reply(kept["text"], classes, words)
    answered = {"reply": kept["text"], "cut": kept.get("cut", False), **read, "n_frames": kept["frames"],
                "n_tokens": kept["tokens"]}  # fmt: skip
    named = read["parsed"]
    if kept["failure"] or (correction is None and named is None):
        reason = kept["failure"] or "the reply does not name one class"
        return {**_failed(row, reason, classes, refused=kept.get("refused", False)), **answered}
    if correction is None:
        return {**_empty(classes), **answered, "prediction": named}
    corrected = correction(kept["scores"], kept["frames"])
    scores = {c: round(corrected[c], SCORE_DIGITS) for c in classes}
    return {
        **answered,
        "prediction": max(classes, key=lambda c: scores[c]),
        **{f"score_{c}": scores[c] for c in classes},
    }


def _empty(classes: list[str]) -> dict[str, None]:
    return dict.fromkeys(("prediction", "reply", *REPLIES, *(f"score_{c}" for c in classes)))


def _failed(row: dict[str, Any], reason: str, classes: list[str], refused: bool = False) -> dict[str, Any]:
    failed = {"status": "failed", "reason": reason, "refused": refused, "n_frames": 0, "n_tokens": 0}
    return {**row, **_empty(classes), **failed}


def _by_clip(rows: pd.DataFrame, clips: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """The rows of each of the clips; a dataset may have a thousand times as many as a shard."""
    return dict(iter(rows[rows["clip_id"].isin(clips["clip_id"])].groupby("clip_id")))
