"""Weights from outside come from one commit: a model that moves on its hub stays the same here."""

import json

import pytest
from tests.scripts import run_script

from emovlm.core.hashing import sha256_file

OLD, NEW = "a" * 40, "b" * 40


@pytest.fixture
def hub(tmp_path):
    """The local cache of a hub, in its own layout: a model of two commits, its main branch at the later one."""
    model = tmp_path / "home/hub/models--some--model"
    for commit, content in ((OLD, b"old weights"), (NEW, b"new weights")):
        folder = model / "snapshots" / commit
        folder.mkdir(parents=True)
        (folder / "config.json").write_text("{}")
        blob = model / "blobs" / commit
        blob.parent.mkdir(exist_ok=True)
        blob.write_bytes(content)
        (folder / "model.safetensors").symlink_to(f"../../blobs/{commit}")
    (model / "refs").mkdir()
    (model / "refs/main").write_text(NEW)
    return tmp_path


def fetch(hub, revision, weights="some/model"):
    return fetch_as(hub, {"weights": weights, "revision": revision})


def fetch_as(hub, params):
    notes = hub / "notes"
    notes.write_text("")
    environment = {"HF_HOME": str(hub / "home"), "HF_HUB_OFFLINE": "1", "EMOVLM_NOTES": str(notes)}
    done = run_script("fetch_weights", environment, outputs={"fetched": hub / "out/fetched.json"}, params=params)
    return done, [json.loads(line) for line in notes.read_text().splitlines()]


def test_a_pinned_commit_is_fetched_whatever_the_branch_points_to(hub):
    for revision, content in ((OLD, b"old weights"), (NEW, b"new weights")):
        done, notes = fetch(hub, revision)
        assert done.returncode == 0, done.stderr
        assert (hub / "out/model.safetensors").read_bytes() == content
        assert {"fetched": "hub:some/model", "pin": f"commit:{revision}"} in notes
        assert {"wrote": str(hub / "out/config.json")} in notes
        assert json.loads((hub / "out/fetched.json").read_text()) == {
            "weights": "some/model", "revision": revision, "files": ["config.json", "model.safetensors"],
        }  # fmt: skip
    assert (hub / "home/hub/models--some--model/blobs" / OLD).read_bytes() == b"old weights"


def test_without_a_commit_it_is_that_of_the_main_branch_which_is_recorded(hub):
    done, notes = fetch_as(hub, {"weights": "some/model"})
    assert done.returncode == 0, done.stderr
    assert (hub / "out/model.safetensors").read_bytes() == b"new weights"
    assert {"fetched": "hub:some/model", "pin": f"commit:{NEW}"} in notes
    assert json.loads((hub / "out/fetched.json").read_text())["revision"] == NEW


def test_a_commit_that_is_not_there_is_said_so(hub):
    done, _ = fetch(hub, "c" * 40)
    assert done.returncode == 1
    assert f"error: some/model at commit {'c' * 40} cannot be fetched" in done.stderr
    assert "Traceback" not in done.stderr


def test_weights_that_would_have_to_be_unpickled_are_refused(hub):
    (hub / "home/hub/models--some--model/snapshots" / OLD / "model.safetensors").unlink()
    done, _ = fetch(hub, OLD)
    assert done.returncode == 1 and "has no safetensors" in done.stderr


def test_a_checkpoint_that_was_fetched_by_hand_is_taken_if_it_is_the_one_pinned(hub):
    file = hub / "released.pth"
    file.write_bytes(b"a network")
    pin = sha256_file(file)
    for params in ({"file": str(file)}, {"file": str(file), "sha256": pin}):
        done, notes = fetch_as(hub, params)
        assert done.returncode == 0, done.stderr
        assert (hub / "out/checkpoint.pth").read_bytes() == b"a network"
        assert {"fetched": "file:released.pth", "pin": f"sha256:{pin}"} in notes
    done, _ = fetch_as(hub, {"file": str(file), "sha256": "0" * 64})
    assert done.returncode == 1 and f"not the checkpoint that the study pins (SHA-256 is {pin}" in done.stderr
    done, _ = fetch_as(hub, {"file": str(hub / "other.pth")})
    assert done.returncode == 1 and "other.pth: no such checkpoint" in done.stderr
