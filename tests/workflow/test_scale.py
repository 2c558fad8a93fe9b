"""The paper's whole study can be planned: as many jobs as its tables say, whatever the number of clips."""

import csv

import pytest
import yaml
from benchmarks.paper_matrix import CLIPS, SEEDS, write_study
from benchmarks.plan_scale import planned

from emovlm.evaluation.prompts import CONTEXTS

FEW = dict.fromkeys(CLIPS, 100)
ONE, TWO = dict.fromkeys(CLIPS, 1), dict.fromkeys(CLIPS, 2)


def plan(folder, shards, clips):
    config = write_study(folder, shards, clips)
    return planned(config)[0], config


@pytest.fixture(scope="module")
def few(tmp_path_factory):
    """Jobs of the study with a hundred clips a dataset in one shard, and its configuration."""
    return plan(tmp_path_factory.mktemp("few"), ONE, FEW)


def rows(config, table):
    with open(yaml.safe_load(config.read_text())["tables"][table]) as handle:
        return list(csv.DictReader(handle, delimiter="\t"))


def runs(config):
    """How often each system is trained."""
    return {r["system"]: 1 if r["training"] in ("none", "tower") else SEEDS for r in rows(config, "systems")}


def texts(config):
    """What texts the contexts need: kind, system, dataset."""
    needed = {(CONTEXTS[c["context"]], c["system"], c["dataset"]) for c in rows(config, "conditions")}
    return [n for n in needed if n[0] in ("motion", "static")]


def test_the_papers_matrix_has_the_jobs_that_its_tables_say(few):
    jobs, config = few
    conditions, times = rows(config, "conditions"), runs(config)
    shards = {r["dataset"]: int(r["n_shards"]) for r in rows(config, "datasets")}
    trained = {t: sum(times[r["system"]] for r in rows(config, "systems") if r["training"] == t) for t in
               ("none", "pretrain", "lora", "classifier")}  # fmt: skip
    assert {rule: jobs[rule] for rule in (
        "answer_clips", "gather_answers", "describe_gaps", "gather_texts", "decode_frames", "make_manifest",
        "fetch_weights", "pretrain_organism", "finetune_lora", "train_classifier",
    )} == {
        "answer_clips": sum(times[c["system"]] * shards[c["dataset"]] for c in conditions),
        "gather_answers": len(conditions),
        "describe_gaps": sum(times[system] * shards[dataset] for _, system, dataset in texts(config)),
        "gather_texts": sum(times[system] for _, system, _ in texts(config)),
        "decode_frames": sum(shards.values()),
        "make_manifest": len(shards),
        "fetch_weights": trained["none"],
        "pretrain_organism": trained["pretrain"],
        "finetune_lora": trained["lora"],
        "train_classifier": trained["classifier"],
    }  # fmt: skip


def test_a_million_clips_are_as_many_jobs_as_a_hundred(few, tmp_path):
    assert plan(tmp_path, ONE, {**FEW, "mafw": 1_000_000})[0] == few[0]


def test_twice_the_shards_are_twice_the_sharded_jobs_and_no_others(few, tmp_path):
    twice, config = plan(tmp_path, TWO, FEW)
    times = runs(config)
    assert twice - few[0] == {
        "decode_frames": len(CLIPS),
        "answer_clips": sum(times[c["system"]] for c in rows(config, "conditions") if c["dataset"] in CLIPS),
        "describe_gaps": sum(times[system] for _, system, dataset in texts(config) if dataset in CLIPS),
    }
    assert not few[0] - twice
