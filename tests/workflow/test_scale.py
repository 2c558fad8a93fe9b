"""The paper's whole study can be planned: as many jobs as its tables say, whatever the number of clips."""

import pytest
from benchmarks.plan_scale import CLIPS, PAPER, planned, write_override

from emovlm.evaluation.contexts import CONTEXTS
from emovlm.study.load import load_study, read_config

ONE, TWO = dict.fromkeys(CLIPS, 1), dict.fromkeys(CLIPS, 2)


def plan(folder, shards, clips=None):
    own = write_override(folder, shards, clips)
    return planned(PAPER, own)[0], load_study(read_config(".", [PAPER, str(own)]))


@pytest.fixture(scope="module")
def listed(tmp_path_factory):
    """Jobs of the study where none of its data is, and its tables."""
    return plan(tmp_path_factory.mktemp("listed"), ONE)


def runs(study, system):
    """How often a system is trained."""
    return 1 if system.training in ("none", "tower") else study.config.replicates


def texts(study):
    """What texts the contexts need: kind, system, dataset."""
    needed = {(CONTEXTS[c.context].texts, c.system, c.dataset) for c in study.conditions.values()}
    return [n for n in needed if n[0] in ("motion", "static")]


def test_the_papers_study_has_the_jobs_that_its_tables_say(listed):
    jobs, study = listed
    rows = study.conditions.values()

    def models(training):
        """Models of a kind of training: one for each run and each official fold."""
        of_kind = [system for system in study.systems.values() if system.training == training]
        return sum(runs(study, system) * len(system.folds) for system in of_kind if system.kind != "api")

    assert {rule: jobs[rule] for rule in (
        "answer_clips", "gather_answers", "describe_gaps", "gather_texts", "decode_frames", "make_manifest",
        "fetch_weights", "pretrain_organism", "finetune_lora", "train_classifier", "finetune_dfer", "show_clips",
        "draw_sheets", "show_answers",
    )} == {
        "answer_clips": sum(runs(study, c.system) * c.dataset.n_shards for c in rows),
        "gather_answers": len(rows),
        "describe_gaps": sum(runs(study, system) * dataset.n_shards for _, system, dataset in texts(study)),
        "gather_texts": sum(runs(study, system) for _, system, _ in texts(study)),
        "decode_frames": sum(dataset.n_shards for dataset in study.datasets.values()),
        "make_manifest": len(study.datasets),
        "fetch_weights": models("none"),
        "pretrain_organism": models("pretrain"),
        "finetune_lora": models("lora"),
        "train_classifier": models("classifier"),
        "finetune_dfer": models("dfer"),
        "show_clips": len({c.dataset for c in rows}),
        "draw_sheets": 1,  # the other datasets are gated: no picture of theirs is made
        "show_answers": 1,
    }  # fmt: skip
    assert models("dfer") == 3 * 5 * 16 and models("lora") == 3 * (5 * 8 + 4)


def test_a_million_clips_are_as_many_jobs_as_none(listed, tmp_path):
    assert plan(tmp_path, ONE, {"mafw": 1_000_000, "dfew": 100})[0] == listed[0]


def test_twice_the_shards_are_twice_the_sharded_jobs_and_no_others(listed, tmp_path):
    twice, study = plan(tmp_path, TWO)
    rows = study.conditions.values()
    assert twice - listed[0] == {
        "decode_frames": sum(dataset.kind in CLIPS for dataset in study.datasets.values()),
        "decode_audio": len({c.dataset.name for c in rows if c.system.family == "hicmae"}),
        "answer_clips": sum(runs(study, c.system) for c in rows if c.dataset.kind in CLIPS),
        "describe_gaps": sum(runs(study, system) for _, system, dataset in texts(study) if dataset.kind in CLIPS),
    }
    assert not listed[0] - twice
