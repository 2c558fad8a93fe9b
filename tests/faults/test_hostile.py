"""Files made to do harm: configurations, folders, names, stores. Each is the real attack; none gets through."""

import csv
import io
import json
import os
import re
import resource
import shutil
import stat
import struct
import subprocess
import sys
import time
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from emovlm.core.errors import StudyError
from emovlm.core.harmless import harmless
from emovlm.core.tables import read_cells, read_yaml
from emovlm.datasets.manifest import make_manifest
from emovlm.frames.store import FrameStore, SoundStore
from emovlm.standalone.given_data import read_data
from emovlm.synface.face.rig import load_rig
from tests.project import ROOT
from tests.tiny_models.classifiers import save_classifier
from tests.unit.evaluated import command_here, environment, make_clips

MARKUP = '<img src=x onerror="alert(1)">'
SCRIPT = "</script><script>alert(1)</script><!--"
FORMULA = '=HYPERLINK("http://evil.example","click")'
BIDI = "\u202egpj.\u2066\u200f"


# --- YAML -------------------------------------------------------------------------------------------------------
def laughs(lines: int, of: str) -> str:
    return "".join(f"a{i}: &a{i} {of.replace('?', f'*a{i - 1}')}\n" for i in range(1, lines))


YAML = {
    "runs a command": "a: !!python/object/apply:os.system ['touch harm']",
    "a new object": "a: !!python/object/new:os.system ['touch harm']",
    "a module": "a: !!python/module:antigravity",
    "a billion laughs": "a0: &a0 [lol]\n" + laughs(12, "[?, ?, ?, ?, ?, ?, ?, ?, ?, ?]"),
    "merges": "a0: &a0 {x: 1}\n" + laughs(40, "{<<: [?, ?]}"),
    "itself": "a: &a [*a]",
    "deep": "[" * 100_000,
    "many digits": "a: " + "9" * 5000,
    "no date": "a: 2020-13-45",
    "no key": "? {a: 1}\n: 2",
}  # fmt: skip


@pytest.mark.parametrize("attack", YAML)
@pytest.mark.parametrize("file", ["config.yaml", "claims.yaml"])
def test_yaml_that_runs_code_or_grows_without_end_is_refused(tmp_path, monkeypatch, file, attack):
    monkeypatch.chdir(tmp_path)
    Path(file).write_text(YAML[attack])
    began = time.monotonic()
    with pytest.raises(StudyError, match=rf"^{file}: not valid YAML"):
        read_yaml(file)
    assert time.monotonic() - began < 5 and os.listdir() == [file]


def test_a_command_refuses_such_a_configuration_within_bounded_memory(tmp_path):
    for name in ("runs a command", "merges"):
        (tmp_path / "config.yaml").write_text(YAML[name])
        done = subprocess.run(
            [sys.executable, "-m", "emovlm.cli", "audit"], cwd=tmp_path, env=environment(), text=True,
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_DATA, (2 * 10**9,) * 2), capture_output=True,
        )  # fmt: skip
        assert done.returncode == 1 and done.stderr.startswith("error: config.yaml: not valid YAML")
        assert os.listdir(tmp_path) == ["config.yaml"] and "Traceback" not in done.stderr


def test_aliases_within_reason_are_read(tmp_path):
    (tmp_path / "a.yaml").write_text("a: &a {x: 1}\nb: {<<: *a, y: [*a, *a]}\n")
    assert read_yaml(tmp_path / "a.yaml")["b"] == {"x": 1, "y": [{"x": 1}, {"x": 1}]}


def test_a_cell_without_end_is_refused(tmp_path):
    (tmp_path / "a.tsv").write_text("a\tb\n" + "x" * 10**6 + "\ty\n")
    with pytest.raises(StudyError, match=r"a\.tsv, line .*not a table"):
        read_cells(tmp_path / "a.tsv")


# --- stores and archives ----------------------------------------------------------------------------------------
def store(path: Path, header: object, body: bytes = bytes(12), length: int | None = None) -> Path:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text) if length is None else length) + text + body)
    return path


def entry(kind: str = "U8", shape: tuple[int, ...] = (1, 2, 2, 3), offsets: tuple[int, int] = (0, 12)) -> dict:
    return {"dtype": kind, "shape": shape, "data_offsets": offsets}


