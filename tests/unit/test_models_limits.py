"""A prompt longer than its model's context: a failure with both numbers, or fewer frames by rule, in every family."""

import numpy as np
import pandas as pd
import pytest
import transformers as hf
from tests.frame_stores import write_store
from tests.tiny_models.models import MODELS
from tests.tiny_models.saved import loaded, saved

from emovlm.core.answer_store import AnswerStore
from emovlm.core.contracts.answers import ANSWERS, TEXTS
from emovlm.enrichment.gaps import describe_gaps
from emovlm.evaluation.answering import answer_clips
from emovlm.frames.store import FrameStore
from emovlm.models.base import Frame, NoReplyError
from emovlm.models.vlm.context import context_length
from emovlm.models.vlm.inputs import reply_tokens
from emovlm.statistics.metric_tables import metrics_table

CLASSES, QUESTION, NEW = ["anger", "sadness", "helplessness", "no"], "Which emotion does the person show?", 3
each_family = pytest.mark.parametrize("family", MODELS)


def frames(n, side=84, gap_s=0.2, seed=0):
    draw = np.random.default_rng(seed)
    return [Frame(draw.integers(0, 256, (side, side, 3), dtype=np.uint8), round(i * gap_s, 6)) for i in range(n)]


@pytest.fixture(scope="module")
def usual(tmp_path_factory):
    """Each family as it is, with a context of 4,096."""
    known = {}

    def load(family):
        if family not in known:
            known[family] = loaded(family, saved(family, tmp_path_factory.mktemp("usual") / family))
        return known[family]

    return load


def needed(system, parts):
    """Tokens of a prompt, by the processor, and of the longest of what may follow."""
    longest = max(len(reply_tokens(system.processor, system.header, label)) for label in CLASSES)
    return system._inputs(parts)["input_ids"].shape[1] + max(longest, NEW)


@each_family
def test_a_prompt_longer_than_the_context_fails_with_both_numbers(usual, tmp_path, family):
    parts = [*frames(5), QUESTION]
    tokens = needed(usual(family), parts)
    fits = loaded(family, saved(family, tmp_path / "fits", context=tokens)).answer(parts, CLASSES, NEW)
    assert fits == usual(family).answer(parts, CLASSES, NEW) and not fits.failure
    short = loaded(family, saved(family, tmp_path / "short", context=tokens - 1))
    reply, other = short.answer_many([parts, [QUESTION]], CLASSES, NEW)
    assert reply.failure == f"prompt and answer take {tokens} tokens, and the model's context is {tokens - 1}"
    assert (reply.scores, reply.text, reply.frames, reply.tokens) == ({}, "", 0, 0)
    assert other == short.answer([QUESTION], CLASSES, NEW) and not other.failure
    prompt = usual(family)._inputs(parts)["input_ids"].shape[1]
    with pytest.raises(NoReplyError, match=f"take {prompt + 20} tokens, and the model's context is {tokens - 1}"):
        short.say(parts, 20)


@each_family
def test_where_the_row_asks_for_fewer_frames_the_most_evenly_spaced_that_fit_are_shown(usual, tmp_path, family):
    shown = [*reversed(frames(9))]  # in another order than they were filmed in
    for name, parts in {"frames": [*shown, QUESTION], "texts": [*between(shown), QUESTION]}.items():
        least, most = (needed(usual(family), limit(parts, n)) for n in (1, 9))
        context = (least + most) // 2
        system = loaded(family, saved(family, tmp_path / name, context), on_overflow="fewer_frames")
        expected = next(n for n in range(9, 0, -1) if needed(usual(family), limit(parts, n)) <= context)
        assert 1 <= expected < 9
        found = system.answer(parts, CLASSES, NEW)
        assert found == usual(family).answer(limit(parts, expected), CLASSES, NEW)
        assert found.frames == expected


def between(shown):
    return [part for frame in shown for part in (frame, "brows rise.")]


