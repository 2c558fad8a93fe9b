"""API models that are asked about several clips at once: limits hold, and nothing depends on which reply comes first.

Real clients talk HTTP to a server on this machine (``tests/api_server.py``).
"""

import json
import threading
import time

import pytest
from tests.frame_stores import write_store
from tests.unit.served import FAMILIES, access_to, answers_of, clip_in, noise, row_of, texts_of, write_shard

from emovlm.core.errors import StudyError
from emovlm.frames.store import FrameStore
from emovlm.models.api.ledger import Ledger
from emovlm.models.fingerprint import fingerprint_of

MANY = {"in_flight": 8}


@pytest.fixture
def clips(tmp_path):
    """Twelve clips of one frame."""
    return write_shard(tmp_path, [1] * 12)


@pytest.fixture
def no_waiting(monkeypatch):
    monkeypatch.setattr(time, "sleep", lambda seconds: None)


def kept(path):
    """What a store holds, by key."""
    entries = [json.loads(line) for line in path.read_text().splitlines()]
    return {entry["key"]: entry["answer"] for entry in entries}


def number(request):
    return int(clip_in(request).partition("/")[2])


def refused(request):
    """The server refuses one clip."""
    return {"status": 200, "end": "SAFETY", "content": []} if number(request) == 2 else None


def backwards(most):
    """The same, but so many requests are answered at a time, the last one first."""
    together, answered = threading.Barrier(most), [threading.Event() for _ in range(most + 1)]
    answered[most].set()

    def fault(request):
        if (clip := number(request)) < most:
            together.wait(10)
            answered[clip + 1].wait(10)
            answered[clip].set()
        return refused(request)

    return fault


@FAMILIES
def test_answers_are_the_same_however_many_are_asked_at_once_and_whichever_reply_comes_first(
    server, load, clips, tmp_path, family
):
    server.fault = refused
    one = answers_of(load(family), clips, tmp_path / "one.jsonl")
    assert server.most_at_once == 1 and one.index[one["refused"]].tolist() == ["d/2"]
    server.fault = backwards(8)
    many = answers_of(load(family, MANY), clips, tmp_path / "many.jsonl")
    assert server.most_at_once == 8 and len(server.requests) == 24
    assert many.equals(one) and kept(tmp_path / "many.jsonl") == kept(tmp_path / "one.jsonl")
    again = answers_of(load(family, MANY), clips, tmp_path / "many.jsonl")
    assert again.equals(many) and len(server.requests) == 24


def test_how_many_are_asked_at_once_asks_nothing_again(tmp_path):
    assert fingerprint_of(row_of("openai", **MANY), tmp_path) == fingerprint_of(row_of("openai"), tmp_path)


def test_texts_are_written_several_at_once_too(server, load, shard, tmp_path):
    one = texts_of(load(), shard, tmp_path / "one.jsonl")
    together = threading.Barrier(4)
    server.fault = lambda request: together.wait(10) and None
    assert texts_of(load(row={"in_flight": 4}), shard, tmp_path / "many.jsonl").equals(one)
    assert server.most_at_once == 4


@pytest.mark.parametrize("budget", [{"requests": 5}, {"tokens": 4 * 268 + 1_000}])
def test_a_budget_that_runs_out_in_the_middle_lets_the_same_clips_through(server, load, clips, tmp_path, budget):
    """A prompt of one frame takes 270 tokens of the 1,000 that are kept back for it."""
    stores = []
    for row in ({}, MANY):
        system = load(row=row, budget=budget)
        system.ledger.path.unlink(missing_ok=True)
        server.requests.clear()
        with pytest.raises(StudyError, match=r"the next request could exceed the budget: .* are spent or kept back"):
            answers_of(system, clips, tmp_path / f"{len(stores)}.jsonl")
        assert sorted(map(number, server.requests)) == list(range(len(server.requests)))
        assert system.ledger.spent()["tokens"] == len(server.requests) * 270
        stores.append(kept(tmp_path / f"{len(stores)}.jsonl"))
    assert stores[0] == stores[1] and len(stores[0]) == len(server.requests) == (5 if "requests" in budget else 4)


def lines(system):
    return [json.loads(line) for line in system.ledger.path.read_text().splitlines()]


def test_the_rate_holds_and_a_server_that_is_too_busy_is_left_alone_by_all(server, load, clips, tmp_path, no_waiting):
    server.script = ["wait:0.3", "ok", "wait:0.1", "status:503"]
    system = load("openai", MANY, requests_per_minute=12_000, attempts=5)
    found = answers_of(system, clips, tmp_path / "a.jsonl")
    assert (found["status"] == "ok").all() and len(server.requests) == 12 + 3
    written, free = lines(system), 0.0
    for line in written:  # each line was written with all before it in mind
        if (at := line.get("moved_to", line.get("at"))) is not None:
            assert at >= free - 0.002
            free = at + 60 / 12_000
        free = max(free, line.get("not_before", 0))
    assert sum("not_before" in line for line in written) == 3


