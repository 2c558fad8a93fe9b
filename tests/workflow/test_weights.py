"""A system that is not trained here runs through the same rules, at the commit that its row pins."""

import shutil

import pandas as pd

from emovlm.provenance.audit.audit import audit, prune
from emovlm.provenance.planned_jobs import read_plan
from emovlm.provenance.records.record import read_record
from tests.project import RESULTS

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
