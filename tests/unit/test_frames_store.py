"""The packed frame store gives back what was put in, and says clearly what it does not have."""

from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file
from tests.frame_stores import write_store

from emovlm.core.errors import StudyError
from emovlm.frames.store import FrameStore, StoreWriter

CLIPS = {f"d/{k}": np.random.default_rng(k).integers(0, 256, (k + 2, 8, 8, 3), dtype=np.uint8) for k in range(3)}


@pytest.fixture
def shards(tmp_path: Path) -> list[Path]:
    write_store({k: CLIPS[k] for k in ("d/2", "d/0")}, tmp_path / "0.safetensors")
    write_store({"d/1": CLIPS["d/1"]}, tmp_path / "1.safetensors")
    write_store({}, tmp_path / "2.safetensors")
    return sorted(tmp_path.glob("*.safetensors"))


def test_frames_come_back_in_the_order_asked_for(shards: list[Path]) -> None:
    store = FrameStore(shards)
    assert store.clip_ids() == ["d/0", "d/1", "d/2"]
    for clip_id, pixels in CLIPS.items():
        np.testing.assert_array_equal(store.frames(clip_id, [1, 0, 1]), pixels[[1, 0, 1]])
    assert store.frames("d/0", []).shape == (0, 8, 8, 3)


def test_the_file_is_a_safetensors_file_that_the_library_reads(shards: list[Path]) -> None:
    loaded = load_file(shards[0])
    assert sorted(loaded) == ["d/0", "d/2"]
    np.testing.assert_array_equal(loaded["d/2"], CLIPS["d/2"])


def test_bytes_do_not_depend_on_the_order_of_the_clips(tmp_path: Path) -> None:
    write_store(CLIPS, tmp_path / "a.safetensors")
    write_store(dict(reversed(CLIPS.items())), tmp_path / "b.safetensors")
    assert (tmp_path / "a.safetensors").read_bytes() == (tmp_path / "b.safetensors").read_bytes()


def test_the_hash_tells_frames_and_their_order_apart(shards: list[Path]) -> None:
    store = FrameStore(shards)
    asked = [("d/0", [0, 1]), ("d/0", [1, 0]), ("d/0", [0]), ("d/1", [0, 1]), ("d/0", [])]
    assert len({store.sha256(*frames) for frames in asked}) == len(asked)
    assert store.sha256("d/0", [0, 1]) == FrameStore(shards[:1]).sha256("d/0", np.array([0, 1]))


def test_an_unknown_clip_or_frame_is_an_error_that_names_it(shards: list[Path]) -> None:
    store = FrameStore(shards)
    with pytest.raises(StudyError, match="clip d/9 is not in the frame store"):
        store.frames("d/9", [0])
    for index in (2, -1):
        with pytest.raises(StudyError, match=f"clip d/0 has frames 0 to 1, but no frame {index}"):
            store.frames("d/0", [0, index])


def test_a_missing_damaged_or_doubled_shard_is_an_error_that_names_it(shards: list[Path], tmp_path: Path) -> None:
    with pytest.raises(StudyError, match=r"absent\.safetensors: not a readable frame store"):
        FrameStore([tmp_path / "absent.safetensors"])
    (tmp_path / "cut.safetensors").write_bytes(shards[0].read_bytes()[:-10])
    with pytest.raises(StudyError, match=r"cut\.safetensors: not a readable frame store"):
        FrameStore([tmp_path / "cut.safetensors"])
    with pytest.raises(StudyError, match="is also in another shard"):
        FrameStore([shards[0], shards[0]])


def test_a_store_is_written_clip_by_clip_in_the_order_of_ids(tmp_path: Path) -> None:
    """The header has room for clips that fail, so which these are changes nothing before it is written."""
    with StoreWriter(tmp_path / "s", ["d/failed", *CLIPS], (10**7, 8, 8, 3)) as store:
        for clip_id in sorted(CLIPS):
            store.add(clip_id, CLIPS[clip_id])
        with pytest.raises(ValueError, match="clip d/1 comes after d/2"):
            store.add("d/1", CLIPS["d/1"])
        assert not (tmp_path / "s").exists()
    loaded = load_file(tmp_path / "s")
    assert sorted(loaded) == sorted(CLIPS)
    assert all((loaded[clip_id] == pixels).all() for clip_id, pixels in CLIPS.items())


def test_a_store_whose_writing_broke_off_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt), StoreWriter(tmp_path / "s", ["d/0"], (10**7, 8, 8, 3)) as store:
        store.add("d/0", CLIPS["d/0"])
        raise KeyboardInterrupt
    assert list(tmp_path.iterdir()) == []


def test_the_largest_clip_that_a_header_has_room_for_fits(tmp_path: Path) -> None:
    clip = np.zeros((9_999_999, 1, 1, 3), np.uint8)
    with StoreWriter(tmp_path / "s", ["d/ü"], (10**7, 1, 1, 3)) as store:
        store.add("d/ü", clip)
    assert FrameStore([tmp_path / "s"]).frames("d/ü", [9_999_998]).shape == (1, 1, 1, 3)


def test_too_many_clips_for_one_header_are_an_error_before_anything_is_decoded(tmp_path: Path) -> None:
    with pytest.raises(StudyError, match="too many clips for one store; raise n_shards"):
        StoreWriter(tmp_path / "s", (f"d/{'x' * 10_000}{k}" for k in range(10_000)), (1,))
