"""The quick study, each rule in its own environment, from the environment files to the paper."""

import pytest

from emovlm.provenance.audit.audit import audit
from emovlm.provenance.planned_jobs import read_plan
from emovlm.provenance.records.record import record_paths
from tests.conda.conftest import ROOT, assert_it_ran_in
from tests.project import RESULTS, running_in

FILES = sorted((ROOT / "envs").iterdir())


@pytest.fixture(scope="module", autouse=True)
def _finished(project):
    project.run("--conda-create-envs-only")
    project.run()


def test_every_environment_is_made_from_its_file_as_it_is(environments):
    made = {file.read_bytes() for file in environments.glob("*.yaml") if file.with_suffix(".env_setup_done").exists()}
    assert [file.name for file in FILES if file.read_bytes() not in made] == []


def test_the_study_ends_in_its_paper(project):
    assert (project.path / RESULTS / "paper/paper.pdf").read_bytes().startswith(b"%PDF")
    assert project.would_run() == {}


def test_every_job_ran_in_its_own_environment_and_the_audit_finds_nothing(project, monkeypatch):
    monkeypatch.chdir(project.path)
    plan = read_plan(".", ["config/quick.yaml"])
    assert set(plan.jobs) == set(record_paths(RESULTS))
    for name, record in record_paths(RESULTS).items():
        assert_it_ran_in(plan.environments[plan.jobs[name].rule], record)
    assert {job.environment for job in plan.jobs.values()} == {f"envs/{file.name}" for file in FILES}
    report = audit(plan, full=True)
    assert report.findings == [] and report.ok


def test_another_version_of_a_plotting_package_draws_again_and_computes_nothing(project, edited):
    edited("envs/figures.yaml", "matplotlib==3.11.2", "matplotlib==3.11.1")
    assert project.would_run() == project.following(running_in("figures"))


def test_the_audit_names_an_edited_environment_and_the_profile_that_mends_it(project, edited, monkeypatch):
    edited("envs/paper.yaml", "typst==0.15.2", "typst==0.15.1")
    monkeypatch.chdir(project.path)
    findings = audit(read_plan(".", ["config/quick.yaml"])).findings
    assert {(f.kind, f.path) for f in findings} == {("environment", "envs/paper.yaml")}
    assert {f.job for f in findings} == running_in("paper")
    assert all(f.do.startswith("snakemake --workflow-profile profiles/conda ") for f in findings)
    assert project.would_run() == project.following(running_in("paper"))


def test_a_version_that_does_not_exist_is_named_with_its_environment_file(project, edited):
    edited("envs/paper.yaml", "typst==0.15.2", "typst==0.0.99")
    done = project.snakemake("--conda-create-envs-only")
    assert done.returncode != 0
    assert "Could not create conda environment from" in done.stdout and "envs/paper.yaml" in done.stdout
    assert "No matching distribution found for typst==0.0.99" in done.stdout
