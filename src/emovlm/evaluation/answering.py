"""Ask one system about the clips of one shard, in one condition."""

from collections.abc import Callable
from dataclasses import asdict, dataclass
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
from emovlm.models.base import SCORE_DIGITS, Audio, Frame, NoReplyError, Part, Reply, System

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
    rows: list[dict[str, Any]] = []
    answered: list[tuple[dict[str, Any], str]] = []  # rows to fill from the answers of these keys
    missing: dict[str, Question] = {}
    for clip in clips.itertuples():
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
        answered.append((row, key))
        if key not in store:
            missing.setdefault(key, Question(clip.clip_id, seen, told, heard))

    def prompt(of: Question) -> list[Part]:
        shown = frames.frames(of.clip_id, of.seen["frame_index"])
        return of.heard + build_parts(shown, of.seen, of.told, question, context)

    asking = Asking(system, store, "clips", _no_reply)
    _ask(asking, missing, prompt, classes, params["max_new_tokens"])
    for row, key in answered:
        row.update(_answered(row, asking[key], classes, correction, words))
    return pd.DataFrame(rows)


@dataclass(frozen=True)
class Question:
    """What a system is asked about a clip: its rows of ``SAMPLE`` and ``TEXTS``, and its sound where that is heard."""

    clip_id: str
    seen: pd.DataFrame
    told: pd.DataFrame | None
    heard: list[Audio]

    def length(self) -> tuple[int, int]:
        """Frames and letters. Where prompts of about one length follow one another, batches are full."""
        return len(self.seen), 0 if self.told is None else int(self.told["text"].str.len().sum())


def _ask(
    asking: Asking, missing: dict[str, Question], prompt: Callable[[Question], list[Part]], classes: list[str],
    max_new_tokens: int,
) -> None:  # fmt: skip
    """Ask the questions whose answers are missing, by their keys, and keep the answers."""
    system = asking.system
    if not hasattr(system, "answers"):
        for key, of in track(missing.items(), "answer", "clips"):
            asking.ask(of.clip_id, key, partial(_reply, system, prompt, of, classes, max_new_tokens))
    else:
        ordered = sorted(missing.items(), key=lambda item: item[1].length())
        replies = system.answers((prompt(of) for _, of in ordered), classes, max_new_tokens)
        for i, reply in track(replies, "answer", "clips", total=len(ordered)):
            key, of = ordered[i]
            asking.keep(key, _kept(reply, len(of.seen)))
    asking.finish()


def _frame_shape(frames: FrameStore) -> tuple[int, ...]:
    """Height, width and colours of the stored frames, which are all of one size."""
    return frames.frames(frames.clip_ids()[0], [0]).shape[1:]


def _reply(
    system: System, prompt: Callable[[Question], list[Part]], of: Question, classes: list[str], max_new_tokens: int
) -> dict[str, Any]:  # fmt: skip
    parts = prompt(of)
    given = sum(isinstance(part, Frame) for part in parts)
    return _kept(system.answer(parts, classes, max_new_tokens), given)


def _kept(reply: Reply, given: int) -> dict[str, Any]:
    """The answer to keep, to a prompt of so many frames."""
    return {**asdict(reply), "frames": given if reply.frames is None else reply.frames}


def _no_reply(error: NoReplyError) -> dict[str, Any]:
    """The answer to keep where there is no reply."""
    return {**asdict(Reply({}, "", 0, str(error), refused=error.refused)), "frames": 0}


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
