"""Rendered clips: real MP4 files, and a truth that holds."""

import shutil

import numpy as np
import pandas as pd
import pytest
from tests.conftest import RENDERING, render_corpus

from emovlm.core.contracts.data import CLIP_PLAN, CLIP_TRUTH, FRAME_TRUTH
from emovlm.core.errors import StudyError
from emovlm.core.io import read_table
from emovlm.synface.dataset import gather, render_shard, write_script
from emovlm.synface.motion.facs import AU_INDEX
from emovlm.synface.rendering.video import read_mp4, write_mp4
from emovlm.synface.sheet import contact_sheet, save_sheet


@pytest.fixture(scope="module")
def plan(clip_folder):
    return read_table(clip_folder / "plan.parquet", CLIP_PLAN)


@pytest.fixture(scope="module")
def truth(clip_folder):
    return read_table(clip_folder / "truth" / "clips.parquet", CLIP_TRUTH)


@pytest.fixture(scope="module")
def frame_truth(clip_folder):
    return read_table(clip_folder / "truth" / "frames.parquet", FRAME_TRUTH)


def test_every_clip_decodes_to_its_length_rate_and_size(clip_folder, plan):
    for row in plan.itertuples():
        frames, fps = read_mp4(clip_folder / "clips" / f"{row.name}.mp4")
        assert frames.shape == (round(row.duration_s * row.fps), 64, 64, 3)
        assert fps == row.fps


def test_the_clips_show_something(clip_folder, plan):
    frames, _ = read_mp4(clip_folder / "clips" / f"{plan['name'][0]}.mp4")
    assert frames.std() > 20
    assert 20 < frames[:, 24:40, 24:40].mean() < 235


def test_three_shards_render_the_same_clips_as_one(clip_folder, rig_path, truth, frame_truth, tmp_path):
    plan = read_table(clip_folder / "plan.parquet", CLIP_PLAN)
    (tmp_path / "shards").mkdir()
    shutil.copy(clip_folder / "plan.parquet", tmp_path / "plan.parquet")
    render_corpus(tmp_path, rig_path, n_shards=3)
    pd.testing.assert_frame_equal(truth, read_table(tmp_path / "truth" / "clips.parquet", CLIP_TRUTH))
    pd.testing.assert_frame_equal(frame_truth, read_table(tmp_path / "truth" / "frames.parquet", FRAME_TRUTH))
    for name in plan["name"]:
        one, three = (read_mp4(folder / "clips" / f"{name}.mp4")[0] for folder in (clip_folder, tmp_path))
        assert np.array_equal(one, three)


def test_mirrored_clips_show_the_same_frames_in_the_opposite_order(rig_path):
    from emovlm.synface.dataset import render_row
    from emovlm.synface.face.canvas import make_canvas
    from emovlm.synface.face.identity import make_identity
    from emovlm.synface.face.rig import load_rig
    from emovlm.synface.rendering.render import Renderer

    rig = load_rig(rig_path)
    canvas = make_canvas(rig)
    person = make_identity(rig, canvas, 1, "synface-0001")
    row = pd.Series({"seed": 5, "duration_s": 1.6, "fps": 10.0, "variant": 1, "intensity": 1.0, "micro": False})
    shown = [
        render_row(Renderer(rig, canvas, 32, 1), person, pd.concat([row, pd.Series({"label": a, "order": b})]))
        for a, b in (("happiness", "disappointment"), ("disappointment", "happiness"))
    ]
    (smiles, smiling), (frowns, frowning) = shown
    assert np.array_equal(smiling, frowning[::-1])
    for script, unit in ((smiles, "AU12"), (frowns, "AU15")):
        strength = script.action[:, AU_INDEX[unit]]
        inside = (script.t >= script.event.apex) & (script.t <= script.event.apex_end)
        assert strength[inside].min() > 0.4
        assert strength[script.t < script.event.onset - 1e-6].max() < 0.2


def test_micro_expressions_last_a_quarter_to_half_a_second(truth):
    micro = truth[truth["micro"]]
    length = micro["offset_s"] - micro["onset_s"]
    assert len(micro) >= 3 and length.between(0.25, 0.5).all()
    others = truth[~truth["micro"] & (truth["label"] != "neutral")]
    assert (others["offset_s"] - others["onset_s"] >= 0.6 - 1e-9).all()


def test_events_lie_inside_the_clip_in_order(truth, plan):
    clips = truth.merge(plan.assign(clip_id="synface/" + plan["name"])[["clip_id", "duration_s"]], on="clip_id")
    times = clips.dropna(subset="onset_s")[["onset_s", "apex_s", "apex_end_s", "offset_s", "duration_s"]]
    assert (times["onset_s"] >= 0).all() and (times.diff(axis=1).iloc[:, 1:] > 0).all(axis=None)
    assert clips.loc[clips["label"] == "neutral", "onset_s"].isna().all()


