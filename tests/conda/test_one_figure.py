"""One figure in three environments: words are counted in one, compared in another, the figure is drawn in the third."""

import pytest

from tests.conda.conftest import assert_it_ran_in
from tests.project import RESULTS

FIGURE = str(RESULTS / "figures/frequency.pdf")
COUNTING = {"fetch_corpus": 2, "count_corpus": 2, "count_terms": 1}
FOLLOWING = {"compare_estimators": 1, "draw_figure": 1}


@pytest.fixture(scope="module", autouse=True)
def _drawn(project):
    project.run(FIGURE)


def test_each_rule_ran_in_the_environment_of_its_stage(project):
    jobs = project.path / RESULTS / "provenance/jobs"
    assert_it_ran_in("envs/frequency.yaml", jobs / "count_terms.json")
    assert_it_ran_in("envs/statistics.yaml", jobs / "compare_estimators.json")
    assert_it_ran_in("envs/figures.yaml", jobs / "draw_figure/frequency.json")
    assert project.would_run(FIGURE) == {}


def test_an_edited_environment_reruns_its_own_jobs_and_what_follows(project, edited):
    edited("envs/figures.yaml", "seaborn==0.13.2", "seaborn==0.13.1")
    assert project.would_run(FIGURE) == {"draw_figure": 1}
    edited("envs/frequency.yaml", "# Counting", "# Always counting")
    assert project.would_run(FIGURE) == COUNTING | FOLLOWING


def test_another_mode_reruns_every_job(project, monkeypatch):
    monkeypatch.setattr(project, "profile", "profiles/default")
    assert project.would_run(FIGURE) == COUNTING | FOLLOWING