LIES = {
    "2**63 bytes": ({"d/a": entry()}, 2**63),
    "2**64 - 1 bytes": ({"d/a": entry()}, 2**64 - 1),
    "100 MB that are not there": ({"d/a": entry()}, 10**8),
    "not JSON": (b"hello world", None),
    "nested": (b'{"d/a":' + b"[" * 100_000, None),
    "beyond the end": ({"d/a": entry(shape=(10**12, 2, 2, 3), offsets=(0, 12 * 10**12))}, None),
    "overlapping": ({"d/a": entry(), "d/b": entry()}, None),
    "negative": ({"d/a": entry(offsets=(-1, 11))}, None),
    "overflow": ({"d/a": entry(shape=(2**62, 4, 1, 3))}, None),
    "nothing, and huge": ({"d/a": entry(shape=(0, 2**40, 2**40, 3), offsets=(0, 0))}, None),
    "floats": ({"d/a": entry("F32", (1, 1, 1, 3))}, None),
    "half floats": ({"d/a": entry("BF16", (1, 2, 1, 3))}, None),
    "four bits": ({"d/a": entry("F4", (1, 2, 4, 3))}, None),
    "no such type": ({"d/a": entry("Q8")}, None),
    "a number": ({"d/a": entry("U8", (), (0, 1))}, None),
    "bytes": ({"d/a": entry("U8", (12,))}, None),
    "an encoding that is none": ({"__metadata__": {"encoding": "../../x"}, "d/a": entry()}, None),
    "a coded clip that is none": ({"__metadata__": {"encoding": "h264"}, "d/a": entry()}, None),
}


@pytest.mark.parametrize("lie", LIES)
def test_a_frame_store_whose_header_lies_is_refused(tmp_path, lie):
    header, length = LIES[lie]
    empty = lie == "nothing, and huge"
    path = store(tmp_path / "0.safetensors", header, b"" if empty else bytes(1 if lie == "a number" else 12), length)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(StudyError, match=r"0\.safetensors: "):
        FrameStore([path]).frames("d/a", [0])
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 2**17  # KiB
    with pytest.raises(StudyError, match=r"0\.safetensors: "):
        SoundStore([path]).waveform("d/a")


def test_a_rig_that_holds_a_pickle_is_not_unpickled(tmp_path):
    class Bomb:
        def __reduce__(self):
            return os.mkdir, (str(tmp_path / "harm"),)

    np.savez(tmp_path / "rig.npz", base=np.array([Bomb()], object))
    with pytest.raises(StudyError, match="not a readable face rig"):
        load_rig(tmp_path / "rig.npz")
    assert not (tmp_path / "harm").exists()


def test_no_archive_is_ever_unpacked_to_a_folder():
    """Members are read by name (``frequency.packages``, ``synface.face``), so where a name leads does not matter."""
    for path in [*(ROOT / "src").rglob("*.py"), *(ROOT / "workflow").rglob("*.py"), ROOT / "Snakefile"]:
        text = path.read_text()
        for word in ("extractall(", ".extract(", "unpack_archive(", "import tarfile", "pickle.load", "yaml.load(text"):
            assert word not in text, f"{path}: {word}"


# --- folders of clips -------------------------------------------------------------------------------------------
NAMES = ["a\nb.mp4", "a\tb.mp4", "it's \"q\".mp4", "$(touch harm).mp4", "`touch harm`.mp4", "-rf.mp4", "--help.mp4",
         "; touch harm #.mp4", "x" * 251 + ".mp4", f"{BIDI}.mp4", f"{MARKUP}.mp4", '=HYPERLINK("x","y").mp4', "@a.mp4",
         "%s{0}{clip}.mp4", "*.mp4", "~.mp4", " .mp4", "<script>alert(1)<.mp4", "[bold]x[]].mp4", "🙂.mp4"]  # fmt: skip
