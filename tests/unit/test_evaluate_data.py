"""The clips of a folder, by its layout."""

import os

import pytest

from emovlm.core.errors import StudyError
from emovlm.datasets.classes import read_classes
from emovlm.datasets.suffixes import VIDEOS
from emovlm.standalone.given_data import read_data


def touch(folder, *names):
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return folder


def clips_of(data):
    return data.manifest[["clip_id", "path", "label"]].values.tolist()


@pytest.fixture
def by_class(tmp_path):
    names = ("sad/b.mp4", "sad/a.MOV", "Happy/a.webm", "Happy/notes.txt", ".cache/x.mp4", "empty/readme.md")
    return touch(tmp_path / "mine", *names)


def test_a_folder_a_class_gives_its_videos_the_folders_names(by_class):
    data = read_data(by_class)
    assert (data.kind, data.name, data.classes) == ("classes", "mine", ["Happy", "sad"])
    assert clips_of(data) == [
        ["mine/Happy/a", "Happy/a.webm", "Happy"],
        ["mine/sad/a", "sad/a.MOV", "sad"],
        ["mine/sad/b", "sad/b.mp4", "sad"],
    ]
    assert data.manifest["identity"].tolist() == data.manifest["clip_id"].tolist()


def test_files_that_differ_in_their_suffix_alone_are_clips_of_their_own(tmp_path):
    folder = touch(tmp_path / "mine", "sad/a.mp4", "sad/a.avi", "sad/b.mp4", "happy/a.mp4", "happy/a.mp4.mkv")
    assert clips_of(read_data(folder)) == [
        ["mine/happy/a", "happy/a.mp4", "happy"],
        ["mine/happy/a.mp4.mkv", "happy/a.mp4.mkv", "happy"],  # happy/a.mp4 is another file
        ["mine/sad/a.avi", "sad/a.avi", "sad"],
        ["mine/sad/a.mp4", "sad/a.mp4", "sad"],
        ["mine/sad/b", "sad/b.mp4", "sad"],
    ]


@pytest.mark.parametrize("suffix", VIDEOS)
def test_a_file_of_every_container_is_a_clip(tmp_path, suffix):
    data = read_data(touch(tmp_path / "mine", f"sad/a{suffix}", f"happy/b{suffix.upper()}", "sad/notes.txt"))
    assert data.manifest["path"].tolist() == [f"happy/b{suffix.upper()}", f"sad/a{suffix}"]


def test_a_name_that_is_no_utf_8_is_told(tmp_path):
    folder = touch(tmp_path / "mine", "sad/a.mp4", "happy/b.mp4", "happy/" + os.fsdecode(b"bild-\xe9.mp4"))
    with pytest.raises(StudyError, match=r"the name happy/bild-\\udce9\.mp4 is not UTF-8; rename the file"):
        read_data(folder)


def test_labels_given_are_what_the_model_chooses_from_in_their_order(by_class):
    assert read_data(by_class, ["sad", "Happy", "bored"]).classes == ["sad", "Happy", "bored"]
    with pytest.raises(StudyError, match="clips have the label 'sad', which is not among the labels given"):
        read_data(by_class, ["Happy", "bored"])
    with pytest.raises(StudyError, match="sad is listed twice"):
        read_data(by_class, ["Happy", "sad", "sad"])


def test_a_table_gives_labels_in_any_words_and_people(tmp_path):
    folder = touch(tmp_path / "mine", "a.mp4", "b.mp4", "c.mp4")
    (folder / "annotations.csv").write_text(
        "path,label,identity,split\na.mp4,very bored,p1,\nb.mp4,über,p1,test\nc.mp4,über,p2,train\n"
    )
    data = read_data(folder)
    assert (data.kind, data.classes) == ("folder", ["very bored", "über"])
    assert data.manifest["identity"].tolist() == ["p1", "p1"]
    assert clips_of(read_data(folder, ["über", "other"], split="train")) == [["mine/c", "c.mp4", "über"]]


