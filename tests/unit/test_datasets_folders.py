"""MAFW, DFEW and any folder of videos are read as their owners lay them out; the evaluated clips are a fair subset."""

import os
import shutil
import subprocess
from pathlib import Path

import av
import numpy as np
import pandas as pd
import pytest
from tests import dataset_folders
from tests.dataset_folders import write_dfew, write_mafw
from tests.scripts import run_script

from emovlm.core.contracts.data import DATASET_COUNTS, MANIFEST
from emovlm.core.errors import StudyError
from emovlm.core.io import read_table
from emovlm.datasets.manifest import make_manifest
from emovlm.datasets.published_counts import count_clips, report
from emovlm.datasets.registry import DATASET_KINDS
from emovlm.sampling.training_samplers import training_schedule

ROOT = Path(__file__).resolve().parents[2]
WORDS = {name: name for name in dataset_folders.MAFW}
DFEW_WORDS = dict(zip(dataset_folders.DFEW, ("happiness", "sadness", "neutral", "anger", "surprise", "disgust", "fear"),
                      strict=True))  # fmt: skip
MAFW = {"dataset": "mafw", "kind": "mafw", "words": WORDS, "folds": 5}
DFEW = {"dataset": "dfew", "kind": "dfew", "words": DFEW_WORDS, "folds": 5}
OWN = {"dataset": "own", "kind": "folder", "words": DFEW_WORDS}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Small folders of both datasets, ten clips a class, of two real clips."""
    folder = tmp_path_factory.mktemp("data")
    (folder / "clips").mkdir()
    for name in ("a", "b"):
        with av.open(str(folder / f"clips/{name}.mp4"), "w") as container:
            stream = container.add_stream("libx264", rate=25)
            stream.width = stream.height = 32
            stream.pix_fmt = "yuv420p"
            for _ in range(3):
                container.mux(stream.encode(av.VideoFrame.from_ndarray(np.zeros((32, 32, 3), np.uint8), "rgb24")))
            container.mux(stream.encode())
    clips = sorted((folder / "clips").glob("*.mp4"))
    write_mafw(folder / "mafw", clips, per_class=10, frames=False)
    write_dfew(folder / "dfew", clips, per_class=10, frames=False)
    return folder


@pytest.fixture
def data(made: Path, tmp_path: Path) -> Path:
    """A copy of both to edit."""
    return Path(shutil.copytree(made, tmp_path / "data", copy_function=os.link))


def edit(file: Path, text: str) -> None:
    """Write a file anew, whatever it was a link to."""
    file.unlink(missing_ok=True)
    file.write_text(text)


def manifest(row: dict, folder: Path, subset: Path | None = None) -> pd.DataFrame:
    return MANIFEST.conform(make_manifest(row, folder, subset), "manifest").to_pandas()


def test_dfew_labels_become_the_studys_and_numbers_become_names(made: Path) -> None:
    clips = manifest(DFEW, made / "dfew")
    assert len(clips) == 70 and set(clips["split"]) == {"test"}
    assert clips.iloc[0].to_dict() == {
        "clip_id": "dfew/00001", "path": "Clip/original/1.mp4", "label": "happiness", "split": "test", "fold": 1,
        "identity": "dfew/00001",
    }  # fmt: skip
    assert clips.groupby("label").size().eq(10).all() and set(clips["label"]) == set(DFEW_WORDS.values())
    assert clips.groupby(["label", "fold"]).size().eq(2).all()
    assert all((made / "dfew" / path).is_file() for path in clips["path"])


def test_frame_folders_are_another_form_of_the_same_clips(data: Path) -> None:
    (data / "dfew/Clip/clip_224x224").mkdir()
    (data / "mafw/data/frames").mkdir()
    for row, path in ((DFEW, "Clip/clip_224x224/00001"), (MAFW, "data/frames/00025")):
        frames = manifest({**row, "form": "frames"}, data / row["dataset"])
        clips = manifest(row, data / row["dataset"])
        assert frames["path"][0] == path
        pd.testing.assert_frame_equal(frames.drop(columns="path"), clips.drop(columns="path"))
        heard = DATASET_KINDS[row["kind"]].sounds(data / row["dataset"])
        assert [heard[Path(p).name] for p in frames["path"]] == clips["path"].tolist()


def test_dfews_clips_may_lie_one_folder_further_down(data: Path) -> None:
    original = data / "dfew/Clip/original"
    (original / "part_2").mkdir()
    (original / "1.mp4").rename(original / "part_2/00001.mp4")
    (original / "4.mp4").unlink()  # a clip that is missing stays, for decoding to count
    assert manifest(DFEW, data / "dfew")["path"].tolist()[:3] == [
        "Clip/original/part_2/00001.mp4", "Clip/original/4.mp4", "Clip/original/7.mp4"
    ]  # fmt: skip
    shutil.copy(original / "7.mp4", original / "part_2/0007.mp4")
    with pytest.raises(StudyError, match=r"7\.mp4 and .*part_2/0007\.mp4 are both clip 7"):
        manifest(DFEW, data / "dfew")


@pytest.mark.parametrize(
    ("row", "missing", "message"),
    [
        (DFEW, "EmoLabel_DataSplit", r"not DFEW: looked for EmoLabel_DataSplit/\{train,test\}\(single-labeled\)/set_1"),
        (DFEW, "Clip/original", r"form clips: looked for Clip/original/1\.mp4 and Clip/original/\*/1\.mp4"),
        (DFEW, "EmoLabel_DataSplit/test(single-labeled)/set_3.csv", r"set_3\.csv: no such file"),
        ({**DFEW, "form": "frames"}, "Clip/original", r"form frames: looked for .*Clip/clip_224x224/00001/\*\.jpg"),
        ({**DFEW, "words": WORDS}, None, r"lack happy, sad, angry; datasets\.tsv, column classes, must name a column"),
        (MAFW, "data/clips", "not MAFW in the form clips: there is no folder data/clips"),
        ({**MAFW, "form": "frames"}, None, "not MAFW in the form frames: there is no folder data/frames"),
        (MAFW, "Train & Test Set/single/no_caption/set_2/train.txt", r"set_2/train\.txt: no such file"),
        ({**MAFW, "folds": 3}, None, r"row mafw, column folds: 3, but the dataset's lists have 5"),
    ],
)
def test_a_folder_of_another_layout_says_what_was_looked_for(data: Path, row, missing, message) -> None:
    if missing:
        place = data / row["dataset"] / missing
        shutil.rmtree(place) if place.is_dir() else place.unlink()
    with pytest.raises(StudyError, match=message):
        manifest(row, data / row["dataset"])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", r"set_1\.csv, line 1: no column video_name, label"),
        ("video_name,label\n", r"set_1\.csv: the list has no clips"),
        ("video_name,label\n1,8\n", r"set_1\.csv, line 2: unknown label '8'; DFEW's are 1 to 7"),
        ("video_name,label\n1,0\n", r"line 2: unknown label '0'"),
        ("video_name,label\n1,happy\n", r"line 2: unknown label 'happy'"),
        ("video_name,label\n../1,1\n", r"line 2: '../1' is no number of a clip"),
        ("video_name,label\n1,1\n00001,1\n", r"line 3: clip 00001 is listed already in .*line 2"),
        ("video_name,label\n4,1\n", r"train\(single-labeled\)/set_1\.csv, .*clip 00004 is also in the fold's test set"),
        ("video_name,label\n1,2\n", r"clip 00001 is sadness here and happiness in"),
    ],
)
def test_a_wrong_list_of_dfew_is_named_by_file_and_line(data: Path, text: str, message: str) -> None:
    edit(data / "dfew/EmoLabel_DataSplit/test(single-labeled)/set_1.csv", text)
    with pytest.raises(StudyError, match=message):
        manifest(DFEW, data / "dfew")


@pytest.mark.parametrize("row", [MAFW, DFEW], ids=["mafw", "dfew"])
def test_a_balanced_subset_pools_the_folds_and_leaves_the_others_to_train_on(made: Path, row: dict) -> None:
    everything = manifest(row, made / row["dataset"])
    chosen = manifest({**row, "per_class": 7, "seed": 1}, made / row["dataset"])
    tested = chosen[chosen["split"] == "test"]
    assert (tested["label"].value_counts() == 7).all() and tested["label"].nunique() == len(row["words"])
    assert set(chosen["split"]) == {"test", "train"} and set(tested["fold"]) == {1, 2, 3, 4, 5}
    pd.testing.assert_frame_equal(chosen.drop(columns="split"), everything.drop(columns="split"))
    other = manifest({**row, "per_class": 7, "seed": 2}, made / row["dataset"])
    assert set(other.query("split == 'test'")["clip_id"]) != set(tested["clip_id"])
    for fold in range(1, 6):  # no system answers a clip that it was trained on
        sampler = {"sampler": "s", "kind": "balanced"}
        drawn = set(training_schedule(sampler, chosen, 4000, seed=1, fold=fold)["clip_id"])
        assert drawn == set(chosen.loc[chosen["fold"] != fold, "clip_id"])
        assert not drawn & set(tested.loc[tested["fold"] == fold, "clip_id"])


def test_the_subset_does_not_depend_on_the_order_of_the_lists(data: Path) -> None:
    row = {**MAFW, "per_class": 3, "seed": 5}
    before = manifest(row, data / "mafw")
    for file in (data / "mafw/Train & Test Set").rglob("*.txt"):
        edit(file, "\n".join(reversed(file.read_text().splitlines())))
    pd.testing.assert_frame_equal(manifest(row, data / "mafw"), before)


def test_a_class_with_too_few_clips_is_an_error_that_says_how_many(made: Path) -> None:
    with pytest.raises(StudyError, match=r"row mafw, column per_class: asks for 45 .* there are 10 of anger"):
        manifest({**MAFW, "per_class": 45, "seed": 1}, made / "mafw")


def test_a_list_of_clips_goes_before_the_draw(made: Path, tmp_path: Path) -> None:
    file = tmp_path / "ids.txt"
    file.write_text("00001\n4\n\n00007.mp4\r\n")
    chosen = manifest({**DFEW, "per_class": 7, "seed": 1}, made / "dfew", file)
    assert chosen.query("split == 'test'")["clip_id"].tolist() == ["dfew/00001", "dfew/00004", "dfew/00007"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("00025\n00024\n", r"ids\.txt, line 2: the dataset has no clip '00024'"),
        ("00025\n00026\n00025.mp4\n", r"ids\.txt, line 3: clip 00025 is listed already in line 1"),
        ("00025\n99999\n", r"ids\.txt, line 2: clip 99999 is of split train: no official list tests it"),
        ("\n", r"ids\.txt: the list has no clips"),
    ],
)
def test_a_wrong_list_of_clips_is_named_by_file_and_line(data: Path, tmp_path: Path, text: str, message: str) -> None:
    train = data / "mafw/Train & Test Set/single/no_caption/set_1/train.txt"
    edit(train, train.read_text() + "99999.mp4 anger\n")
    (tmp_path / "ids.txt").write_text(text)
    with pytest.raises(StudyError, match=message):
        manifest(MAFW, data / "mafw", tmp_path / "ids.txt")


def test_counts_say_where_a_dataset_differs_from_what_was_published(made: Path, tmp_path: Path) -> None:
    clips = manifest(MAFW, made / "mafw")
    counts = DATASET_COUNTS.conform(
        count_clips(clips, ROOT / DATASET_KINDS["mafw"].published_counts), "counts"
    ).to_pandas()
    rows = counts.set_index("emotion")
    assert len(counts) == 12 and rows.loc["all", ["found", "published", "difference"]].tolist() == [110, 9172, -9062]
    assert rows.loc["anger", ["found", "published", "difference"]].tolist() == [10, 1390, -1380]
    assert "mafw: the numbers of clips differ from those published: all: 110, published 9172 (-9062)" in report(
        "mafw", counts
    )
    clips.groupby("label").size().rename("clips").rename_axis("emotion").to_csv(tmp_path / "same.csv")
    same = count_clips(clips, tmp_path / "same.csv")
    assert report("mafw", same) == "mafw: 110 clips, as many as published in each of 12 numbers"
    alone = count_clips(clips)
    assert report("mafw", alone) == "mafw: 110 clips; no published numbers to compare with"
    assert DATASET_COUNTS.conform(alone, "counts").to_pandas()["published"].isna().all()


def test_a_published_number_may_be_of_one_folds_test_clips(made: Path) -> None:
    counts = count_clips(manifest(DFEW, made / "dfew"), ROOT / DATASET_KINDS["dfew"].published_counts).set_index(
        ["fold", "emotion"]
    )
    assert counts.loc[(0, "all"), ["found", "published"]].tolist() == [70, 11697]
    assert counts.loc[(1, "disgust"), ["found", "published"]].tolist() == [2, 29]
    assert counts.loc[(1, "all"), ["found", "published"]].tolist() == [14, 2341]
    assert counts.loc[(0, "disgust"), "found"] == 10 and pd.isna(counts.loc[(0, "disgust"), "published"])


def test_the_script_writes_counts_and_says_that_they_differ(made: Path, tmp_path: Path) -> None:
    (tmp_path / "ids.txt").write_text("1\n")
    done = run_script(
        "make_manifest",
        inputs={"subset": tmp_path / "ids.txt", "published": ROOT / DATASET_KINDS["dfew"].published_counts},
        outputs={"manifest": tmp_path / "dfew.parquet", "counts": tmp_path / "dfew.counts.csv"},
        params={**DFEW, "folder": made / "dfew", "permuted_labels": [], "seed": None},
    )
    assert done.returncode == 0 and "all: 70, published 11697 (-11627)" in done.stderr
    assert (read_table(tmp_path / "dfew.parquet", MANIFEST)["split"] == "test").sum() == 1
    assert read_table(tmp_path / "dfew.counts.csv", DATASET_COUNTS)["found"].max() == 70
    assert (tmp_path / "dfew.counts.csv").read_text().splitlines()[1:3] == ["all,0,70,11697,-11627", "anger,0,10,,"]


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """A folder of videos with a table."""
    folder = tmp_path / "own"
    (folder / "Action").mkdir(parents=True)
    edit(folder / "annotations.csv", "path,label,split,fold,identity\nAction/1.mp4,Happy,,,\n"
         '"Action/a clip, too.avi",ANGER,train,,film 3\nfaces/7,sad,test,2,film 3\n')  # fmt: skip
    return folder


def test_any_folder_is_described_by_one_table(own: Path) -> None:
    assert manifest(OWN, own).to_numpy().tolist() == [
        ["own/Action/1", "Action/1.mp4", "happiness", "test", 0, "own/Action/1"],
        ["own/Action/a clip, too", "Action/a clip, too.avi", "anger", "train", 0, "film 3"],
        ["own/faces/7", "faces/7", "sadness", "test", 2, "film 3"],
    ]
    edit(own / "annotations.csv", "label,path\nfear,x.mp4\n")
    assert manifest(OWN, own)["split"].tolist() == ["test"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (None, r"annotations\.csv: no such file"),
        ("path,emotion\nx.mp4,fear\n", r"annotations\.csv, line 1: no column label"),
        ("path,label\n", r"annotations\.csv: the table has no clips"),
        ("path,label,person\nx.mp4,fear,3\n", r"line 1: unknown column 'person'; known are path, label, split, fold"),
        ("path,label\nx.mp4,rage\n", r"line 2: unknown class 'rage'; the classes are"),
        ("path,label\nx.mp4,contempt\n", "line 2: unknown class 'contempt'"),
        ("path,label\n../x.mp4,fear\n", r"line 2: the path '../x\.mp4' is not inside the dataset's folder"),
        ("path,label\n/etc/passwd,fear\n", "line 2: the path '/etc/passwd' is not inside"),
        ("path,label\nx\x7f.mp4,fear\n", "line 2: .* is no path"),
        ("path,label\nx.mp4,fear\n./x.mp4,sad\n", r"line 3: clip x is listed already in .*line 2"),
        (
            "path,label,split\nx.mp4,fear,tested\n",
            "line 2: unknown split 'tested'; known are pretrain, train, validation",
        ),
        ("path,label,fold\nx.mp4,fear,-1\n", "line 2: fold '-1' is not a whole number"),
        ("path,label,split,fold\nx.mp4,fear,validation,1\n", "line 2: a clip of split validation is in no fold"),
    ],
)
def test_a_wrong_table_is_named_by_file_and_line(own: Path, text: str | None, message: str) -> None:
    (own / "annotations.csv").unlink() if text is None else edit(own / "annotations.csv", text)
    with pytest.raises(StudyError, match=message):
        manifest(OWN, own)


def commands(n: int) -> str:
    """The n-th block of commands of the guide."""
    return (ROOT / "docs/how-to/adding-a-dataset.md").read_text().split("```bash\n")[n].split("```")[0]


def test_the_guides_example_is_read_as_it_says(made: Path, tmp_path: Path) -> None:
    raw = tmp_path / "results/raw/synface"
    (raw / "annotations").mkdir(parents=True)
    shutil.copytree(made / "clips", raw / "clips")
    (raw / "annotations/test.txt").write_text("a.mp4 anger\nb.mp4 fear\n")
    subprocess.run(["bash", "-ec", commands(1)], cwd=tmp_path, check=True)
    clips = manifest({"dataset": "own", "kind": "folder", "words": WORDS}, tmp_path / "data/own")
    assert clips["path"].tolist() == ["clips/a.mp4", "clips/b.mp4"] and clips["label"].tolist() == ["anger", "fear"]
    assert all((tmp_path / "data/own" / path).is_file() for path in clips["path"])


def test_the_guides_commands_map_ferv39k_and_caer(tmp_path: Path) -> None:
    lists = tmp_path / "4_setups/All_scenes"
    lists.mkdir(parents=True)
    (lists / "train_All.csv").write_text("Action/Happy/0267 Happy\nCrime/Angry/0002 Angry\n")
    (lists / "test_All.csv").write_text("Action/Sad/0001 Sad\n")
    subprocess.run(["bash", "-ec", commands(2)], cwd=tmp_path, check=True)
    assert manifest(OWN, tmp_path)[["path", "label", "split"]].to_numpy().tolist() == [
        ["2_ClipsforFaceCrop/Action/Happy/0267", "happiness", "train"],
        ["2_ClipsforFaceCrop/Action/Sad/0001", "sadness", "test"],
        ["2_ClipsforFaceCrop/Crime/Angry/0002", "anger", "train"],
    ]
    for name in ("train/Anger/0001.avi", "validation/Happy/0001.avi", "test/Surprise/0007.avi"):
        (tmp_path / name).parent.mkdir(parents=True)
        (tmp_path / name).touch()
    subprocess.run(["bash", "-ec", commands(3)], cwd=tmp_path, check=True)
    assert manifest(OWN, tmp_path)[["path", "label", "split"]].to_numpy().tolist() == [
        ["test/Surprise/0007.avi", "surprise", "test"],
        ["train/Anger/0001.avi", "anger", "train"],
        ["validation/Happy/0001.avi", "happiness", "validation"],
    ]