def test_a_request_that_waits_for_its_turn_is_moved_behind_a_pause(server, tmp_path, monkeypatch):
    waiting, other = (Ledger(tmp_path / "requests.jsonl", "served", access_to(server)) for _ in range(2))
    waiting.pause(10)
    slept = []

    def sleep(seconds):
        slept.append(seconds)
        if len(slept) == 1:
            other.pause(50)

    monkeypatch.setattr(time, "sleep", sleep)
    waiting.send()
    assert len(slept) == 2 and 9 < slept[0] < 10.01 and 49 < slept[1] < 50.01
    assert lines_of(tmp_path)[-1]["moved_to"] == pytest.approx(lines_of(tmp_path)[-2]["not_before"], abs=0.002)
    assert other.spent()["requests"] == 1
    other.send()
    assert len(slept) == 3 and slept[2] > 49


def lines_of(folder):
    return [json.loads(line) for line in (folder / "requests.jsonl").read_text().splitlines()]


def test_answers_are_kept_as_they_come_so_that_a_killed_job_loses_only_what_is_under_way(server, load, clips, tmp_path):
    path, seen = tmp_path / "a.jsonl", []

    def fault(request):
        if clip_in(request) == "d/0":  # it is answered when the other seven that are under way are kept
            end = time.monotonic() + 10
            while len(kept(path)) < 7 and time.monotonic() < end:
                threading.Event().wait(0.01)
            seen.append(len(kept(path)))

    server.fault = fault
    answers_of(load(row=MANY), clips, path)
    assert seen == [7]


def down(server, first=0, last=99):
    error = {"status": 500, "body": {"error": {"message": "down"}}}
    server.fault = lambda request: error if first <= number(request) <= last else None


@pytest.mark.parametrize(("in_flight", "asked"), [(1, 5), (3, 7), (8, 12)])
def test_a_server_that_is_down_is_asked_no_more_than_what_is_under_way_after_five_in_a_row(
    server, load, clips, tmp_path, no_waiting, in_flight, asked
):
    down(server)
    system = load(row={"in_flight": in_flight}, attempts=1)
    with pytest.raises(StudyError, match=f"{asked} clips are unanswered, the last {asked} in a row, so no more are as"):
        answers_of(system, clips, tmp_path / "a.jsonl")
    assert len(server.requests) == asked and kept(tmp_path / "a.jsonl") == {}


def test_a_server_that_comes_back_under_way_is_asked_on(server, load, clips, tmp_path, no_waiting):
    down(server, 0, 4)
    with pytest.raises(StudyError, match=r"served: 5 clips are unanswered \(d/4: no reply in 1 attempts"):
        answers_of(load(row=MANY, attempts=1), clips, tmp_path / "a.jsonl")
    assert len(server.requests) == 12 and len(kept(tmp_path / "a.jsonl")) == 7


UNCLEAR = {"status": 400, "body": {"error": {"message": "something about this"}}}


def test_clips_in_doubt_are_settled_by_others_that_are_under_way(server, load, clips, tmp_path):
    server.fault = lambda request: UNCLEAR if number(request) < 3 else None
    found = answers_of(load(row={"in_flight": 4}), clips, tmp_path / "a.jsonl")
    assert found.index[found["status"] == "failed"].tolist() == ["d/0", "d/1", "d/2"]
    assert found.loc["d/1", "reason"].endswith("something about this")
    server.fault = lambda request: UNCLEAR
    other = load(row={"in_flight": 4, "temperature": 1})
    with pytest.raises(StudyError, match="the server refuses the first 6 clips that it is asked about and an"):
        answers_of(other, clips, tmp_path / "b.jsonl")


@pytest.mark.parametrize("step", ["echo", "status:404"])
def test_a_wrong_configuration_stops_what_is_not_under_way(server, load, clips, tmp_path, step):
    server.script = [step] * 12
    with pytest.raises(StudyError, match="the server refuses"):
        answers_of(load(row={"in_flight": 3}), clips, tmp_path / "a.jsonl")
    assert len(server.requests) <= 3


def test_two_clips_that_look_the_same_are_asked_about_once(server, load, tmp_path):
    frames = {f"d/{i}": noise(seed).pixels[None] for i, seed in enumerate((0, 0, 200, 0))}
    write_store(frames, tmp_path / "0.safetensors")
    clips, sample, _ = write_shard(tmp_path / "other", [1] * 4)
    found = answers_of(load(row=MANY), (clips, sample, FrameStore([tmp_path / "0.safetensors"])), tmp_path / "a.jsonl")
    assert sorted(clip_in(request) for request in server.requests) == ["d/0", "d/2"]  # sent at the same time
    assert (found["status"] == "ok").all() and len(kept(tmp_path / "a.jsonl")) == 2
