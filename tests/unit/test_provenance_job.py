"""A recorded job: its command runs, its log is kept, and a record is written if and only if it succeeds."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from emovlm.core.answer_store import AnswerStore
from emovlm.core.errors import StudyError
from emovlm.core.hashing import sha256_bytes, sha256_file
from emovlm.provenance.audit.record_fields import what_is_wrong
from emovlm.provenance.records.job import job_name
from emovlm.provenance.records.record import Places, datasets_in, json_arguments, read_record, seeds, write_record

ROOT = Path(__file__).resolve().parents[2]
COPY = "import pathlib, sys; pathlib.Path(sys.argv[2]).write_text(pathlib.Path(sys.argv[1]).read_text().upper())"


@pytest.fixture
def study(tmp_path):
    """A folder with one input, a dataset elsewhere, and what the workflow tells its jobs."""
    (tmp_path / "study/out").mkdir(parents=True)
    (tmp_path / "study/in.txt").write_text("faces")
    (tmp_path / "mafw").mkdir()
    (tmp_path / "mafw/00001.mp4").write_text("clip")
    shared = {
        "results": "out", "logs": "out/logs", "config": ["config/quick.yaml"],
        "environments": {"copy_text": "envs/data.yaml"},
        "datasets": {"mafw": {"folder": str(tmp_path / "mafw"), "licence": "MAFW"},
                     "synface": {"folder": "out/raw/synface", "licence": "CC0-1.0"}},
    }  # fmt: skip
    return tmp_path / "study", shared


def run(study, *command, inputs=("in.txt",), outputs=("out/a.txt",), log="out/logs/copy_text/a.log", **environment):
    folder, shared = study
    return subprocess.run(
        [sys.executable, "-m", "emovlm.provenance.records.job", "--log", log, "--code", "0123456789abcdef",
         "--inputs", *inputs, "--outputs", *outputs, "--", sys.executable, *map(str, command)],
        cwd=folder, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT / "src"), "EMOVLM_STUDY": json.dumps(shared), **environment},
    )  # fmt: skip


def test_a_job_that_succeeds_leaves_a_valid_record_of_what_it_read_and_wrote(study):
    folder, _ = study
    params = json.dumps({"seed": 7, "inner": {"permutation_seed": 8, "size": 64}})
    done = run(study, "-c", COPY, "in.txt", "out/a.txt", params)
    assert done.returncode == 0, done.stdout
    record = read_record(folder / "out/provenance/jobs/copy_text/a.json")
    assert what_is_wrong(record) is None
    assert (record["job"], record["code"], record["environment"]["file"]) == (
        "copy_text/a", "0123456789abcdef", "envs/data.yaml",
    )  # fmt: skip
    assert record["inputs"] == [{"path": "in.txt", "sha256": sha256_bytes(b"faces"), "noted": False}]
    (output,) = record["outputs"]
    assert (output["path"], output["sha256"], output["bytes"]) == ("out/a.txt", sha256_bytes(b"FACES"), 5)
    assert record["seeds"] == {"seed": 7, "permutation_seed": 8}
    assert record["started"] <= record["ended"] == output["since"]
    assert record["environment"]["packages"]["numpy"] and record["peak_memory_bytes"] > 1e6
    assert record["environment"]["deployment"] in ("venv", "system")


def test_what_a_command_says_goes_to_the_terminal_and_into_the_log(study):
    done = run(study, "-c", "import sys; print('to out'); print('to err', file=sys.stderr); sys.exit(3)")
    assert done.returncode == 3
    log = (study[0] / "out/logs/copy_text/a.log").read_text()
    assert sorted(log.split("\n")[:2]) == ["to err", "to out"]
    assert "to out" in done.stdout and "to err" in done.stdout


@pytest.mark.parametrize("code", ["raise SystemExit(1)", "pass", "import os; os.kill(os.getpid(), 9)"])
def test_a_job_that_fails_or_does_not_write_its_output_leaves_no_record(study, code):
    folder, _ = study
    assert run(study, "-c", COPY, "in.txt", "out/a.txt").returncode == 0
    record = folder / "out/provenance/jobs/copy_text/a.json"
    assert record.is_file()
    (folder / "out/a.txt").unlink()
    done = run(study, "-c", code)
    assert done.returncode == {"pass": 0, "raise SystemExit(1)": 1}.get(code, 137)
    assert not record.exists()


def test_an_output_that_is_made_again_with_the_same_bytes_keeps_its_date(study):
    path = study[0] / "out/provenance/jobs/copy_text/a.json"
    run(study, "-c", COPY, "in.txt", "out/a.txt")
    first = read_record(path)
    run(study, "-c", COPY, "in.txt", "out/a.txt")
    second = read_record(path)
    assert second["started"] > first["ended"]
    assert second["outputs"][0]["since"] == first["outputs"][0]["since"]
    (study[0] / "in.txt").write_text("others")
    run(study, "-c", COPY, "in.txt", "out/a.txt")
    assert read_record(path)["outputs"][0]["since"] > second["ended"]


def test_since_is_kept_over_a_failure(study):
    path = study[0] / "out/provenance/jobs/copy_text/a.json"
    run(study, "-c", COPY, "in.txt", "out/a.txt")
    first = read_record(path)
    assert run(study, "-c", "raise SystemExit(1)").returncode == 1
    assert not path.exists()
    run(study, "-c", COPY, "in.txt", "out/a.txt")
    assert read_record(path)["outputs"][0]["since"] == first["outputs"][0]["since"]


def test_a_file_that_changes_while_it_is_read_fails_the_job(study):
    code = """
