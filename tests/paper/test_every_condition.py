"""Every row of the paper's study, at toy size: each system in each of its conditions, each model of each fold.

Takes half an hour on two cores. `tests/workflow/test_paper_tiny.py` runs a short form of it.
"""

import csv

import pandas as pd
import pytest
import yaml

from emovlm.core.contracts.answers import ANSWERS
from emovlm.core.io import read_table
from tests.api_server import ApiServer
from tests.paper_tiny import CONFIGS, make_data
from tests.project import RESULTS, Project

SERVED = "config/served.yaml"


@pytest.fixture(scope="module")
def paper(tmp_path_factory):
    """The whole study after a complete run."""
    project = Project(tmp_path_factory.mktemp("paper") / "emovlm", *CONFIGS[1:], SERVED)
    patch = pytest.MonkeyPatch()
    with ApiServer(classes=("anger", "fear", "happiness", "neutral"), refuse_every=9) as server:
        (project.path / SERVED).write_text(yaml.safe_dump({"api": {"gemini-2-5-flash": {"base_url": server.url}}}))
        project.run(str(RESULTS / "raw/synface/truth/clips.parquet"))
        for name, value in make_data(project.path).items():
            patch.setenv(name, value)
        project.run()
        yield project
    patch.undo()


def test_every_condition_of_every_system_ends_in_metrics_and_a_paper(paper):
    rows = list(csv.DictReader((paper.path / "config/paper/conditions.tsv").read_text().splitlines(), delimiter="\t"))
    systems = list(csv.DictReader((paper.path / "config/paper/systems.tsv").read_text().splitlines(), delimiter="\t"))
    assert {row["system"] for row in rows} | {row["base"] for row in systems} >= {row["system"] for row in systems}
    metrics = pd.read_csv(paper.path / RESULTS / "tables/metrics.csv")
    assert {row["condition"] for row in rows} <= set(metrics["condition"])
    for row in rows:
        answers = read_table(paper.path / RESULTS / f"answers/{row['condition']}.parquet", ANSWERS)
        assert len(answers) == (11 if row["dataset"].startswith("mafw") else 7)
        if row["system"] != "gemini-2-5-flash":
            assert (answers["status"] == "ok").all(), row["condition"]
    assert (paper.path / RESULTS / "paper/paper.pdf").stat().st_size > 100_000
