"""The explorer page's files: what they hold, that they fit one another, and that equal inputs give equal bytes."""

import base64
import json
import re

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from tests.conftest import ROOT
from tests.made_up_study import CLASSES, DATASET, FRAMES, make_up

from emovlm.core.contracts.statistics import EVIDENCE
from emovlm.core.errors import StudyError
from emovlm.report.explorer_answers import write_answers
from emovlm.report.explorer_clips import write_clips, write_pictures
from emovlm.report.explorer_data import as_text, letters
from emovlm.report.explorer_page import build, start
from emovlm.report.explorer_sheets import MOST, strip_frames

ABOUT = {"dataset": DATASET, "licence": "CC0-1.0", "size": 32}
CLIPS, PARTS = 23, 3


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    return make_up(tmp_path_factory.mktemp("made"), CLIPS, conditions=3, runs=2)


def read(path):
    """The value of a data file."""
    name, value = re.fullmatch(r'explorer\.take\("([^"]+)",(.*)\);\n', path.read_text(), re.S).groups()
    assert path.as_posix().endswith(f"data/{name}.js")
    return json.loads(value)


def write(study, folder, pictures=True):
    data = folder / "data"
    parts = [str(data / f"{DATASET}/{k}.js") for k in range(PARTS)]
    write_clips(
        ABOUT, CLASSES, study.sources, study.samples, str(data / f"{DATASET}/clips.js"), parts, 2 if pictures else 0
    )
    if pictures:
        strips, thumbs = (
            [str(data / f"{DATASET}/{kind}.{k}.webp") for k in range(n)]
            for kind, n in (("strips", PARTS), ("thumbs", 2))
        )
        write_pictures(study.sources, [study.store], 32, strips, thumbs)
    out = {row["condition"]: str(data / f"answers/{row['condition']}.js") for row in study.conditions}
    write_answers(
        DATASET, study.conditions, CLASSES, study.paths, study.values, out, str(data / f"{DATASET}/answers.js")
    )
    return data


@pytest.fixture(scope="module")
def data(study, tmp_path_factory):
    return write(study, tmp_path_factory.mktemp("page"))


def test_equal_inputs_give_equal_bytes(study, data, tmp_path):
    again = write(study, tmp_path)
    files = sorted(p.relative_to(data) for p in data.rglob("*.*"))
    assert len(files) == 1 + PARTS + PARTS + 2 + 3 + 1
    assert [f for f in files if (again / f).read_bytes() != (data / f).read_bytes()] == []


def test_clips_are_columns_and_their_details_are_in_parts_in_the_same_order(data):
    clips = read(data / DATASET / "clips.js")
    assert clips["names"] == [f"{k:05d}" for k in range(CLIPS)]
    assert clips["labels"] == letters([CLASSES[k % 11] for k in range(CLIPS)], CLASSES)
    assert clips["kinds"] == "".join("pmopp"[k % 5] for k in range(CLIPS))
    assert clips["unread"] == {str(CLIPS - 1): "the file is empty"}
    details = [detail for k in range(PARTS) for detail in read(data / DATASET / f"{k}.js")["clips"]]
    assert len(details) == CLIPS
    assert details[0]["samples"] == {"every": list(range(FRAMES)), "keys": [0, 5, 10]}
    assert details[0]["event"] == [0.4, 0.8, 1.2, 2.0] and set(details[0]["units"]) == {"AU12", "AU4"}
    smile = np.frombuffer(base64.b64decode(details[0]["units"]["AU12"]), np.uint8) / 200
    assert np.abs(smile - np.sin(np.arange(FRAMES) / 5).clip(0)).max() < 0.01
    assert details[-1] == {"samples": {}, "strip": [], "start": details[-1]["start"]}, "it was not decoded"