import pathlib
from emovlm.core import notes
notes.read("in.txt.2"); pathlib.Path("in.txt.2").write_text("other"); pathlib.Path("out/a.txt").write_text("a")
"""
    done = run(study, "-c", code)
    assert done.returncode == 1 and "in.txt.2 was changed while copy_text/a read it" in done.stdout
    assert not (study[0] / "out/provenance/jobs/copy_text/a.json").exists()


STORE = """
import pathlib, sys
from emovlm.core.answer_store import AnswerStore
store = AnswerStore("out/store.jsonl")
for key in sys.argv[1]:
    if key not in store:
        store.add(key, key.upper())
pathlib.Path("out/a.txt").write_text("".join(store[key] for key in sys.argv[1]))
"""


def test_an_answer_store_that_was_changed_is_not_gone_on_from(study):
    folder, _ = study
    store, answers = folder / "out/store.jsonl", folder / "out/a.txt"
    assert run(study, "-c", STORE, "abc").returncode == 0
    whole = store.read_bytes()
    run(study, "-c", STORE, "abcd")  # goes on
    assert store.read_bytes().startswith(whole) and answers.read_text() == "ABCD"
    forged = AnswerStore(folder / "out/forged.jsonl")
    for key in "abcd":
        forged.add(key, "x")
    store.write_bytes((folder / "out/forged.jsonl").read_bytes())
    done = run(study, "-c", STORE, "abcd")
    assert "out/store.jsonl: it was changed since it was written; everything is asked again" in done.stdout
    assert answers.read_text() == "ABCD"
    with open(store, "ab") as handle:  # what is added cannot speak for what was asked
        handle.write((folder / "out/forged.jsonl").read_bytes())
    run(study, "-c", STORE, "abcd")
    assert answers.read_text() == "ABCD"


def test_noted_files_and_fetched_things_are_in_the_record(study):
    clip = study[1]["datasets"]["mafw"]["folder"] + "/00001.mp4"
    code = f"""