def mafw(folder):
    touch(folder, *(f"data/clips/{k:05}.mp4" for k in range(1, 7)))
    for fold in range(1, 6):
        lists = folder / "Train & Test Set/single/no_caption" / f"set_{fold}"
        lists.mkdir(parents=True)
        test, train = [fold], [k for k in range(1, 7) if k != fold]
        for name, of in (("test", test), ("train", train)):
            (lists / f"{name}.txt").write_text("".join(f"{k:05}.mp4 {['anger', 'fear'][k % 2]}\n" for k in of))
    return folder


def test_mafw_is_known_by_its_lists_and_has_all_of_its_classes(tmp_path):
    data = read_data(mafw(tmp_path / "MAFW"))
    assert data.kind == "mafw" and len(data.classes) == 11 and len(data.manifest) == 5
    assert read_data(tmp_path / "MAFW", fold=2).manifest["clip_id"].tolist() == ["MAFW/00002"]
    with pytest.raises(StudyError, match="no clips of fold 9; there are 1, 2, 3, 4, 5"):
        read_data(tmp_path / "MAFW", fold=9)


def test_dfew_is_known_by_its_lists_and_its_labels_are_words(tmp_path):
    folder = touch(tmp_path / "DFEW", *(f"Clip/original/{k}.mp4" for k in range(1, 6)))
    for fold in range(1, 6):
        for which, of in (("test", [fold]), ("train", [k for k in range(1, 6) if k != fold])):
            place = folder / "EmoLabel_DataSplit" / f"{which}(single-labeled)"
            place.mkdir(parents=True, exist_ok=True)
            rows = "".join(f"{k},{1 + k % 7}\n" for k in of)
            (place / f"set_{fold}.csv").write_text("video_name,label\n" + rows)
    data = read_data(folder)
    assert (data.kind, len(data.classes), len(data.manifest)) == ("dfew", 7, 5)
    assert clips_of(data)[0] == ["DFEW/00001", "Clip/original/1.mp4", "sadness"]


@pytest.mark.parametrize(
    ("names", "said"),
    [
        ((), "no clips found"),
        (("readme.txt", "docs/a.txt"), "no clips found"),
        (("a.mp4", "b.mp4"), "its clips have no labels; give a folder a class"),
        (("sad/a.mp4", "sad/b.mp4"), "all clips have the label 'sad'; name the others to choose from in --labels"),
    ],
)
def test_a_folder_without_clips_or_labels_is_an_error_that_says_what_to_give(tmp_path, names, said):
    folder = touch(tmp_path, *names)
    with pytest.raises(StudyError, match=said):
        read_data(folder)


def test_a_table_without_a_label_or_of_a_missing_folder_or_split_is_an_error(tmp_path):
    with pytest.raises(StudyError, match="no such folder of clips"):
        read_data(tmp_path / "nowhere")
    (tmp_path / "annotations.csv").write_text("path,label\na.mp4,\n")
    with pytest.raises(StudyError, match=r"annotations\.csv, line 2: column label is empty"):
        read_data(tmp_path)
    (tmp_path / "annotations.csv").write_text("path,label\na.mp4,sad\nb.mp4,happy\n")
    with pytest.raises(StudyError, match=r"no clips of split train; there are 2 of test \(--split\)"):
        read_data(tmp_path, split="train")
    with pytest.raises(StudyError, match="the dataset has no folds"):
        read_data(tmp_path, fold=1)


def test_a_link_out_of_the_folder_is_no_clip(tmp_path):
    outside = touch(tmp_path / "outside", "a.mp4") / "a.mp4"
    folder = touch(tmp_path / "mine", "happy/b.mp4", "sad/c.mp4")
    (folder / "sad/a.mp4").symlink_to(outside)
    with pytest.raises(StudyError, match="is not inside the dataset's folder"):
        read_data(folder)


def test_a_study_reads_a_folder_a_class_with_the_words_of_its_classes(by_class):
    with pytest.raises(StudyError, match="unknown class 'Happy'"):
        read_classes(by_class, {"happy": "happiness", "sad": "sadness"})
    found = read_classes(by_class, {"Happy": "happiness", "sad": "sadness"})
    assert [(entry.line.name, entry.line.label, entry.split) for entry in found] == [
        ("Happy/a", "happiness", "test"), ("sad/a", "sadness", "test"), ("sad/b", "sadness", "test")
    ]  # fmt: skip