ODD = {"pipe.mp4": "neither a file nor a folder", "folder.mp4": "no images", "empty.mp4": "empty",
       "device.mp4": "neither a file nor a folder", "gone.mp4": "missing", "inner.mp4": "neither",
       f"failed {MARKUP}.mp4": "empty"}  # fmt: skip


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """Clips with odd names and odd things called clips, a classifier, and an evaluation of it."""
    place = tmp_path_factory.mktemp("hostile")
    folder = make_clips(place / "clips", labels=("happy", "sad"), n=1, frames=4)
    for name in NAMES:
        shutil.copyfile(folder / "sad/0.mp4", folder / "happy" / name)
    os.mkfifo(folder / "happy/pipe.mp4")
    (folder / "happy/folder.mp4").mkdir()
    (folder / "happy/empty.mp4").touch()
    (folder / f"happy/failed {MARKUP}.mp4").touch()
    (folder / "happy/gone.mp4").symlink_to("nowhere.mp4")
    (folder / "happy/inner.mp4").symlink_to("pipe.mp4")
    try:
        os.mknod(folder / "happy/device.mp4", stat.S_IFCHR | 0o666, os.makedev(1, 5))  # /dev/zero
    except PermissionError:
        os.mkfifo(folder / "happy/device.mp4")
    save_classifier("vit", place / "vit", labels=("happy", "sad"))
    before = sorted(path for path in place.rglob("*"))
    began = time.monotonic()
    done = command_here("evaluate", place / "vit", folder, "--out", place / "out", "--size", 32, "--resamples", 20,
                        cwd=place)  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert time.monotonic() - began < 55  # of which no clip may take the 60 s that are allowed for one
    assert sorted(p for p in place.rglob("*") if (place / "out") not in (p, *p.parents)) == before
    return place, done


def test_every_odd_name_is_a_clip_and_every_odd_thing_a_failed_one(place):
    answers = pd.read_parquet(place[0] / "out/answers.parquet").set_index("clip_id")
    for name in NAMES:
        assert answers.loc[f"clips/happy/{name.removesuffix('.mp4')}", "status"] == "ok", name
    for name, reason in ODD.items():
        row = answers.loc[f"clips/happy/{name.removesuffix('.mp4')}"]
        assert row["status"] == "failed" and reason in row["reason"], name
    assert len(answers) == len(NAMES) + len(ODD) + 2


class Parsed(HTMLParser):
    """The elements and attributes of a page, and what its script elements hold."""

    def __init__(self, page: str):
        super().__init__()
        self.elements: list[tuple[str, frozenset[str]]] = []
        self.comments: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        self.elements.append((tag, frozenset(name for name, _ in attributes)))

    def handle_comment(self, data):
        self.comments.append(data)


def test_no_element_and_no_attribute_of_the_page_comes_from_the_data(place):
    page = (place[0] / "out/index.html").read_text()
    held = json.loads(re.search(r'<script type="application/json" id="first">(.*?)</script>', page, re.S)[1])
    assert MARKUP in json.dumps(held, ensure_ascii=False).replace('\\"', '"')  # it is there, as data
    kinds = Parsed((ROOT / "src/emovlm/standalone/page/page.html").read_text()).elements
    allowed = {*kinds, ("meta", frozenset({"http-equiv", "content"})), ("style", frozenset()), ("script", frozenset()),
               ("script", frozenset({"type", "id"}))}  # fmt: skip
    found = Parsed(page)
    assert {*found.elements} <= allowed and len(found.elements) <= len(kinds) + 3 and not found.comments


def test_no_cell_of_a_table_is_a_formula(place):
    for path in (place[0] / "out").glob("*.csv"):
        for row in csv.reader(io.StringIO(path.read_text())):
            for cell in row:
                assert not cell.startswith(("=", "+", "-", "@", "\t", "\r")) or re.fullmatch(r"-?[\d.e-]+", cell), cell


def test_the_terminal_is_told_no_control_characters(place):
    said = place[1].stdout + place[1].stderr
    assert harmless(said) == said and "Traceback" not in said


def test_labels_of_a_table_are_data_wherever_they_go(tmp_path, place):
    """In the page, the tables and on the terminal, which takes square brackets for its own markup."""
    labels = [SCRIPT, FORMULA, f"[/red]{MARKUP}[link=x]", f"-1+1|cmd{BIDI}"]
    folder = tmp_path / "clips"
    folder.mkdir()
    with open(folder / "annotations.csv", "w", newline="") as handle:
        rows = csv.writer(handle)
        rows.writerow(["path", "label", "identity"])
        for number, label in enumerate(labels):
            shutil.copyfile(place[0] / "clips/sad/0.mp4", folder / f"{number}.mp4")
            rows.writerow([f"{number}.mp4", label, FORMULA])
    model = save_classifier("vit", tmp_path / "vit", labels=tuple(labels)) or tmp_path / "vit"
    done = command_here("evaluate", model, folder, "--out", tmp_path / "out", "--size", 32, "--resamples", 20,
                        cwd=tmp_path)  # fmt: skip
    assert done.returncode == 0, done.stderr
    found = Parsed((tmp_path / "out/index.html").read_text())
    assert {*found.elements} == {*Parsed((place[0] / "out/index.html").read_text()).elements} and not found.comments
    cells = [cell for row in csv.reader(io.StringIO((tmp_path / "out/per_class.csv").read_text())) for cell in row]
    assert f"'{FORMULA}" in cells and FORMULA not in cells
    assert "\x1b" not in done.stdout + done.stderr