def limit(parts, n):
    """All texts, and ``n`` evenly spaced frames of those among the parts."""
    places = [i for i, part in enumerate(parts) if isinstance(part, Frame)]
    kept = {places[int(k)] for k in np.round(np.linspace(0, len(places) - 1, n))}
    return [part for i, part in enumerate(parts) if isinstance(part, str) or i in kept]


@pytest.mark.parametrize("on_overflow", [None, "fail", "fewer_frames"])
def test_a_prompt_without_room_for_one_frame_fails_whatever_the_row_says(tmp_path, on_overflow):
    system = loaded("internvl", saved("internvl", tmp_path / "tiny", context=30), on_overflow=on_overflow)
    reply = system.answer([*frames(3), QUESTION], CLASSES, NEW)
    assert reply.failure.endswith("and the model's context is 30") and reply.frames == 0
    assert ("even with one frame" in reply.failure) == (on_overflow == "fewer_frames")
    assert "even with" not in system.answer(["brows rise. " * 20, QUESTION], CLASSES, NEW).failure


def test_the_limit_of_the_row_comes_first_and_the_context_next(usual, tmp_path):
    parts = [*frames(9), QUESTION]
    room = needed(usual("video-llava"), limit(parts, 4))
    folder = saved("video-llava", tmp_path / "tiny", context=room)
    for most, expected in ((7, 4), (3, 3)):
        system = loaded("video-llava", folder, frames=most, on_overflow="fewer_frames")
        found = system.answer(parts, CLASSES, NEW)
        assert found == usual("video-llava").answer(limit(parts, expected), CLASSES, NEW)
        assert found.frames == expected


LLAMA, QWEN = hf.LlamaConfig, hf.Qwen2Config


@pytest.mark.parametrize(
    ("config", "length"),
    [
        (LLAMA(max_position_embeddings=4096), 4096),  # Vicuna 7B v1.5, in Video-LLaVA and LLaVA-NeXT-Video
        (LLAMA(max_position_embeddings=4096, rope_parameters={"rope_type": "linear", "factor": 4.0}), 16384),
        (QWEN(max_position_embeddings=32768, rope_parameters={"rope_type": "dynamic", "factor": 2.0}), 32768),
        (QWEN(max_position_embeddings=32768, use_sliding_window=True, sliding_window=64, max_window_layers=0), 32768),
        (QWEN(max_position_embeddings=32768,
              rope_parameters={"rope_type": "yarn", "factor": 4.0, "original_max_position_embeddings": 32768}), 131072),
        (QWEN(max_position_embeddings=131072,
              rope_parameters={"rope_type": "yarn", "factor": 4.0, "original_max_position_embeddings": 32768}), 131072),
        (hf.Qwen2_5_VLConfig(text_config={"max_position_embeddings": 128000}), 128000),
        (hf.Qwen2_5OmniThinkerConfig(text_config={"max_position_embeddings": 32768}), 32768),
        (hf.InternVLConfig(text_config={"model_type": "qwen2", "max_position_embeddings": 8192}), 8192),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, hf.PreTrainedConfig) else str(value),
)  # fmt: skip
def test_the_context_is_what_the_configuration_of_the_language_model_says(config, length):
    assert context_length(config) == length


def test_how_a_tokenizer_cuts_text_is_not_the_context(tmp_path):
    folder = saved("video-llava", tmp_path / "tiny")
    tokenizer = hf.AutoTokenizer.from_pretrained(folder)
    tokenizer.model_max_length = 16
    tokenizer.save_pretrained(folder)
    system = loaded("video-llava", folder)
    assert system.processor.tokenizer.model_max_length == 16 and system.context == 4096
    assert not system.answer([*frames(3), QUESTION], CLASSES, NEW).failure