import pathlib
from emovlm.core import notes
pathlib.Path("out/a.txt").write_text("a"); pathlib.Path("out/side.txt").write_text("b")
notes.read({clip!r}); notes.read({clip.replace("1.", "2.")!r}); notes.wrote("out/side.txt")
notes.fetched("hub:some/model", "commit:" + "a" * 40)
"""
    assert run(study, "-c", code).returncode == 0
    record = read_record(study[0] / "out/provenance/jobs/copy_text/a.json")
    assert {"path": "<mafw>/00001.mp4", "sha256": sha256_file(clip), "noted": True} in record["inputs"]
    assert {"path": "<mafw>/00002.mp4", "sha256": None, "noted": True} in record["inputs"]
    assert [(each["path"], each["noted"]) for each in record["outputs"]] == [
        ("out/a.txt", False),
        ("out/side.txt", True),
    ]
    assert record["fetched"] == [{"name": "hub:some/model", "pin": "commit:" + "a" * 40}]
    assert record["datasets"] == {"mafw": "MAFW"}


def test_no_secret_and_no_place_of_the_machine_is_in_a_record(study):
    folder, shared = study
    mafw = shared["datasets"]["mafw"]["folder"]
    done = run(study, "-c", COPY, "in.txt", "out/a.txt", "--folder", mafw, f"{folder}/in.txt", API_KEY="sk-secret-4711",
               inputs=("in.txt", f"{mafw}/00001.mp4"))  # fmt: skip
    assert done.returncode == 0, done.stdout
    text = (folder / "out/provenance/jobs/copy_text/a.json").read_text()
    assert "sk-secret-4711" not in text and str(folder.parent) not in text
    assert "<mafw>/00001.mp4" in text


def test_a_terminated_job_ends_its_command(study):
    folder, shared = study
    code = "import time, pathlib; pathlib.Path('out/begun').touch(); time.sleep(60); pathlib.Path('out/a.txt').touch()"
    process = subprocess.Popen(
        [sys.executable, "-m", "emovlm.provenance.records.job", "--log", "out/logs/copy_text/a.log", "--code", "0",
         "--outputs", "out/a.txt", "--", sys.executable, "-c", code],
        cwd=folder, env={**os.environ, "PYTHONPATH": str(ROOT / "src"), "EMOVLM_STUDY": json.dumps(shared)},
    )  # fmt: skip
    while not (folder / "out/begun").exists() and process.poll() is None:
        time.sleep(0.02)
    process.send_signal(signal.SIGTERM)
    assert process.wait(10) == 128 + signal.SIGTERM
    assert not (folder / "out/provenance/jobs/copy_text/a.json").exists()


def test_every_byte_of_a_record_counts(tmp_path):
    path = tmp_path / "record.json"
    write_record({"version": 1, "command": ["python", "ä"], "outputs": []}, path)
    whole = path.read_bytes()
    assert read_record(path)["command"] == ["python", "ä"]
    for i in range(len(whole)):
        path.write_bytes(whole[:i] + bytes([whole[i] ^ 1]) + whole[i + 1 :])
        with pytest.raises(StudyError, match="was changed after it was written"):
            read_record(path)


def test_paths_are_written_without_the_machine_and_read_back(tmp_path):
    places = Places(tmp_path / "study", {"mafw": str(tmp_path / "data/mafw"), "synface": "out/raw/synface"})
    clip = tmp_path / "data/mafw/data/clips/1.mp4"
    assert places.portable(clip) == "<mafw>/data/clips/1.mp4"
    assert places.local("<mafw>/data/clips/1.mp4") == str(clip)
    assert places.portable("out/raw/synface/a.mp4") == places.portable(tmp_path / "study/out/raw/synface/a.mp4")
    assert places.local("out/raw/synface/a.mp4") == "out/raw/synface/a.mp4"
    assert places.portable(tmp_path / "data/mafw") == "<mafw>"
    assert places.portable("/somewhere/private/weights.bin") == "<elsewhere>/weights.bin"
    assert places.clean(f"--folder={tmp_path}/data/mafw") == "--folder=<mafw>"
    both = Places(tmp_path / "study", {"maf": "/data/maf", "mafw": "/data/mafw", "inner": "/data/mafw/inner"})
    assert both.clean("/data/mafw/x /data/maf/x /data/mafw/inner/x") == "<mafw>/x <maf>/x <inner>/x"
    assert both.portable("/data/mafw/inner/x") == "<inner>/x"
    assert both.clean(f"{tmp_path}/study/x {tmp_path}/study2/x {tmp_path}/study") == f"x {tmp_path}/study2/x ."
    assert Places(tmp_path / "study", {"beside": "../beside"}).portable("../beside/x") == "<beside>/x"


def test_a_job_is_called_by_its_rule_and_wildcards():
    assert job_name("results/logs/sample_frames/synface/fps5.log", "results/logs") == "sample_frames/synface/fps5"
    assert job_name("results/logs/train_tower.log", "results/logs") == "train_tower"
    command = ["python", "--params", '{"seed": 1, "speed": 2, "deep": {"run_seed": 3}}', "{not json", "seed"]
    assert seeds(command) == {"seed": 1, "run_seed": 3}
    assert [option for option, _ in json_arguments(command)] == ["--params"]
    paths = ["results/manifests/synface.parquet", "<mafw>/clips/1.mp4", "results/tables/faces/x.csv"]
    assert datasets_in(paths, ["faces", "mafw", "synface", "dfew"]) == ["faces", "mafw", "synface"]
