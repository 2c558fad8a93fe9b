"""Nothing but the face tells the class: not the head, the room, the length or the file."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from emovlm.core.contracts.data import CLIP_TRUTH, CUES
from emovlm.core.errors import StudyError
from emovlm.core.io import read_table, write_table
from emovlm.frames.decoding import decode_clip
from emovlm.study.load import read_config
from emovlm.synface.cues import ALL, GROUPS, measure_cues
from emovlm.synface.dataset import write_script
from emovlm.synface.facts import facts_of
from emovlm.synface.plan import plan_clips
from emovlm.synface.rendering.video import file_size, read_mp4, write_mp4

STUDY = read_config(Path(__file__).parents[2], ["config/full.yaml"])
RESAMPLES = 1000


@pytest.fixture(scope="module")
def clips(class_sizes) -> pd.DataFrame:
    """CLIP_TRUTH of the default study's recognition corpus as far as the cues need it, drawn without rendering."""
    settings = STUDY["synface"]
    plan = plan_clips("synface", settings["corpora"]["synface"], class_sizes, STUDY["seed"])
    rows = []
    for _, row in plan[plan["split"].isin(["train", "test"])].iterrows():
        script = write_script(row, settings["image_size"])
        n_bytes = file_size(len(script.t), row["fps"], settings["image_size"], settings["crf"])
        facts = facts_of(script.action, script.pose, script.scene, len(script.t) / row["fps"], n_bytes)
        rows.append({
            **row[["identity", "label", "split"]], "clip_id": row["name"], "blinks": script.blinks,
            "yaw_deg": facts.pop("cue_yaw_deg"), **facts,
        })  # fmt: skip
    return pd.DataFrame(rows)


def measured(clips: pd.DataFrame) -> pd.DataFrame:
    return measure_cues(clips, RESAMPLES, 0.95, STUDY["seed"]).set_index("cues")


def test_no_cue_of_the_default_corpus_predicts_the_class(clips):
    assert (clips["split"] == "test").sum() == 990 and (clips["split"] == "train").sum() == 770
    table = measured(clips)
    assert set(table.index) == {*GROUPS, ALL}
    assert (table["p_holm"] > 0.01).all()
    assert (table["accuracy"] < table["chance"] + 0.05).all()
    assert (table["low"] < 1 / 11).all() and np.allclose(table["chance"], 1 / 11)


@pytest.mark.parametrize(("group", "column", "amount"), [
    ("blinks", "blinks", 2),
    ("pose", "cue_pitch_deg", 8),
    ("background and light", "cue_background_r", 0.3),
    ("file size", "cue_bytes", 3000),
])  # fmt: skip
def test_a_cue_planted_in_one_class_is_found(clips, group, column, amount):
    planted = clips.copy()
    planted[column] += amount * (planted["label"] == "fear")
    table = measured(planted)
    assert table.loc[group, "p_holm"] < 0.01
    unconcerned = [name for name, columns in GROUPS.items() if column not in columns]
    assert (table.loc[unconcerned, "p_holm"] > 0.01).all()


def test_the_measurement_repeats_and_the_order_of_the_clips_does_not_matter(clips, tmp_path):
    first = measured(clips).reset_index()
    again = measured(clips.sample(frac=1, random_state=1)).reset_index()
    pd.testing.assert_frame_equal(first, again)
    write_table(first, tmp_path / "cues.csv", CUES)
    assert len(read_table(tmp_path / "cues.csv", CUES)) == len(first)


def test_missing_columns_and_splits_are_named(clips):
    with pytest.raises(StudyError, match=r"no columns cue_bytes; render"):
        measured(clips.drop(columns="cue_bytes"))
    with pytest.raises(StudyError, match="splits train and test"):
        measured(clips[clips["split"] == "test"])


def test_rendered_files_of_all_classes_have_the_size_of_their_length_alone(clip_folder):
    truth = read_table(clip_folder / "truth" / "clips.parquet", CLIP_TRUTH)
    assert truth["label"].nunique() == 11
    needed = set()
    for clip in truth.itertuples():
        path = clip_folder / "clips" / f"{clip.clip_id.split('/')[-1]}.mp4"
        frames, fps = read_mp4(path)
        assert path.stat().st_size == clip.cue_bytes == file_size(len(frames), fps, 64, 20)
        assert (clip.cue_frames, clip.cue_seconds) == (len(frames), pytest.approx(len(frames) / fps))
        needed.add(_without_padding(path.read_bytes()) / clip.cue_bytes)
    assert len(needed) == len(truth) and max(needed) < 1  # the encoder itself would have told them apart


def test_clips_that_show_little_and_much_have_files_of_one_size(tmp_path):
    noise = np.random.default_rng(0).integers(0, 256, (20, 64, 64, 3), dtype=np.uint8)
    for name, frames in {"still": np.zeros_like(noise), "noise": noise, "again": noise}.items():
        write_mp4(tmp_path / f"{name}.mp4", frames, 25, 20)
    sizes = {path.stat().st_size for path in tmp_path.iterdir()}
    assert sizes == {file_size(20, 25, 64, 20)}
    assert (tmp_path / "noise.mp4").read_bytes() == (tmp_path / "again.mp4").read_bytes()
    shown, _ = read_mp4(tmp_path / "noise.mp4")
    assert shown.shape == noise.shape and shown.std() > 20
    blocks = (
        np.random.default_rng(0).integers(0, 2, (90, 16, 16, 3), np.uint8).repeat(8, axis=1).repeat(8, axis=2) * 255
    )
    with pytest.raises(StudyError, match="do not fit into"):
        write_mp4(tmp_path / "worse.mp4", blocks, 25, 51)
    assert not (tmp_path / "worse.mp4").exists()


def test_both_decoders_read_the_same_frames_with_and_without_the_padding(clip_folder, tmp_path):
    path = clip_folder / "clips" / "00001.mp4"
    data = path.read_bytes()
    bare = tmp_path / "bare.mp4"
    bare.write_bytes(data[: _without_padding(data)])
    assert np.array_equal(read_mp4(path)[0], read_mp4(bare)[0])
    padded, plain = (decode_clip(str(p), 64) for p in (path, bare))
    assert np.array_equal(padded.pixels, plain.pixels)
    assert np.array_equal(padded.timestamps_s, plain.timestamps_s) and padded.duration_s == plain.duration_s


def _without_padding(data: bytes) -> int:
    """Length of an MP4 file up to the `free` box that ends it."""
    start = length = 0
    while start + length < len(data):
        start += length
        length = int.from_bytes(data[start : start + 4], "big")
    assert data[start + 4 : start + 8] == b"free" and start + length == len(data)
    return start