@pytest.fixture
def clips(tmp_path):
    """Two clips: of 3 frames, and of as many as are 4,096 tokens and more in Video-LLaVA."""
    pixels = {f"d/{i}": np.full((n, 8, 8, 3), 40 * i, np.uint8) for i, n in enumerate((3, 263))}
    write_store(pixels, tmp_path / "0.safetensors")
    clips = pd.DataFrame({"clip_id": list(pixels), "dataset": "d", "identity": list(pixels), "flag": None,
                          "label": "anger", "status": "ok", "reason": None})  # fmt: skip
    sample = pd.DataFrame([{"clip_id": c, "position": f, "frame_index": f, "timestamp_s": f / 25, "gap": 0}
                           for c, shown in pixels.items() for f in range(len(shown))])  # fmt: skip
    return clips, sample, FrameStore([tmp_path / "0.safetensors"])


@pytest.mark.parametrize("on_overflow", ["fail", "fewer_frames"])
def test_it_is_a_failed_row_with_its_reason_and_counted_or_a_row_with_the_frames_shown(clips, tmp_path, on_overflow):
    """A frame of Video-LLaVA is 17 tokens at this size: its 16 patches, and one."""
    table, sample, store = clips
    system = loaded("video-llava", saved("video-llava", tmp_path / "tiny"), on_overflow=on_overflow)
    params = {"context": "none", "decision": "likelihood", "max_new_tokens": NEW, "replicate": 1}
    kept = AnswerStore(tmp_path / "a.jsonl")
    found = answer_clips(system, "me", table, sample, None, store, kept, CLASSES, QUESTION, params, "code")
    found = ANSWERS.conform(found.assign(fold=0), "answers").to_pandas()
    text = system._inputs([QUESTION])["input_ids"].shape[1] + 1  # the line that ends behind the video
    follows = max(len(reply_tokens(system.processor, system.header, label)) for label in CLASSES)
    most = (4096 - text - follows) // 17
    row = found.set_index("clip_id").loc["d/1"]
    if on_overflow == "fail":
        assert row["status"] == "failed" and pd.isna(row["prediction"]) and row["n_frames"] == 0
        assert row["reason"] == (
            f"prompt and answer take {263 * 17 + text + follows} tokens, and the model's context is 4096"
        )
    else:
        assert row["status"] == "ok" and row["n_frames"] == most and 230 < most < 263
    settings = {"seed": 1, "resamples": 20, "confidence": 0.95, "classes": CLASSES, "tail": []}
    first = metrics_table({"c": found}, settings).iloc[0]
    failed = on_overflow == "fail"
    assert (first["n"], first["failed"]) == (2, int(failed))
    counted = (3, 3, 3) if failed else ((3 + most) / 2, 3, most)
    assert (first["shown"], first["shown_min"], first["shown_max"]) == counted


def test_a_text_without_room_is_missing_with_its_reason_and_so_is_the_answer_that_would_show_it(clips, tmp_path):
    table, sample, store = clips
    system = loaded("video-llava", saved("video-llava", tmp_path / "tiny"))
    kept = AnswerStore(tmp_path / "t.jsonl")
    texts = describe_gaps(system, "me", sample, store, kept, "Describe how the face moves.", 5, "code")
    texts = TEXTS.conform(texts, "texts").to_pandas().set_index("clip_id")
    assert pd.isna(texts.loc["d/0", "reason"])
    assert texts.loc["d/1", "text"] == "" and "and the model's context is 4096" in texts.loc["d/1", "reason"]
    params = {"context": "msce", "decision": "likelihood", "max_new_tokens": NEW, "replicate": 1}
    found = answer_clips(system, "me", table, sample, texts.reset_index(), store, AnswerStore(tmp_path / "a.jsonl"),
                         CLASSES, QUESTION, params, "code").set_index("clip_id")  # fmt: skip
    assert found["status"].to_dict() == {"d/0": "ok", "d/1": "failed"}
    assert found.loc["d/1", "reason"].startswith("no text for gap 0: prompt and answer take ")
