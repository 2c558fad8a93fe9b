"""The account of a run: the jobs behind the paper, what they took, where and with what they ran."""

import json

import pytest
from tests.unit.drawn_records import COMMIT, MACHINE, PACKAGES, drawn_account, drawn_records, record

from emovlm.provenance.account import account, behind, state_of, unrecorded


def value(made, name):
    return made["values"][f"run.{name}"]["value"]


def test_only_jobs_behind_the_files_count():
    records = drawn_records()
    found = behind(records, ["out/fps.pdf", "resources/published/x.csv"])
    assert set(found) == set(records) - {"write_datasheet/synface"}
    assert behind(records, ["config/a.tsv"]) == {}


def test_a_job_that_reads_what_it_wrote_before_counts_once():
    store = record("answer_clips/x/1/0", ["out/store.jsonl"], ["out/x.parquet", "out/store.jsonl"], 0, 1)
    assert list(behind({"answer_clips/x/1/0": store}, ["out/x.parquet"])) == ["answer_clips/x/1/0"]


def test_times_are_the_span_of_the_run_the_time_in_which_a_job_ran_and_that_of_all_jobs():
    made = drawn_account()
    assert value(made, "started") == "2026-01-02T09:00:00.000Z"
    assert made["values"]["run.ended"]["text"] == "2026-01-02 09:13 UTC"
    assert value(made, "wall_s") == 13 * 60 + 30
    assert value(made, "busy_s") == 60 + 120 + 30  # the metrics lay within the training
    assert value(made, "job_s") == 60 + 120 + 60 + 30
    assert made["values"]["run.wall_s"]["text"] == "13.5 min"
    assert (value(made, "jobs"), value(made, "peak_memory_bytes")) == (4, 3 * 2**30)


def test_processor_time_is_known_only_if_every_job_noted_it():
    records = behind(drawn_records(), ["out/fps.pdf"])
    assert value(account(records, {}, {}), "cpu_s") is None
    noted = {job: {**each, "cpu_seconds": 10.5} for job, each in records.items()}
    assert value(account(noted, {}, {}), "cpu_s") == 42.0


def test_commits_environments_and_machines_are_counted_and_nothing_names_a_host():
    records = drawn_records()
    edited = {"git": {"commit": COMMIT, "dirty": True}, "machine": {**MACHINE, "host": "other", "accelerators": ["T4"]}}
    records["train_tower"] |= edited
    records["draw_figure/fps"] |= {"git": None, "machine": {**MACHINE, "host": "third"}}
    made = account(behind(records, ["out/fps.pdf"]), {}, {})
    assert made["commits"] == [{"commit": COMMIT, "jobs": 3, "dirty": 1}, {"commit": None, "jobs": 1, "dirty": 0}]
    assert [(each["jobs"], each["hosts"], each["accelerators"]) for each in made["machines"]] == [
        (3, 2, []),
        (1, 1, ["T4"]),
    ]
    (environment,) = made["environments"]
    assert environment["n_packages"] == len(PACKAGES) and environment["main"]["typst"] == "0.15.2"
    assert value(made, "accelerator_s") == 120
    assert not {"node7.example", "other", "third"} & set(json.dumps(made).replace('"', " ").split())


def test_rules_come_in_the_order_in_which_they_started_with_the_stage_they_are_of():
    made = drawn_account()
    assert [(each["rule"], each["stage"], each["jobs"]) for each in made["rules"]] == [
        ("render_clips", "data", 1), ("train_tower", "training", 1), ("compute_metrics", "statistics", 1),
        ("draw_figure", "figures", 1),
    ]  # fmt: skip
    assert value(made, "rule.train_tower.seconds") == 120


def test_tokens_come_from_the_answers_and_money_from_the_ledgers():
    values = {
        "condition.a.prompt_tokens": {"value": 1000, "n": 10},
        "condition.b.prompt_tokens": {"value": 500, "n": 5},
        "condition.b.tokens": {"value": 100, "n": 5},
    }
    made = drawn_account(values, {"gemini": {"requests": 7, "tokens": 900, "usd": 1.234}})
    assert (value(made, "prompt_tokens"), value(made, "answers")) == (1500, 15)
    assert made["values"]["run.api.usd"]["text"] == "1.23" and value(made, "api.requests") == 7
    unpriced = {"gemini": {"requests": 7, "tokens": 900, "usd": 1.2}, "other": {"requests": 1, "tokens": 5}}
    made = drawn_account(values, unpriced)
    assert value(made, "api.usd") is None and value(made, "api.tokens") == 905
    assert not [name for name in drawn_account(values)["values"] if ".api." in name]


def test_files_whose_job_has_no_record_are_counted():
    records = behind(drawn_records(), ["out/fps.pdf"])
    assert unrecorded(records, ["out/fps.pdf", "resources/x.csv"], "out") == 0
    del records["train_tower"]
    assert unrecorded(records, ["out/fps.pdf", "out/gone.csv"], "out") == 2


def test_the_state_of_records_changes_with_each_of_them():
    records = drawn_records()
    changed = {**records, "train_tower": {**records["train_tower"], "digest": "another"}}
    assert state_of(records) == state_of(dict(reversed(records.items()))) != state_of(changed)


def test_no_jobs_give_an_account_too():
    made = account({}, {}, {}, missing=3)
    assert value(made, "wall_s") is None and made["values"]["run.wall_s"]["text"] == "not recorded"
    assert (value(made, "jobs"), value(made, "unrecorded")) == (0, 3)


@pytest.mark.parametrize(
    ("seconds", "text"), [(12.4, "12 s"), (90.0, "1.5 min"), (3599.0, "60.0 min"), (5400.0, "1 h 30 min")]
)
def test_durations_are_printed_as_people_say_them(seconds, text):
    job = record("a", [], ["x"], 0, 1) | {"seconds": seconds}
    assert account({"a": job}, {}, {})["values"]["run.job_s"]["text"] == text
