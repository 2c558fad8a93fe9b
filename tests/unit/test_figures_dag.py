"""The picture of the study's stages shows what the rules say: no stage is left out, and no need."""

import os
import re
import subprocess
import sys

import pytest
from tests.unit.figures_tables import ROOT

from emovlm.figures.dag import STAGES

RULES = {path.stem: path.read_text(encoding="utf-8") for path in sorted((ROOT / "workflow/rules").glob("*.smk"))}
UNDRAWN = {"job", "common", "inputs", "params", "models", "provenance"}  # what all share, and the records of all


def stage_of(name):
    """The stage that a rule file belongs to."""
    return next((stage for stage, drawn in STAGES.items() if name in drawn.rules), name)


def above(needs, stage):
    """All stages that a stage follows from."""
    return set().union(*({each} | above(needs, each) for each in needs[stage]))


@pytest.fixture(scope="module")
def needs():
    """What each stage takes files from, as Snakemake says it of all rules."""
    command = [sys.executable, "-m", "snakemake", "--rulegraph", "dot", "--forceall", "--workflow-profile", "none",
               "--configfile", "config/quick.yaml"]  # fmt: skip
    ran = subprocess.run(command, cwd=ROOT, env=os.environ, capture_output=True, text=True, check=False)
    assert not ran.returncode, ran.stderr
    rule = dict(re.findall(r'(\d+)\[label = "(\w+)"', ran.stdout))
    stage = {found: stage_of(file) for file, text in RULES.items() for found in re.findall(r"^rule (\w+):", text, re.M)}
    found = {name: set() for name in STAGES}
    for one, other in re.findall(r"(\d+) -> (\d+)", ran.stdout):
        pair = stage.get(rule[one]), stage.get(rule[other])
        if None not in pair and pair[0] != pair[1]:
            found[pair[1]].add(pair[0])
    return found


def test_every_rule_file_is_a_stage():
    drawn = [name for stage in STAGES.values() for name in stage.rules]
    assert sorted(drawn) == sorted(set(RULES) - UNDRAWN)


def test_an_arrow_is_a_need_that_follows_from_no_other(needs):
    for name, stage in STAGES.items():
        follows = set().union(*(above(needs, each) for each in needs[name]))
        assert set(stage.needs) == needs[name] - follows, name


def test_rooms_and_environments_exist():
    for stage in STAGES.values():
        assert all((ROOT / "src/emovlm" / room).is_dir() for room in stage.room.split(", "))
        assert f"envs/{stage.environment or stage.rules[0]}.yaml" in RULES[stage.rules[0]]


def test_stages_stand_apart():
    places = [stage.at for stage in STAGES.values()]
    assert all(a[1] != b[1] or abs(a[0] - b[0]) >= 1 for a in places for b in places if a is not b)
