"""What the tests of API models share: rows, access to the server of ``tests/api_server.py``, and a shard of clips."""

import base64
import io

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from tests.api_server import frames_and_texts
from tests.frame_stores import write_store

from emovlm.core.answer_store import AnswerStore
from emovlm.core.contracts.answers import ANSWERS, TEXTS
from emovlm.enrichment.gaps import describe_gaps
from emovlm.evaluation.answering import answer_clips
from emovlm.frames.store import FrameStore
from emovlm.models.base import Frame
from emovlm.models.fingerprint import code_of, fingerprint_of

KEY = "sk-this-key-must-appear-nowhere"
CLASSES = ["anger", "fear", "happiness"]
FAMILIES = pytest.mark.parametrize("family", ["gemini", "openai"])


def row_of(family, **more):
    return {"system": "served", "kind": "api", "training": "none", "family": family, "weights": "some-model", **more}


def access_to(server, **more):
    return {
        "key_variable": "SERVED_KEY", "base_url": f"{server.url}/v1", "requests_per_minute": 60_000,
        "tokens_per_request": 1_000, "timeout_s": 5, "attempts": 3, "budget": {"requests": 1_000}, **more,
    }  # fmt: skip


def noise(seed):
    return Frame(np.random.default_rng(seed).integers(0, 256, (24, 32, 3), np.uint8), time_s=0.0)


def pixels(data):
    """The pixels of a picture as it was sent."""
    decoded = base64.urlsafe_b64decode(data.replace("+", "-").replace("/", "_"))
    return np.asarray(Image.open(io.BytesIO(decoded)))


def write_shard(folder, lengths=(3, 3, 3, 3)):
    """Clips ``d/0``, ``d/1``, ... with so many frames each, their sample and their frame store."""
    frames = {f"d/{i}": np.stack([noise(100 * i + k).pixels for k in range(n)]) for i, n in enumerate(lengths)}
    write_store(frames, folder / "0.safetensors")
    clips = pd.DataFrame({"clip_id": list(frames), "dataset": "d", "identity": list(frames), "flag": None,
                          "label": "fear", "status": "ok", "reason": None})  # fmt: skip
    sample = pd.DataFrame([{"clip_id": c, "position": f, "frame_index": f, "timestamp_s": f / 5, "gap": f}
                           for c in frames for f in range(len(frames[c]))])  # fmt: skip
    return clips, sample, FrameStore([folder / "0.safetensors"])


FIRST_FRAMES = {noise(100 * i + k).pixels.tobytes(): f"d/{i}" for i in range(12) for k in range(3)}


def clip_in(request):
    """The clip of ``write_shard`` that a request shows, by its first frame."""
    return FIRST_FRAMES[pixels(frames_and_texts(request)[0][0]).tobytes()]


def answers_of(system, shard, path, texts=None, context="none", decision="reply", family="gemini", **row):
    """``ANSWERS`` of a system; ``row``: further cells of its row."""
    clips, sample, frames = shard
    row = row_of(family, **row)
    params = {"context": context, "decision": decision, "max_new_tokens": 16, "replicate": 1}
    found = answer_clips(
        system, fingerprint_of(row, path), clips, sample, texts, frames, AnswerStore(path), CLASSES, "What?", params,
        code_of(row, "any"),
    )  # fmt: skip
    return ANSWERS.conform(found.assign(fold=0), "answers").to_pandas().set_index("clip_id")


def texts_of(system, shard, path):
    """``TEXTS`` of a system, one for each frame."""
    _, sample, frames = shard
    found = describe_gaps(system, "me", sample, frames, AnswerStore(path), "How?", 16, "code")
    return TEXTS.conform(found, "texts").to_pandas().set_index(["clip_id", "gap"])
