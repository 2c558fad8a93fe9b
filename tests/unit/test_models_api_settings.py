"""Settings of the rows of API models: pictures, sizes and parameters, and which of them change an answer."""

import io
import time

import numpy as np
import pytest
from PIL import Image
from tests.api_server import frames_and_texts
from tests.unit.served import CLASSES, FAMILIES, answers_of, clip_in, noise, pixels, row_of, texts_of, write_shard

from emovlm.core.errors import StudyError
from emovlm.models.asking import NotAskedError
from emovlm.models.base import Frame
from emovlm.models.fingerprint import fingerprint_of

PARTS = [noise(1), 'brows rise \N{HIGH VOLTAGE SIGN} "so"', noise(2), "What?"]


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch):
    monkeypatch.setattr(time, "sleep", lambda seconds: None)


def smooth():
    """A frame as a camera gives one, which lossy formats keep well."""
    coarse = np.random.default_rng(3).integers(0, 256, (5, 6, 3), np.uint8)
    return Frame(np.asarray(Image.fromarray(coarse).resize((96, 80), Image.Resampling.BICUBIC)), 0.0)


@FAMILIES
@pytest.mark.parametrize("row", [{}, {"image_format": "jpeg"}, {"temperature": "default", "seed": "default"}])
def test_the_size_of_a_request_is_known_to_the_byte_before_it_is_sent(server, load, family, row):
    row = {**row, "thinking_budget": 0} if family == "gemini" else row
    system = load(family, row)
    size = system.client.prepare(PARTS, 16).size
    system.answer(PARTS, CLASSES, 16)
    assert size == int(server.requests[0]["headers"]["content-length"])


@FAMILIES
def test_a_clip_that_needs_a_larger_request_fails_without_being_asked_until_the_row_allows_it(
    server, load, tmp_path, family
):
    shard = write_shard(tmp_path, [1, 4, 1])
    size = load(family).client.prepare([*(noise(100 + k) for k in range(4)), "What?"], 16).size
    row = {"max_request_mb": (size - 1) / 1e6}
    system = load(family, row)
    found = answers_of(system, shard, tmp_path / "a.jsonl", **row)
    numbers = f"the request has {size / 1e6:g} MB, and max_request_mb of its row allows {(size - 1) / 1e6:g} MB"
    assert found["status"].tolist() == ["ok", "failed", "ok"]
    assert found.loc["d/1", "reason"] == f"not asked: {numbers}" and not found.loc["d/1", "refused"]
    assert [clip_in(request) for request in server.requests] == ["d/0", "d/2"]
    assert system.ledger.spent()["requests"] == 2
    with pytest.raises(NotAskedError):
        system.say([*(noise(100 + k) for k in range(4)), "What?"], 16)
    row = {"max_request_mb": size / 1e6}  # just enough: only what was not asked is asked now
    again = answers_of(load(family, row), shard, tmp_path / "a.jsonl", **row)
    assert (again["status"] == "ok").all() and clip_in(server.requests[-1]) == "d/1" and len(server.requests) == 3


def test_a_text_that_needs_a_larger_request_fails_too(server, load, shard, tmp_path):
    texts = texts_of(load(row={"max_request_mb": 0.001}), shard, tmp_path / "t.jsonl")
    assert texts["reason"].str.contains("max_request_mb of its row allows 0.001 MB").all() and not server.requests
    assert texts_of(load(), shard, tmp_path / "t.jsonl")["reason"].isna().all()


@FAMILIES
def test_a_picture_goes_in_the_format_and_quality_of_its_row(server, load, family):
    frame, sizes, wrong = smooth(), {}, {}
    for kind, quality in (("png", None), ("jpeg", 90), ("jpeg", 30), ("webp", 90), ("webp", 30)):
        load(family, {"image_format": kind, "image_quality": quality}).answer([frame, "What?"], CLASSES, 16)
        data = frames_and_texts(server.requests[-1])[0][0]
        text = str(server.requests[-1]["body"])
        assert f"image/{kind}" in text
        wrong[kind, quality] = np.abs(pixels(data).astype(int) - frame.pixels).mean()
        sizes[kind, quality] = len(data)
    assert wrong["png", None] == 0
    for kind in ("jpeg", "webp"):
        assert 0 < wrong[kind, 90] < 3 < 4 * wrong[kind, 90] and wrong[kind, 90] < wrong[kind, 30]
        assert sizes[kind, 30] < sizes[kind, 90] < sizes["png", None]
    load(family, {"image_format": "jpeg"}).answer([frame, "What?"], CLASSES, 16)  # the default quality is 90
    assert len(frames_and_texts(server.requests[-1])[0][0]) == sizes["jpeg", 90]
    buffer = io.BytesIO()
    Image.fromarray(frame.pixels).save(buffer, "jpeg", quality=90, subsampling=0)
    assert (pixels(frames_and_texts(server.requests[-1])[0][0]) == np.asarray(Image.open(buffer))).all()


