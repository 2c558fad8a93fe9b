"""Ask one system about the clips of one shard, in one condition."""

from typing import Any

import pandas as pd

from emovlm.core.hashing import sha256_json
from emovlm.core.progress import track
from emovlm.evaluation.answer_store import AnswerStore
from emovlm.evaluation.parsing import parse_label
from emovlm.evaluation.prompts import build_parts
from emovlm.frames.store import FrameStore
from emovlm.systems.reply import System


def answer_clips(
    system: System, identity: str, clips: pd.DataFrame, sample: pd.DataFrame, texts: pd.DataFrame | None,
    frames: FrameStore, store: AnswerStore, classes: list[str], question: str, params: dict[str, Any], code: str,
) -> pd.DataFrame:  # fmt: skip
    """Answers of ``system`` for each clip (``core.contracts.ANSWERS``).

    A clip without frames is a row with status ``failed`` and its reason.

    Args:
        identity: hash of all that makes the system answer as it does.
        clips: columns clip_id, label, status, reason: the manifest joined with the clip index.
        sample: ``SAMPLE`` of the condition's frame sampler.
        texts: ``TEXTS`` of the system, where the context needs them.
        question: the prompt's text.
        params: ``context`` and ``max_new_tokens``.
        code: hash of the code that answers.
    """
    by_clip = dict(iter(sample.groupby("clip_id")))
    texts_by_clip = dict(iter(texts.groupby("clip_id"))) if texts is not None else {}
    rows = []
    for clip in track(list(clips.itertuples()), "answer", "clips"):
        row = {"clip_id": clip.clip_id, "label": clip.label, "status": "ok", "reason": None}
        seen = by_clip.get(clip.clip_id)
        if clip.status != "ok" or seen is None:
            reason = clip.reason if clip.status != "ok" else "the sampler took no frame"
            empty = dict.fromkeys(("prediction", "reply", "parsed", *(f"score_{c}" for c in classes)))
            rows.append({**row, **empty, "status": "failed", "reason": reason, "n_frames": 0, "n_tokens": 0})
            continue
        seen = seen.sort_values("position")
        told = texts_by_clip.get(clip.clip_id, texts.iloc[:0] if texts is not None else None)
        key = sha256_json(
            [identity, code, params, question, classes, frames.sha256(clip.clip_id, seen["frame_index"]),
             None if told is None else told[["gap", "text"]].to_dict("records"), seen["gap"].tolist()]
        )  # fmt: skip
        if key not in store:
            shown = frames.frames(clip.clip_id, seen["frame_index"])
            parts = build_parts(shown, seen, told, question, params["context"])
            reply = system.answer(parts, classes, params["max_new_tokens"])
            store.add(key, {"scores": reply.scores, "text": reply.text, "tokens": reply.tokens})
        kept = store[key]
        scores = kept["scores"]
        rows.append({
            **row,
            "prediction": max(classes, key=lambda c: scores[c]),
            "reply": kept["text"],
            "parsed": parse_label(kept["text"], classes),
            "n_frames": len(seen),
            "n_tokens": kept["tokens"],
            **{f"score_{c}": scores[c] for c in classes},
        })  # fmt: skip
    return pd.DataFrame(rows)
