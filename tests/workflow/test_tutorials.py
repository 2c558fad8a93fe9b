"""The tutorials that start from the finished quick study: their commands run, and print what the pages say."""

import os
import re

import pytest

from tests.project import RESULTS
from tests.tutorial import tree_on_path, typed


@pytest.fixture
def clone(project, tmp_path):
    """A copy of the finished quick study, in an environment that is set up."""
    own = project.copy(tmp_path / "emovlm")
    (own.path / ".venv/bin").mkdir(parents=True)
    (own.path / ".venv/bin/activate").touch()
    return own


def test_one_changed_thing_runs_alone(clone, tmp_path):
    _, nothing, _, planned, ran, cleaned = typed("changing-one-thing", clone.path, tree_on_path(tmp_path / "bin"))
    assert "Nothing to be done" in nothing
    jobs = {rule: int(n) for rule, n in re.findall(r"^(\w+)\s+(\d+)$", planned, re.M)}
    assert jobs["sample_frames"] == jobs["answer_clips"] == jobs["typeset_paper"] == 1
    assert not {"render_clips", "decode_frames", "train_tower", "pretrain_organism", "train_classifier"} & set(jobs)
    assert "metric.videomae-two.macro_f1 = " in ran and "every link of it holds" in ran
    assert "every link holds" in cleaned and clone.would_run() == {}


def test_an_edited_table_is_found_and_made_again(clone, tmp_path):
    table = clone.path / RESULTS / "tables/metrics.csv"
    before = table.read_bytes()
    past = table.stat().st_mtime - 86400  # other tests may have made it again after what is made of it
    os.utime(table, (past, past))
    said = typed("auditing", clone.path, tree_on_path(tmp_path / "bin"))
    assert "Nothing to be done" in said[3]
    assert table.read_bytes() == before
    assert not (clone.path / "before.csv").exists()