def test_a_strip_has_the_frames_that_the_details_name(data):
    clips, part = read(data / DATASET / "clips.js"), read(data / DATASET / "1.js")
    first = next(k for k in range(CLIPS) if k * PARTS // CLIPS == 1)
    sheet = np.asarray(Image.open(data / DATASET / "strips.1.webp"))
    for k, detail in enumerate(part["clips"]):
        for j, frame in enumerate(detail["strip"]):
            row, column = divmod(detail["start"] + j, part["columns"])
            tile = sheet[row * 32 : row * 32 + 32, column * 32 : column * 32 + 32]
            assert abs(tile.mean() - (frame * 12 + first + k)) < 6, (k, frame)
    number, columns = clips["thumb"][2][1:]
    thumbs = np.asarray(Image.open(data / DATASET / "thumbs.0.webp"))
    row, column = divmod(number, columns)
    assert abs(thumbs[row * 32 + 16, column * 32 + 16].mean() - (5 * 12 + 2)) < 6, "the middle of the apex, at 1.0 s"
    assert clips["thumb"][-1] is None


def test_answers_of_every_run_are_there_with_scores_replies_reasons_and_prompts(study, data):
    short, full = read(data / DATASET / "answers.js"), read(data / "answers/c000.js")
    assert set(short) == {"c000", "c001", "c002"} and short["c000"] == full["predictions"]
    assert len(short["c001"]) == 2 and all(len(row) == CLIPS and row[0] == row[-1] == "-" for row in short["c001"])
    scores = np.frombuffer(base64.b64decode(full["scores"][1]), "<f4").reshape(CLIPS, 11)
    assert np.isnan(scores[0]).all() and full["predictions"][1][3] == "abcdefghijk"[scores[3].argmax()]
    assert full["reasons"][full["reason"][0]["0"]] == "broken False"
    assert full["replies"][full["reply"][0][1]] == "so it is" and full["reply"][0][0] == -1
    assert full["cut"] == [[2], [2]]
    named = [full[column][1] for column in ("parsed", "exact", "substring")]
    assert named == [f"-{letter * (CLIPS - 2)}-" for letter in "b-c"]
    assert full["question"].startswith("Which emotion? anger, disgust")
    assert full["prompts"][0][1] == [0, -1, 1, -2, 2, -3] and full["texts"] == ["gap 0", "gap 1", "gap 2"]
    assert read(data / "answers/c001.js")["prompts"] is None, "frames alone, as the sampler takes them"
    assert full["metrics"][0]["values"]["all"]["id"] == "metric.c000.macro_f1"
    assert full["comparisons"][0]["comparison"] == "first" and read(data / "answers/c002.js")["comparisons"] == []


def test_without_leave_to_show_them_there_are_no_pictures_and_earlier_ones_are_deleted(study, tmp_path):
    data = write(study, tmp_path)
    assert len(list(data.rglob("*.webp"))) == PARTS + 2
    write(study, tmp_path, pictures=False)
    assert list(data.rglob("*.webp")) == []
    clips = read(data / DATASET / "clips.js")
    assert not clips["pictures"] and set(clips["thumb"]) == {None}
    assert all(detail["strip"] == [] for detail in read(data / DATASET / "0.js")["clips"])


def test_a_strip_holds_what_samplers_of_1_and_5_frames_a_second_take_and_never_too_many():
    times = np.arange(60) / 25
    assert strip_frames(times) == list(range(0, 60, 5))
    assert len(strip_frames(np.arange(1000) / 25)) == MOST
    assert strip_frames(np.array([0.0])) == [0]


def test_no_text_of_the_data_can_end_the_script_that_holds_it():
    assert "<" not in as_text({"reply": "</script><!-- \u2028"}) and json.loads(as_text("</script>")) == "</script>"


FIRST = {"study": "quick", "seed": 1, "datasets": [], "conditions": {"columns": ["condition"], "rows": []},
         "samplers": [], "claims": []}  # fmt: skip
NONE = pd.DataFrame(columns=list(EVIDENCE.columns))


def test_the_page_is_one_file_whose_policy_names_its_scripts_by_hash(tmp_path):
    source = ROOT / "explorer/index.html"
    parts = [str(p) for p in sorted(source.parent.iterdir()) if p != source]
    build(source, parts, start(FIRST, {}, NONE), tmp_path / "index.html")
    page = (tmp_path / "index.html").read_text()
    assert not re.search(r"<(script|img|link|iframe)[^>]* (src|href)=", page) and "innerHTML" not in page
    assert "unsafe" not in page and page.count("sha256-") == len(parts)
    assert "Its numbers mean nothing" in page


def test_parts_and_the_tags_that_name_them_must_match(tmp_path):
    (tmp_path / "a.js").write_text("1")
    (tmp_path / "index.html").write_text('<script src="b.js"></script>')
    with pytest.raises(StudyError, match=r"a\.js is not used|b\.js is not a part"):
        build(tmp_path / "index.html", [str(tmp_path / "a.js")], {}, tmp_path / "out.html")


def test_the_warnings_are_the_papers():
    paper = re.sub(r"\s+", " ", (ROOT / "paper/paper.typ").read_text())
    for study in ("quick", "paper-tiny", "broken"):
        assert f"{study}: [{start({**FIRST, 'study': study}, {}, NONE)['warning']}]" in paper


def test_sources_are_small_and_never_turn_data_into_markup():
    for path in (ROOT / "explorer").iterdir():
        text = path.read_text()
        assert len(text.splitlines()) < 400
        for word in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "http://", "fetch("):
            assert word not in text.replace("http://www.w3.org/2000/svg", ""), f"{path.name}: {word}"