@pytest.mark.parametrize(
    ("name", "said"),
    [
        (b"\xff\xfe.mp4", r"the name happy/\\udcff\\udcfe\.mp4 is not UTF-8; rename the file"),
        (b"a\x1b]0;owned\x07.mp4", "has control characters; rename the file or its folder"),
        (b"\x7f.mp4", "has control characters"),
    ],
)
def test_a_name_that_is_no_text_is_refused_by_name(tmp_path, name, said):
    for label in ("happy", "sad"):
        (tmp_path / label).mkdir()
        (tmp_path / label / "0.mp4").touch()
    Path(os.fsdecode(os.fsencode(tmp_path / "happy") + b"/" + name)).touch()
    with pytest.raises(StudyError, match=said):
        read_data(tmp_path)
    words = {"happy": "happy", "sad": "sad"}
    with pytest.raises(StudyError, match=said):
        make_manifest({"dataset": "d", "kind": "classes", "words": words}, tmp_path)


def test_a_folder_or_a_label_that_is_no_text_is_refused(tmp_path):
    folder = Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff"))
    (folder / "happy").mkdir(parents=True)
    (folder / "happy/0.mp4").touch()
    done = command_here("evaluate", "model", folder, "--out", tmp_path / "out", cwd=tmp_path)
    assert done.returncode == 1 and "the folder's name is not UTF-8" in done.stderr
    (tmp_path / "annotations.csv").write_text("path,label\na.mp4,sad\nb.mp4,\x1b[2Jhappy\n")
    with pytest.raises(StudyError, match=r"annotations\.csv, line 3: the label or the identity has control characters"):
        read_data(tmp_path)
    (tmp_path / "annotations.csv").write_text("path,label\n" + "x" * 10**6 + ",sad\n")
    with pytest.raises(StudyError, match=r"annotations\.csv, line "):
        read_data(tmp_path)
    (tmp_path / "annotations.csv").write_text("path,label\n" + "x" * 300 + ".mp4,sad\nb.mp4,happy\n")
    save_classifier("vit", tmp_path / "vit", labels=("happy", "sad"))
    make_clips(tmp_path, labels=("made",), n=1, frames=4)
    (tmp_path / "made/0.mp4").rename(tmp_path / "b.mp4")
    done = command_here("evaluate", tmp_path / "vit", tmp_path, "--out", tmp_path / "out", "--size", 32, cwd=tmp_path)
    assert done.returncode == 0 and "the file cannot be looked at (File name too long)" in done.stderr


@pytest.mark.parametrize("target", ["/dev/zero", "/etc/passwd", "/proc/self/mem", "../../outside.mp4"])
def test_a_link_out_of_the_folder_stops_everything_before_it_is_opened(tmp_path, target):
    folder = tmp_path / "in/clips"
    (tmp_path / "outside.mp4").touch()
    for label in ("happy", "sad"):
        (folder / label).mkdir(parents=True)
        (folder / label / "0.mp4").touch()
    (folder / "happy/clip.mp4").symlink_to(target)
    done = command_here("evaluate", "model", folder, "--out", tmp_path / "out", cwd=tmp_path)
    assert done.returncode == 1 and "is not inside the dataset's folder" in done.stderr
    assert done.stderr.count("\n") == 1 and not (tmp_path / "out").exists()


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads every file")
def test_a_clip_that_may_not_be_read_is_a_failed_one(tmp_path):
    folder = make_clips(tmp_path / "clips", labels=("happy", "sad"), n=1, frames=4)
    (folder / "sad/0.mp4").chmod(0)
    save_classifier("vit", tmp_path / "vit", labels=("happy", "sad"))
    done = command_here("evaluate", tmp_path / "vit", folder, "--out", tmp_path / "out", "--size", 32, cwd=tmp_path)
    assert done.returncode == 0 and "clips/sad/0: " in done.stderr