@FAMILIES
def test_a_cap_of_frames_keeps_a_server_that_takes_eight_going(server, load, tmp_path, family):
    shard = write_shard(tmp_path, [3, 12, 9])
    words = "At most 8 image(s) may be provided in one request"

    def fault(request):
        shown = sum(isinstance(part, tuple) for part in frames_and_texts(request))
        return {"status": 400, "body": {"error": {"message": words, "code": 400}}} if shown > 8 else None

    server.fault = fault
    found = answers_of(load(family), shard, tmp_path / "a.jsonl")
    assert found["status"].tolist() == ["ok", "failed", "failed"]
    assert found["reason"].iloc[1:].str.endswith(f"HTTP 400: {words}").all()
    capped = answers_of(load(family, {"frames": 8}), shard, tmp_path / "a.jsonl", frames=8)
    assert (capped["status"] == "ok").all() and capped["n_frames"].tolist() == [3, 8, 8]
    sent = [part[0] for part in frames_and_texts(server.requests[-2]) if isinstance(part, tuple)]
    kept = [0, 2, 3, 5, 6, 8, 9, 11]  # of twelve, evenly, both ends among them
    assert all((pixels(data) == noise(100 + k).pixels).all() for data, k in zip(sent, kept, strict=True))


@FAMILIES
def test_parameters_are_sent_as_the_row_says_or_not_at_all(server, load, family):
    def sent(**row):
        load(family, row).answer(["What?"], CLASSES, 16)
        body = server.requests[-1]["body"]
        options = body.get("generationConfig", body)
        return {k: options[k] for k in options if k not in ("messages", "model", "contents", "candidateCount")}

    length = "maxOutputTokens" if family == "gemini" else "max_completion_tokens"
    assert sent() == {"temperature": 0, "seed": 0, length: 16}
    assert sent(temperature=0.5, seed=7) == {"temperature": 0.5, "seed": 7, length: 16}
    assert sent(temperature="default", seed="default") == {length: 16}
    if family == "openai":
        assert sent(length_parameter="max_tokens") == {"temperature": 0, "seed": 0, "max_tokens": 16}


def test_settings_that_change_an_answer_ask_again_and_others_do_not(tmp_path):
    row = row_of("openai")
    first = fingerprint_of(row, tmp_path)
    for change in (
        {"temperature": 1.0}, {"temperature": "default"}, {"seed": 1}, {"seed": "default"}, {"image_format": "jpeg"},
        {"image_format": "webp"}, {"frames": 8},
    ):  # fmt: skip
        assert fingerprint_of({**row, **change}, tmp_path) != first, change
    for change in (
        {"length_parameter": "max_tokens"}, {"max_request_mb": 4.0}, {"temperature": 0.0}, {"seed": 0},
        {"image_format": "png"}, {"memory_gb": 4.0},
    ):  # fmt: skip
        assert fingerprint_of({**row, **change}, tmp_path) == first, change
    lossy = {**row, "image_format": "jpeg"}
    assert fingerprint_of({**lossy, "image_quality": 90}, tmp_path) == fingerprint_of(lossy, tmp_path)
    assert fingerprint_of({**lossy, "image_quality": 80}, tmp_path) != fingerprint_of(lossy, tmp_path)


def test_an_answer_from_before_these_settings_is_still_known(tmp_path):
    """The hash of a row that has none of them, as an earlier version made it: its answers have cost money."""
    row = row_of("gemini", thinking_budget=0)
    assert fingerprint_of(row, tmp_path) == "078f1d5cddad4f6ad5a7804bfb797c51a485b4dbe15e6bc230161bb68a87a41d"


def test_a_row_of_another_setting_asks_again(server, load, shard, tmp_path):
    answers_of(load(), shard, tmp_path / "a.jsonl")
    answers_of(load(row={"max_request_mb": 9.0}), shard, tmp_path / "a.jsonl", max_request_mb=9.0)
    assert len(server.requests) == 4
    answers_of(load(row={"temperature": 1.0}), shard, tmp_path / "a.jsonl", temperature=1.0)
    assert len(server.requests) == 8


def test_the_budget_still_stops_at_once(server, load, shard, tmp_path):
    with pytest.raises(StudyError, match="2 of 2 requests are spent"):
        answers_of(load(budget={"requests": 2}), shard, tmp_path / "a.jsonl")
    assert len(server.requests) == 2