def test_the_prototypes_units_are_strong_at_the_apex_and_absent_before_the_onset(truth, frame_truth):
    happy = truth[(truth["label"] == "happiness") & ~truth["micro"]].iloc[0]
    frames = frame_truth[frame_truth["clip_id"] == happy["clip_id"]]
    at_apex = frames[frames["timestamp_s"].between(happy["apex_s"], happy["apex_end_s"])]
    before = frames[frames["timestamp_s"] < happy["onset_s"]]
    assert at_apex["au_AU12"].min() > 0.5
    assert before["au_AU12"].max() <= 0.1 + 1e-6
    units = frame_truth.filter(like="au_")
    assert units.min().min() >= 0 and units.max().max() <= 1.2 + 1e-6


def test_head_gaze_blinks_and_speech_do_not_depend_on_the_class(plan):
    row = plan[plan["label"] == "anger"].iloc[0]
    angry = write_script(row, 64)
    neutral = write_script(_relabelled(row), 64)
    assert np.array_equal(angry.pose, neutral.pose)
    assert angry.blinks == neutral.blinks and angry.scene.yaw == neutral.scene.yaw
    for au in ("AU45", "AU61", "AU62", "AU63", "AU64", "AU18", "AU22"):
        assert np.array_equal(angry.action[:, AU_INDEX[au]], neutral.action[:, AU_INDEX[au]])
    assert angry.action[:, AU_INDEX["AU4"]].max() > 0.5 > neutral.action[:, AU_INDEX["AU4"]].max()


def _relabelled(row):
    other = row.copy()
    other["label"], other["variant"], other["micro"] = "neutral", 0, False
    return other


def test_annotations_list_every_clip_as_mafw_does(clip_folder, plan):
    for split in ("train", "test"):
        lines = (clip_folder / "annotations" / f"{split}.txt").read_text().splitlines()
        part = plan[plan["split"] == split]
        assert lines == [f"{row.name}.mp4 {row.label}" for row in part.itertuples()]
    people = pd.read_csv(clip_folder / "annotations" / "identities.csv", dtype=str)
    assert dict(zip(people["name"], people["identity"], strict=True)) == dict(
        zip(plan["name"], plan["identity"], strict=True)
    )


def test_gathering_deletes_clips_of_an_earlier_plan_and_refuses_a_missing_one(clip_folder, rig_path, tmp_path):
    folder = tmp_path / "copy"
    shutil.copytree(clip_folder, folder)
    stale = folder / "clips" / "99999.mp4"
    shutil.copy(folder / "clips" / "00001.mp4", stale)
    again = [folder / "plan.parquet", [folder / "shards" / "0.clips.parquet"], [folder / "shards" / "0.frames.parquet"],
             folder / "clips", folder / "annotations", folder / "c.parquet", folder / "f.parquet"]  # fmt: skip
    gather(*again)
    assert not stale.exists()
    (folder / "clips" / "00002.mp4").unlink()
    with pytest.raises(StudyError, match=r"1 planned clips are missing, the first is 00002\.mp4"):
        gather(*again)


def test_settings_that_cannot_be_rendered_are_refused(clip_folder, rig_path, tmp_path):
    for change, message in (({"image_size": 65}, "must be even"), ({"image_size": 8}, "at least 16")):
        with pytest.raises(StudyError, match=message):
            render_shard(clip_folder / "plan.parquet", rig_path, "synface", 0, 1, RENDERING | change, tmp_path,
                         tmp_path / "c.parquet", tmp_path / "f.parquet")  # fmt: skip


def test_the_contact_sheet_shows_every_class(clip_folder, truth, tmp_path):
    sheet = contact_sheet(truth, clip_folder / "clips", columns=2, tile=32)
    assert sheet.height == truth["label"].nunique() * 34
    save_sheet(sheet, tmp_path / "sheet.png")
    assert (tmp_path / "sheet.png").stat().st_size > 1000
    with pytest.raises(StudyError, match="empty"):
        contact_sheet(truth.head(0), clip_folder / "clips")


def test_a_file_that_is_no_video_is_refused(tmp_path):
    (tmp_path / "no.mp4").write_bytes(b"nothing")
    with pytest.raises(StudyError, match="not a readable video"):
        read_mp4(tmp_path / "no.mp4")


def test_a_clip_is_encoded_to_the_same_bytes_every_time(tmp_path):
    """As often as this, for x264's macroblock trees gave other bytes in one or two of a hundred encodes."""
    draw = np.random.default_rng(3)
    blocks = draw.integers(0, 255, (7, 7, 3)).repeat(16, axis=0).repeat(16, axis=1)
    moving = np.stack([np.roll(blocks, k, axis=1) for k in range(26)]) + draw.normal(0, 4, (26, 112, 112, 3))
    frames = np.clip(moving, 0, 255).astype(np.uint8)
    encoded = set()
    for _ in range(400):
        held = [np.empty(size, np.uint8) for size in draw.integers(1, 200_000, 10)]  # so that memory lies elsewhere
        write_mp4(tmp_path / "clip.mp4", frames.copy(), 25, 20)
        encoded.add((tmp_path / "clip.mp4").read_bytes())
        del held
    assert len(encoded) == 1
