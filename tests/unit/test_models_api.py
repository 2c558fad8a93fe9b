"""API models: what goes over the wire, what a refusal becomes, and that rate, budget and key are kept.

Real clients talk HTTP to a server on this machine (``tests/api_server.py``).
"""

import json
import os
import re
import subprocess
import sys
import time
import urllib.request

import numpy as np
import pandas as pd
import pytest
from tests.api_server import VERSION, frames_and_texts
from tests.scripts import described
from tests.unit.served import CLASSES, FAMILIES, KEY, access_to, answers_of, clip_in, noise, pixels, row_of

from emovlm.core.answer_store import AnswerStore
from emovlm.core.codehash import PACKAGE, modules_of
from emovlm.core.contracts.answers import ANSWERS, TEXTS
from emovlm.core.contracts.data import MANIFEST
from emovlm.core.contracts.frames import CLIP_INDEX, SAMPLE
from emovlm.core.errors import StudyError
from emovlm.core.io import read_table, write_table
from emovlm.enrichment.gaps import describe_gaps
from emovlm.models.api.ledger import Ledger
from emovlm.models.base import Audio, Frame, NoReplyError
from emovlm.models.fingerprint import code_of, fingerprint_of


def test_the_server_of_these_tests_runs_as_a_process_too_and_counts():
    started = [sys.executable, "-m", "tests.api_server", "--port", "0", "--refuse-every", "1"]
    process = subprocess.Popen(started, stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": "src"})
    try:
        url = process.stdout.readline().strip()
        with urllib.request.urlopen(f"{url}/count", timeout=10) as reply:
            assert json.load(reply) == {"count": 0}
    finally:
        process.terminate()
        process.wait(10)


PARTS = [Audio(np.zeros(8, np.float32), 8), noise(1), "brows rise", noise(2), noise(3), "", "What?"]


@FAMILIES
def test_frames_and_texts_arrive_in_order_without_sound_and_every_pixel_is_the_same(server, load, family):
    reply = load(family).answer(PARTS, CLASSES, 16)
    (request,) = server.requests
    arrived = frames_and_texts(request)
    shown = [part for part in PARTS if isinstance(part, Frame) or (isinstance(part, str) and part)]
    assert [isinstance(part, str) for part in arrived] == [isinstance(part, str) for part in shown]
    for came, went in zip(arrived, shown, strict=True):
        assert came == went if isinstance(went, str) else (pixels(came[0]) == went.pixels).all()
    assert reply.text and reply.scores == {} and reply.failure == ""
    assert (reply.tokens, reply.model) == (3 * 258 + 2 * 10, VERSION)


def test_each_protocol_is_asked_for_a_short_greedy_reply_of_its_model(server, load):
    load("gemini", {"thinking_budget": 0}).answer(PARTS, CLASSES, 16)
    load("gemini", {"thinking_budget": 512}).answer(PARTS, CLASSES, 16)
    load("openai").answer(PARTS, CLASSES, 16)
    sent = [(request["path"], request["body"]) for request in server.requests]
    assert all(path.endswith("/models/some-model:generateContent") for path, _ in sent[:2])
    options = [body["generationConfig"] for _, body in sent[:2]]
    assert [(o["temperature"], o["maxOutputTokens"]) for o in options] == [(0, 16), (0, 16 + 512)]
    assert [list(o["thinkingConfig"].values()) for o in options] == [[0], [512]]
    path, body = sent[2]
    assert path == "/v1/chat/completions"
    assert (body["model"], body["temperature"], body["max_completion_tokens"]) == ("some-model", 0, 16)


@FAMILIES
@pytest.mark.parametrize(
    ("step", "said"),
    [
        ("refuse:SAFETY", {"gemini": "refused: SAFETY", "openai": "refused: refusal"}),
        ("block:PROHIBITED_CONTENT", {"gemini": "refused: PROHIBITED_CONTENT", "openai": "refused: content_filter"}),
        ("empty", {"gemini": "the reply is empty (STOP)", "openai": "the reply is empty (stop)"}),
        ("nothing", {"gemini": "the reply is empty", "openai": "the reply is empty"}),
        ("cut: ", {"gemini": "the reply is empty (MAX_TOKENS)", "openai": "the reply is empty (length)"}),
    ],
)
def test_a_refusal_is_a_reply_with_its_reason_and_is_not_asked_again(server, load, family, step, said):
    server.script = [step] * 2
    system = load(family)
    assert system.answer(PARTS, CLASSES, 16).failure == said[family]
    with pytest.raises(NoReplyError, match=said[family].split(" (")[0]):
        system.say(PARTS, 16)
    assert len(server.requests) == 2


def test_a_prompt_that_a_filter_refuses_with_an_error_is_a_refusal_too(server, load):
    server.script = ["filtered"]
    assert load("openai").answer(PARTS, CLASSES, 16).failure == "refused: content_filter"


@FAMILIES
def test_a_reply_that_is_cut_counts_as_far_as_it_goes_and_thoughts_are_no_reply(server, load, family):
    server.script = ["cut:Fear, since", "think:fear"]
    system = load(family)
    assert [system.answer(PARTS, CLASSES, 16).text for _ in range(2)] == ["Fear, since", "fear"]


@FAMILIES
@pytest.mark.parametrize("step", ["wait:0.2", "status:500", "status:503", "drop", "junk"])
def test_passing_trouble_is_asked_again(server, load, family, step):
    server.script = [step, "say:fear"]
    assert load(family).answer(PARTS, CLASSES, 16).text == "fear"
    assert len(server.requests) == 2


@FAMILIES
def test_how_long_the_server_asks_to_wait_holds_for_every_job(server, load, family, monkeypatch):
    server.script = ["wait:45", "say:fear"]
    system, waited = load(family), []
    monkeypatch.setattr(time, "sleep", waited.append)
    now = time.time()
    system.answer(PARTS, CLASSES, 16)
    assert max(waited) > 40
    other = Ledger(system.ledger.path, "served", access_to(server))
    other.send()
    assert lines(system)[-1]["at"] >= now + 45


@FAMILIES
def test_lasting_trouble_ends_with_what_happened_and_what_is_kept(server, load, family, monkeypatch):
    monkeypatch.setattr(time, "sleep", lambda seconds: None)
    server.script = ["status:500"] * 3
    with pytest.raises(
        StudyError, match=r"system served: no reply in 3 attempts.*HTTP 500.*Every answer so far is kept"
    ):
        load(family).answer(PARTS, CLASSES, 16)
    server.script = ["status:404"]
    with pytest.raises(StudyError, match="the server refuses the request: HTTP 404: no luck"):
        load(family).answer(PARTS, CLASSES, 16)
    server.script = ["echo"]
    with pytest.raises(StudyError, match=r"the server refuses the key of SERVED_KEY \(HTTP 401\)\. Every"):
        load(family).answer(PARTS, CLASSES, 16)
    server.script = ["wait:7200"]
    with pytest.raises(StudyError, match="asks to wait 7200 seconds"):
        load(family).answer(PARTS, CLASSES, 16)
    assert len(server.requests) == 6


@FAMILIES
def test_a_server_that_stalls_is_left(server, load, family):
    server.script = ["hang:3"]
    with pytest.raises(StudyError, match="no reply in 1 attempts; the last time: ReadTimeout"):
        load(family, attempts=1, timeout_s=0.3).answer(PARTS, CLASSES, 16)


def test_a_server_that_is_not_there_costs_nothing(server, load):
    system = load("openai", base_url="http://127.0.0.1:9/v1", attempts=1)
    with pytest.raises(StudyError, match="no reply in 1 attempts; the last time: ConnectError"):
        system.answer(PARTS, CLASSES, 16)
    assert system.ledger.spent() == {"requests": 1, "tokens": 0}


def lines(system):
    return [json.loads(line) for line in system.ledger.path.read_text().splitlines()]


def test_requests_are_spaced_as_the_rate_says_whichever_job_sends_them(server, load):
    first, second = (load("openai", requests_per_minute=1200) for _ in range(2))
    for system in (first, second, second, first):
        system.answer(PARTS, CLASSES, 16)
    at = [line["at"] for line in lines(first) if "at" in line]
    assert len(at) == 4 and (np.diff(at) > 60 / 1200 - 0.002).all()


@pytest.mark.parametrize(
    ("budget", "said"),
    [
        ({"requests": 2}, r"2 of 2 requests are spent or kept back, and it may take 1 \(config key api.served.budget"),
        ({"tokens": 2_500}, r"1,592 of 2,500 tokens .* it may take 1,000 \("),
        (
            {"usd": 0.003, "usd_per_million_prompt": 1, "usd_per_million_reply": 2},
            r"0\.0016 of 0\.0030 usd .* it may take 0\.0020",
        ),
    ],
)
def test_the_budget_stops_before_it_is_exceeded(server, load, budget, said):
    system = load("openai", budget=budget)
    for _ in range(2):
        system.answer(PARTS, CLASSES, 16)
    for again in (system, load("openai", budget=budget)):  # a restart knows what was spent
        with pytest.raises(StudyError, match=said):
            again.answer(PARTS, CLASSES, 16)
    assert len(server.requests) == 2


SPENDER = """
import json, os, sys
from emovlm.core.errors import StudyError
from emovlm.models.loading import load_system
system = load_system(json.loads(sys.argv[1]), sys.argv[2])
print("ready", flush=True)
sys.stdin.readline()
try:
    while True:
        system.answer(["What?"], [], 4)
except StudyError as error:
    print(error)
"""


def test_one_budget_and_one_rate_hold_for_jobs_that_ask_at_the_same_time(server, load, tmp_path):
    budget = {"budget": {"requests": 120}, "requests_per_minute": 20_000}
    system = load("openai", **budget)  # sets the environment that both jobs have
    jobs = [
        subprocess.Popen(
            [sys.executable, "-c", SPENDER, json.dumps(row_of("openai")), str(tmp_path / "api/served")],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            env={**os.environ, "PYTHONPATH": "src"},
        )
        for _ in range(2)
    ]  # fmt: skip
    assert [job.stdout.readline() for job in jobs] == ["ready\n"] * 2
    for job in jobs:  # both, before either is waited for
        job.stdin.write("go\n")
        job.stdin.flush()
    said = [job.communicate(timeout=60)[0] for job in jobs]
    assert all("120 of 120 requests are spent" in each for each in said)
    assert len(server.requests) == 120
    at = [line["at"] for line in lines(system) if "at" in line]
    assert len(at) == 120 and (np.diff(at) > 60 / 20_000 - 0.0015).all()


def test_a_request_whose_reply_nobody_heard_or_counted_stays_kept_back(server, load):
    system = load("openai", budget={"tokens": 100_000}, attempts=1)
    killed = Ledger(system.ledger.path, "served", access_to(server))
    killed.send()
    server.script = ["uncounted"]
    assert system.answer(PARTS, CLASSES, 16).tokens == 0
    assert system.ledger.spent() == {"requests": 2, "tokens": 2_000}


def test_a_torn_line_of_a_killed_job_spoils_no_other(server, load):
    system = load("openai")
    system.answer(PARTS, CLASSES, 16)
    with open(system.ledger.path, "a") as file:
        file.write('{"request": "abc", "kept_b')
    system.answer(PARTS, CLASSES, 16)
    assert load("openai").ledger.spent() == system.ledger.spent() == {"requests": 2, "tokens": 2 * 796}


def test_a_request_that_took_more_than_expected_makes_later_ones_keep_back_as_much(server, load):
    system = load("openai", tokens_per_request=100, budget={"tokens": 1_500})
    system.answer(PARTS, CLASSES, 16)
    with pytest.raises(StudyError, match=r"796 of 1,500 tokens .* it may take 796"):
        system.answer(PARTS, CLASSES, 16)


def test_a_reply_decides_and_what_names_no_class_or_is_refused_stays_a_row(server, load, shard, tmp_path):
    server.script = ["say:Fear.", "say:anger or fear", "refuse:SAFETY", "say:no idea"]
    found = answers_of(load("gemini"), shard, tmp_path / "a.jsonl")
    assert found["status"].tolist() == ["ok", "failed", "failed", "failed"]
    unclear = "the reply does not name one class"
    assert found["reason"].tolist()[1:] == [unclear, "refused: SAFETY", unclear] and pd.isna(found["reason"].iloc[0])
    assert found["refused"].tolist() == [False, False, True, False]
    assert found["prediction"].iloc[0] == found["parsed"].iloc[0] == "fear"
    assert found["prediction"].iloc[1:].isna().all() and found["parsed"].iloc[1:].isna().all()
    assert found["reply"].tolist() == ["Fear.", "anger or fear", "", "no idea"]
    assert found[[f"score_{c}" for c in CLASSES]].isna().all(axis=None)
    assert set(found["n_frames"]) == {3} and set(found["n_tokens"]) == {3 * 258 + 10}
    versions = [json.loads(line)["answer"]["model"] for line in (tmp_path / "a.jsonl").read_text().splitlines()]
    assert versions == [VERSION] * 4


def test_after_a_stop_only_what_is_missing_is_asked(server, load, shard, tmp_path):
    server.script = ["say:fear", "refuse:SAFETY"]
    with pytest.raises(StudyError, match="could exceed the budget"):
        answers_of(load("gemini", budget={"requests": 2}), shard, tmp_path / "a.jsonl")
    found = answers_of(load("gemini", budget={"requests": 10}), shard, tmp_path / "a.jsonl")
    assert len(server.requests) == 4
    assert found["reply"].iloc[0] == "fear" and found["reason"].iloc[1] == "refused: SAFETY"
    again = answers_of(load("gemini"), shard, tmp_path / "a.jsonl")
    assert again.equals(found) and len(server.requests) == 4


def test_a_text_that_was_refused_fails_its_clip_and_no_other(server, load, shard, tmp_path):
    _, sample, frames = shard
    server.script = ["say:brows rise", "refuse:SAFETY"]

    def write():
        texts = describe_gaps(load("gemini"), "me", sample[sample["clip_id"] <= "d/1"], frames,
                              AnswerStore(tmp_path / "t.jsonl"), "How?", 16, "code")  # fmt: skip
        return TEXTS.conform(texts, "texts").to_pandas()

    texts = write()
    assert len(server.requests) == len(texts) == 6
    assert texts["refused"].tolist() == texts["reason"].notna().tolist() == [False, True, False, False, False, False]
    assert write().equals(texts) and len(server.requests) == 6
    found = answers_of(load("gemini"), shard, tmp_path / "a.jsonl", texts, "msce")
    assert found["reason"].iloc[0] == "no text for gap 1: refused: SAFETY"
    assert found["status"].iloc[1] == "ok" and found["refused"].tolist()[:2] == [True, False]


def test_a_system_is_what_is_asked_for_and_an_edit_elsewhere_asks_nothing_again(tmp_path):
    row = row_of("gemini", thinking_budget=0)
    assert fingerprint_of(row, tmp_path) == fingerprint_of({**row, "system": "other"}, tmp_path / "elsewhere")
    for change in ({"weights": "other"}, {"thinking_budget": 1}, {"family": "openai"}):
        assert fingerprint_of({**row, **change}, tmp_path) != fingerprint_of(row, tmp_path)
    assert code_of(row, "one") == code_of(row, "two")
    assert code_of({"kind": "vlm"}, "one") == "one"
    asked_by = modules_of(PACKAGE / "models/api/clients.py")
    assert "emovlm.models.api.replies" in asked_by
    assert not {"emovlm.models.api.faults", "emovlm.models.api.api_system", "emovlm.models.asking"} & set(asked_by)


def test_without_a_key_or_with_a_broken_one_the_variable_is_named(load, monkeypatch):
    monkeypatch.setenv("SERVED_KEY", " ")
    with pytest.raises(StudyError, match="system served: set the environment variable SERVED_KEY"):
        load()
    monkeypatch.setenv("SERVED_KEY", f"{KEY} {KEY}")
    with pytest.raises(StudyError, match="SERVED_KEY has signs that no key has") as error:
        load()
    assert KEY not in str(error.value)


def test_a_server_of_ones_own_needs_no_key(server, load, monkeypatch):
    monkeypatch.delenv("SERVED_KEY")
    assert load("openai", key_variable=None).answer(PARTS, CLASSES, 16).text


ASK = """
import json, logging, sys, traceback
logging.basicConfig(level=logging.DEBUG, filename=sys.argv[3])
from emovlm.core.errors import StudyError
from emovlm.models.loading import load_system
system = load_system(json.loads(sys.argv[1]), sys.argv[2])
for _ in range(4):
    try:
        print(system.answer(["What?"], [], 4))
    except StudyError as error:
        print("error:", error)
        traceback.print_exc()
"""


@FAMILIES
def test_the_key_appears_nowhere(server, load, tmp_path, family):
    """Not even in the logs of the libraries, nor when the server repeats it."""
    load(family, attempts=1)  # sets the environment
    server.script = ["ok", "echo", "status:400", "status:500"]
    asked = [sys.executable, "-c", ASK, json.dumps(row_of(family)), str(tmp_path / "api"), str(tmp_path / "log")]
    env = {**os.environ, "PYTHONPATH": "src"}
    done = subprocess.run(asked, env=env, capture_output=True, text=True, check=True)
    said = done.stdout.splitlines()
    assert said[0].startswith("Reply(") and [line[:21] for line in said[1:]] == ["error: system served:"] * 3
    assert all(KEY in json.dumps(request["headers"]) for request in server.requests)  # it was sent, and only there
    written = [path.read_text() for path in tmp_path.rglob("*") if path.is_file()]
    bodies = json.dumps([request["body"] for request in server.requests])
    assert len(written) == 2 and len(server.requests) == 4
    assert len(re.findall("(Study|Unanswered|InDoubt)Error: ", done.stderr)) == 3 and "TroubleError" not in done.stderr
    assert KEY not in "".join([*written, done.stdout, done.stderr, bodies])


def run_job(script, folder, output, inputs, **params):
    """Run a script as its rule does, with its log and its record."""
    study = {"results": str(folder), "config": [], "environments": {}, "datasets": {}, "models": {}}
    store = {"models": {"0": str(folder / "api/served")}, "base": None, "answer_store": folder / f"{script}.jsonl"}
    outputs = {"texts" if script == "describe_gaps" else "answers": output}
    return subprocess.run(
        [sys.executable, "-m", "emovlm.provenance.records.job", "--log", str(folder / f"logs/{script}.log")],
        input=described(script, inputs=inputs, outputs=outputs, params={**store, **params}),
        env={**os.environ, "PYTHONPATH": "src", "EMOVLM_STUDY": json.dumps(study)},
        capture_output=True, text=True, check=False,
    )  # fmt: skip


def test_the_jobs_of_texts_and_answers_run_on_a_served_model_and_leave_no_key_behind(server, load, shard, tmp_path):
    clips, sample, _ = shard
    load("gemini")  # sets the environment
    paths = {name: str(tmp_path / f"{name}.parquet") for name in ("manifest", "clips", "sample", "texts", "answers")}
    paths |= {"store": str(tmp_path / "0.safetensors"), "prompt": str(tmp_path / "prompt.txt")}
    manifest = clips[["clip_id", "label"]].assign(path="x.mp4", split="test", fold=0, identity=clips["clip_id"])
    write_table(manifest, paths["manifest"], MANIFEST)
    index = clips[["clip_id", "status", "reason"]].assign(n_frames=3, fps=5.0, duration_s=0.6, width=32, height=24)
    write_table(index, paths["clips"], CLIP_INDEX)
    write_table(sample.assign(role="keyframe"), paths["sample"], SAMPLE)
    (tmp_path / "prompt.txt").write_text("What?")
    given = {name: paths[name] for name in ("sample", "manifest", "store", "prompt")}
    load("gemini", attempts=1)
    error = {"message": "trouble with KEY", "status": "INTERNAL"}
    server.fault = lambda request: {"status": 500, "body": {"error": error}} if clip_in(request) == "d/2" else None
    unanswered = run_job("describe_gaps", tmp_path, paths["texts"], {**given, "gaps": paths["sample"]},
                         system=row_of("gemini", thinking_budget=0), max_new_tokens=8, classes=CLASSES)  # fmt: skip
    assert unanswered.returncode == 1 and not (tmp_path / "texts.parquet").exists()
    assert "error: system served: 3 texts are unanswered (d/2, gap 2: no reply in 1 attempts" in unanswered.stdout
    assert "Traceback" not in unanswered.stdout + unanswered.stderr
    server.fault = lambda request: None
    row = row_of("gemini", thinking_budget=0)
    written = run_job("describe_gaps", tmp_path, paths["texts"], {**given, "gaps": paths["sample"]},
                      system=row, max_new_tokens=8, classes=CLASSES)  # fmt: skip
    assert written.returncode == 0, written.stdout
    texts = read_table(paths["texts"], TEXTS)
    assert len(texts) == 12 and (texts["text"] != "").all()
    assert [clip_in(request) for request in server.requests[12:]] == ["d/2"] * 3
    answered = run_job(
        "answer_clips", tmp_path, paths["answers"],
        {**given, "texts": paths["texts"], "clips": paths["clips"], "classes": "config/classes.tsv"},
        system=row, max_new_tokens=8, context="msce", decision="reply", replicate=1, classes=CLASSES,
    )  # fmt: skip
    assert answered.returncode == 0, answered.stdout
    answers = read_table(paths["answers"], ANSWERS)
    assert (answers["status"] == "ok").all() and len(server.requests) == 12 + 3 + 4
    told = [part for part in frames_and_texts(server.requests[-1]) if isinstance(part, str)]
    assert told == [*texts.loc[texts["clip_id"] == "d/3", "text"], "What?"]
    left = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert {"answer_clips.json", "answer_clips.log", "requests.jsonl", "describe_gaps.jsonl"} <= {
        path.name for path in left
    }
    assert [path for path in left if KEY.encode() in path.read_bytes()] == []
    assert KEY not in unanswered.stdout + written.stdout + answered.stdout
