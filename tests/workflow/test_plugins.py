"""A metric, a figure and a claim of a study's own, in one file that the configuration names, need no other edit."""

import json
import shutil
from io import BytesIO

import pytest
from pypdf import PdfReader

from tests.project import RESULTS, ROOT

CONFIG = """\
plugins: [plugin.py]
tables: {claims: [config/claims.yaml, config/my_claims.yaml]}
"""
CLAIMS = """\
claims:
  my-claim:
    statement: No class is always missed.
    kind: at_least
    margin: 0.01
    condition: freq-fps5
    metric: worst_recall
"""
NOT_AGAIN = {
    "answer_clips",
    "gather_answers",
    "sample_frames",
    "train_tower",
    "render_clips",
    "show_clips",
    "list_rows",
}


@pytest.fixture
def extended(project, tmp_path):
    """A copy of the finished quick study whose configuration names a plug-in and a claim."""
    own = project.copy(tmp_path / "emovlm")
    shutil.copy(ROOT / "tests/plugin.py", own.path / "plugin.py")
    (own.path / "config/plugin.yaml").write_text(CONFIG)
    (own.path / "config/my_claims.yaml").write_text(CLAIMS)
    own.configs = (*own.configs, "config/plugin.yaml")
    return own


def test_what_a_plugin_adds_is_made_and_shown_and_no_model_answers_again(extended):
    planned = extended.would_run()
    assert {"compute_metrics", "judge_claims", "collect_values", "typeset_paper", "build_explorer"} <= set(planned)
    assert not NOT_AGAIN & set(planned)
    extended.run()
    results = extended.path / RESULTS
    values = json.loads((results / "values.json").read_text())
    assert values["metric.freq-fps5.worst_recall"]["source"] == "tables/metrics.csv: freq-fps5, all, worst_recall"
    verdict = values["claim.my-claim.verdict"]["text"]
    assert values["evidence.my-claim.worst_recall.standing"]["text"] == verdict
    assert (results / "figures/worst_classes.png").stat().st_size > 1000
    pages = PdfReader(BytesIO((results / "paper/paper.pdf").read_bytes())).pages
    text = " ".join(" ".join(page.extract_text() for page in pages).split())
    for words in ("Worst recall: Recall of the class that is recognised least.", "No class is always missed.",
                  "Worst classes. Recall of the class that each condition recognises least."):  # fmt: skip
        assert words in text, words
    assert "No class is always missed." in (results / "explorer/index.html").read_text()
    assert '"Worst recall"' in (results / "explorer/data/answers/freq-fps5.js").read_text()
    assert extended.would_run() == {}
    extended.edit("plugin.py", "np.nanmin(", "1.0 * np.nanmin(")
    assert extended.would_run()["compute_metrics"] == 1
    assert not NOT_AGAIN & set(extended.would_run())


def test_an_unknown_metric_kind_of_claim_or_plugin_stops_the_plan(extended):
    for name, old, new, message in (
        ("config/my_claims.yaml", "kind: at_least", "kind: at_most", "key kind: 'at_most' is not one of"),
        (
            "config/my_claims.yaml",
            "metric: worst",
            "measure: worst",
            "claim my-claim, key measure: there is no such key",
        ),
        ("config/plugin.yaml", "plugin.py", "gone.py", "config, key plugins: gone.py: no such Python file"),
    ):
        extended.edit(name, old, new)
        done = extended.snakemake("--dry-run")
        assert done.returncode == 1 and message in done.stdout, done.stdout[-2000:]
        assert "Traceback" not in done.stdout
        extended.edit(name, new, old)
