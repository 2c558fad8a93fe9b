"""Weights from outside come from one commit: a model that moves on its hub stays the same here."""

import json

import pytest
from huggingface_hub import constants

from emovlm.core import notes
from emovlm.core.errors import StudyError
from emovlm.core.hashing import sha256_bytes, sha256_file
from emovlm.models.hub import fetch_weights, take_checkpoint, take_folder

OLD, NEW = "a" * 40, "b" * 40


@pytest.fixture
def hub(tmp_path, monkeypatch):
    """The local cache of a hub, in its own layout: a model of two commits, its main branch at the later one."""
    model = tmp_path / "hub/models--some--model"
    for commit, content in ((OLD, b"old weights"), (NEW, b"new weights")):
        folder = model / "snapshots" / commit
        folder.mkdir(parents=True)
        (folder / "config.json").write_text("{}")
        (folder / "training_args.bin").write_bytes(b"a pickle")
        blob = model / "blobs" / sha256_bytes(content)
        blob.parent.mkdir(exist_ok=True)
        blob.write_bytes(content)
        (folder / "model.safetensors").symlink_to(f"../../blobs/{blob.name}")
    (model / "refs").mkdir()
    (model / "refs/main").write_text(NEW)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setenv(notes.NOTES, str(tmp_path / "notes"))
    return tmp_path


def noted(hub):
    return [json.loads(line) for line in (hub / "notes").read_text().splitlines()]


def test_a_pinned_commit_is_fetched_whatever_the_branch_points_to(hub):
    for revision, content in ((OLD, b"old weights"), (NEW, b"new weights")):
        fetched = fetch_weights("some/model", revision, hub / "out")
        assert fetched == (["config.json", "model.safetensors"], revision)
        assert sorted(path.name for path in (hub / "out").iterdir()) == fetched[0]
        assert (hub / "out/model.safetensors").read_bytes() == content
        assert {"fetched": "hub:some/model", "pin": f"commit:{revision}"} in noted(hub)
        assert {"wrote": str(hub / "out/config.json")} in noted(hub)
    assert (hub / "hub/models--some--model/blobs" / sha256_bytes(b"old weights")).read_bytes() == b"old weights"


def test_without_a_commit_it_is_that_of_the_main_branch_which_is_recorded(hub):
    assert fetch_weights("some/model", None, hub / "out")[1] == NEW
    assert (hub / "out/model.safetensors").read_bytes() == b"new weights"
    assert {"fetched": "hub:some/model", "pin": f"commit:{NEW}"} in noted(hub)


def test_a_commit_that_is_not_there_is_said_so(hub):
    with pytest.raises(StudyError, match=f"some/model at commit {'c' * 40} cannot be fetched"):
        fetch_weights("some/model", "c" * 40, hub / "out")


def test_a_damaged_file_of_the_cache_is_found(hub):
    (hub / "hub/models--some--model/blobs" / sha256_bytes(b"old weights")).write_bytes(b"odd weights")
    with pytest.raises(StudyError, match=r"model\.safetensors: the cached file is damaged; delete [0-9a-f]{64}"):
        fetch_weights("some/model", OLD, hub / "out")


def test_weights_that_would_have_to_be_unpickled_are_refused(hub):
    (hub / "hub/models--some--model/snapshots" / OLD / "model.safetensors").unlink()
    with pytest.raises(StudyError, match="has no safetensors"):
        fetch_weights("some/model", OLD, hub / "out")


def test_a_checkpoint_that_was_fetched_by_hand_is_taken_if_it_is_the_one_pinned(hub):
    file = hub / "released.pth"
    file.write_bytes(b"a network")
    pin = sha256_file(file)
    for pinned in (None, pin):
        assert take_checkpoint(file, hub / "out", pinned) == (["checkpoint.pth"], pin)
        assert (hub / "out/checkpoint.pth").read_bytes() == b"a network"
    assert {"fetched": "file:released.pth", "pin": f"sha256:{pin}"} in noted(hub)
    with pytest.raises(StudyError, match=f"not the checkpoint that the study pins \\(SHA-256 is {pin}"):
        take_checkpoint(file, hub / "out", "0" * 64)
    assert not (hub / "out").exists()
    with pytest.raises(StudyError, match=r"other\.pth: no such checkpoint"):
        take_checkpoint(hub / "other.pth", hub / "out")


@pytest.mark.parametrize("name", ["released.pth", "config.json"])
def test_what_was_fetched_by_hand_stays_the_same_when_its_owner_overwrites_it(hub, name):
    """A release is often fetched again in place (`wget -O`), while its hash here is trusted."""
    source = hub / "release"
    source.mkdir()
    for file in ("released.pth", "config.json", "model.safetensors"):
        (source / file).write_bytes(b"first")
    take = take_folder if name == "config.json" else take_checkpoint
    files, pin = take(source / name, hub / "out")
    for file in source.iterdir():
        file.write_bytes(b"later")
    assert {(hub / "out" / file).read_bytes() for file in files} == {b"first"}
    assert take(source / name, hub / "again")[1] != pin
