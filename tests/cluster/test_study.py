"""The whole quick study through SLURM, each rule in its own conda environment; then exactly what changed is submitted
again, and what follows from it, by SLURM's accounting and the records of what ran.

From the first edit on, each test goes on from the study as the one before left it.
"""

from collections import Counter

import pytest
from tests.cluster.conftest import Cluster
from tests.cluster.test_short import check_jobs
from tests.project import RESULTS, importing, running_in

from emovlm.provenance.audit.audit import audit
from emovlm.provenance.planned_jobs import read_plan


@pytest.fixture(scope="module")
def cluster(undisturbed) -> Cluster:
    return undisturbed.cluster


def test_the_quick_study_runs_through_slurm_in_conda_environments(undisturbed):
    cluster = undisturbed.cluster
    check_jobs(cluster)
    assert (cluster.path / RESULTS / "paper/paper.pdf").stat().st_size > 100_000
    planned = Counter(job.rule for job in read_plan(cluster.path, cluster.configs).jobs.values())
    ran = Counter(name.split("/")[0] for name in undisturbed.records)
    assert ran == planned
    deployed = {record["environment"]["deployment"] for record in undisturbed.records.values()}
    assert deployed == {"conda"}


def test_jobs_of_seconds_share_one_job_of_slurm(undisturbed):
    ran = [record["machine"]["slurm_job"] for record in undisturbed.records.values()]
    assert len(undisturbed.jobs) < 0.5 * len(ran)
    for rule in ("sample_frames", "compute_metrics", "draw_figure"):
        of_rule = {r["machine"]["slurm_job"] for n, r in undisturbed.records.items() if n.split("/")[0] == rule}
        assert len(of_rule) <= 2
        assert all("cpu=1," in undisturbed.jobs[number].allocated for number in of_rule)


def test_the_audit_of_a_study_from_the_cluster_finds_nothing(undisturbed, monkeypatch):
    monkeypatch.chdir(undisturbed.cluster.path)
    assert audit(read_plan(".", undisturbed.cluster.configs)).findings == []


def test_nothing_is_submitted_for_a_finished_study(cluster):
    assert cluster.submitted_by(cluster.run) == ({}, {})


def test_nothing_is_submitted_for_a_comment(cluster):
    cluster.edit("src/emovlm/core/hashing.py", "def sha256_bytes", "# a remark\ndef sha256_bytes")
    cluster.edit("config/frame_samplers.tsv", "Five frames a second", "5 frames a second")
    assert cluster.submitted_by(cluster.run) == ({}, {})


def test_an_edited_module_submits_the_rules_that_import_it(cluster):
    cluster.edit("src/emovlm/statistics/micro_expressions.py", "import ", "UNUSED = 1\nimport ")
    jobs, ran = cluster.submitted_by(cluster.run)
    assert ran == cluster.following(importing("emovlm.statistics.micro_expressions"))
    assert len(jobs) == 2  # the tables together, then the figures and the paper


def test_an_edited_environment_submits_the_rules_that_run_in_it(cluster):
    cluster.edit("envs/figures.yaml", "  - pip:\n", "  - pip:\n      - toolz==1.1.0\n")
    jobs, ran = cluster.submitted_by(cluster.run)
    assert ran == cluster.following(running_in("figures"))
    assert len(jobs) == 1
    record = cluster.records()["draw_figure/fps"]
    assert record["environment"]["packages"]["toolz"] == "1.1.0"


def test_a_config_value_submits_its_readers(cluster):
    cluster.edit("config/quick.yaml", "lora: {draws: 64}", "lora: {draws: 80}")
    jobs, ran = cluster.submitted_by(cluster.run)
    drawn = [name for name in cluster.records() if name.startswith("sample_training/") and "/lora/" in name]
    assert len(drawn) == 2 and ran == cluster.following(drawn)
    assert sum("gres/gpu=1" in job.allocated for job in jobs.values()) == 2 + 3
    assert len(jobs) == 1 + 2 + 3 + 1 + 1 + 1  # schedules, trainings, answers, gathered, tables, figures and paper


def test_a_new_row_submits_its_own_jobs(cluster):
    last = "freq-fps1\torganism-frequency\tsynface\tfps1\tnone\tlikelihood\tT1\t"
    added = "unif-fps1\torganism-uniform\tsynface\tfps1\tnone\tlikelihood\tT1\t"
    cluster.edit("config/quick/conditions.tsv", last, f"{last}\n{added}")
    jobs, ran = cluster.submitted_by(cluster.run)
    assert ran == cluster.following(["answer_clips/unif-fps1/1/0", "list_rows/conditions"])
    assert [job.comment for job in jobs.values() if "gres/gpu" in job.allocated] == [
        "rule_answer_clips_wildcards_unif-fps1_1_0"
    ]


def test_a_new_prompt_submits_what_is_asked_with_it(cluster):
    cluster.edit("config/prompts/motion.txt", "Describe", "Tell")
    _, ran = cluster.submitted_by(cluster.run)
    assert ran["write_captions"] == ran["pretrain_organism"] == 7 and ran["describe_gaps"] == 3
    assert not {"render_clips", "decode_frames", "sample_frames", "train_tower", "train_classifier"} & set(ran)
    assert not {job.comment for job in cluster.jobs().values() if job.state != "COMPLETED"}
