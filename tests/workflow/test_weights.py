"""A system that is not trained here runs through the same rules, at the commit that its row pins."""

import copy
import shutil

import numpy as np
import pandas as pd

from emovlm.provenance.audit.audit import audit, prune
from emovlm.provenance.planned_jobs import read_plan
from emovlm.provenance.records.record import read_record
from tests.project import RESULTS
from tests.tiny_models.cache import keep
from tests.tiny_models.classifiers import save_classifier

COMMIT = "0123456789abcdef0123456789abcdef01234567"
SYSTEM = f"outside\tvlm\tnone\t\t\t\t\tsome/organism\t{COMMIT}\tThe same weights from a hub"


def test_weights_from_a_hub_answer_as_the_same_weights_from_here(project, edited, monkeypatch, tmp_path):
    snapshot = tmp_path / "home/hub/models--some--organism/snapshots" / COMMIT
    shutil.copytree(project.path / RESULTS / "models/organism-frequency/1", snapshot)
    (tmp_path / "home/hub/models--some--organism/refs").mkdir()
    (tmp_path / "home/hub/models--some--organism/refs/main").write_text("f" * 40)  # the model has moved on
    monkeypatch.setenv("HF_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.chdir(project.path)
    first = "tower\tvision"
    edited("config/systems.tsv", first, f"{SYSTEM}\n{first}")
    last = "freq-fps1\torganism-frequency\tsynface\tfps1\tnone\tlikelihood\tT1\t"
    edited("config/quick/conditions.tsv", last, f"{last}\noutside-fps1\toutside\tsynface\tfps1\tnone\tlikelihood\tT1\t")
    target = str(RESULTS / "answers/outside-fps1.parquet")
    project.run(target)
    columns = ["clip_id", "prediction", "reply"]
    theirs, ours = (pd.read_parquet(RESULTS / f"answers/{c}-fps1.parquet")[columns] for c in ("outside", "freq"))
    assert theirs.equals(ours)
    plan = read_plan(".", ["config/quick.yaml"])
    record = read_record(RESULTS / "provenance/jobs/fetch_weights/outside/1.json")
    assert record["fetched"] == [{"name": "hub:some/organism", "pin": f"commit:{COMMIT}"}]
    assert audit(plan, [target]).findings == []
    edited("config/systems.tsv", COMMIT, "f" * 40)
    moved = audit(read_plan(".", ["config/quick.yaml"]), [target])
    assert [(f.kind, f.job) for f in moved.findings] == [("config", "fetch_weights/outside/1")]
    assert f"revision was {COMMIT}, is {'f' * 40}" in moved.findings[0].says
    edited("config/systems.tsv", f"{SYSTEM}\n".replace(COMMIT, "f" * 40), "")
    edited("config/quick/conditions.tsv", "outside-fps1\toutside\tsynface\tfps1\tnone\tlikelihood\tT1\t\n", "")
    prune(read_plan(".", ["config/quick.yaml"]))
    for path in (RESULTS / "models/outside", RESULTS / "answers/outside-fps1"):
        shutil.rmtree(path)
    for path in (RESULTS / "answers").rglob("outside-fps1*"):
        path.unlink()


FACES = ["system\tkind\ttraining\tfamily\tweights\trevision\tlabel_map\tmissing_labels",
         f"faces\tvision\tnone\timage-classification\tsome/faces\t{COMMIT}\tjoy=happiness\tallow"]  # fmt: skip
ASKED = ["condition\tsystem\tdataset\tframes\tcontext\tdecision",
         "faces-fps1\tfaces\tsynface\tfps1\tnone\tlikelihood"]  # fmt: skip
TABLES = """tables:
  systems: [config/systems.tsv, config/faces.tsv]
  conditions: [config/quick/conditions.tsv, config/asked.tsv]
"""


def test_a_classifier_from_a_hub_is_a_row_of_the_study(project, monkeypatch, tmp_path):
    """Its tables beside the study's: every clip has an answer, with a score for every class."""
    save_classifier("convnext", tmp_path / "model", ["sad", "joy", "neutral"])
    keep(tmp_path / "home", "some/faces", COMMIT, tmp_path / "model")
    monkeypatch.setenv("HF_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.chdir(project.path)
    made = {"config/faces.tsv": FACES, "config/asked.tsv": ASKED, "config/faces.yaml": TABLES.splitlines()}
    for path, lines in made.items():
        (project.path / path).write_text("\n".join(lines) + "\n")
    study = copy.copy(project)
    study.configs = (*project.configs, "config/faces.yaml")
    target = RESULTS / "answers/faces-fps1.parquet"
    study.run(str(target))
    answers = pd.read_parquet(target)
    ours = pd.read_parquet(RESULTS / "answers/freq-fps1.parquet")
    assert answers["clip_id"].tolist() == ours["clip_id"].tolist() and set(answers["status"]) == {"ok"}
    assert set(answers["prediction"]) <= {"sadness", "happiness", "neutral"}
    assert np.isfinite(answers[[column for column in answers if column.startswith("score_")]]).all(axis=None)
    assert audit(read_plan(".", list(study.configs)), [str(target)]).findings == []
    assert study.would_run(str(target)) == {}
    edited = FACES[1].replace("joy=happiness", "joy=surprise")
    (project.path / "config/faces.tsv").write_text("\n".join([FACES[0], edited]) + "\n")
    assert study.would_run(str(target)) == {"answer_clips": 1, "gather_answers": 1}
    for path in made:
        (project.path / path).unlink()
    prune(read_plan(".", ["config/quick.yaml"]))
    for path in [RESULTS / "models/faces", RESULTS / "answers/faces-fps1"]:
        shutil.rmtree(path)
    for path in (RESULTS / "answers").rglob("faces-fps1*"):
        path.unlink()
