"""A recorded job: its command runs, its log is kept, and a record is written if and only if it succeeds."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from emovlm.core.answer_store import AnswerStore
from emovlm.core.errors import StudyError
from emovlm.core.hashing import sha256_bytes, sha256_file
from emovlm.core.job import Job
from emovlm.provenance.audit.record_fields import what_is_wrong
from emovlm.provenance.records.record import Places, datasets_in, job_of, read_record, seeds, write_record

ROOT = Path(__file__).resolve().parents[2]
READ = """
import json, sys
from pathlib import Path
job = json.loads(sys.stdin.read())
"""  # what the scripts of these tests begin with
COPY = READ + "Path(job['outputs']['text']).write_text(Path(job['inputs']['text']).read_text().upper())"
WRITE = READ + "Path(job['outputs']['text']).write_text('a')\n"


@pytest.fixture(params=["interpreter", "forked"])
def study(tmp_path, request, monkeypatch):
    """A folder with one input, a dataset elsewhere, and what the workflow tells its jobs.

    Scripts run in interpreters of their own, or in processes of a fork server, which ends with the test.
    """
    if request.param == "forked":
        run = subprocess.Popen(["sleep", "600"])
        request.addfinalizer(run.kill)
        monkeypatch.setenv("EMOVLM_SNAKEMAKE", str(run.pid))
    (tmp_path / "study/out").mkdir(parents=True)
    (tmp_path / "study/in.txt").write_text("faces")
    (tmp_path / "mafw").mkdir()
    (tmp_path / "mafw/00001.mp4").write_text("clip")
    shared = {
        "results": "out", "config": ["config/quick.yaml"],
        "environments": {"copy_text": "envs/data.yaml"},
        "datasets": {"mafw": {"folder": str(tmp_path / "mafw"), "licence": "MAFW"},
                     "synface": {"folder": "out/raw/synface", "licence": "CC0-1.0"}},
        "models": {},
    }  # fmt: skip
    return tmp_path / "study", shared


def description(script, **changes):
    """A job that copies a text, as its rule would describe it."""
    job = {
        "rule": "copy_text", "script": script, "code": "0123456789abcdef", "wildcards": {"text": "a"},
        "inputs": {"text": "in.txt"}, "outputs": {"text": "out/a.txt"}, "params": {}, **changes,
    }  # fmt: skip
    return json.dumps(job)


def start(study, code, environment=None, **changes):
    """Start the job of a script with the given code."""
    folder, shared = study
    (folder / "script.py").write_text(code)
    process = subprocess.Popen(
        [sys.executable, "-m", "emovlm.provenance.records.job", "--log", "out/logs/copy_text/a.log"],
        cwd=folder, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        env={**os.environ, "PYTHONPATH": str(ROOT / "src"), "EMOVLM_STUDY": json.dumps(shared), **(environment or {})},
    )  # fmt: skip
    process.stdin.write(description("script.py", **changes))
    process.stdin.close()
    return process


def run(study, code, environment=None, **changes):
    process = start(study, code, environment, **changes)
    said = process.stdout.read()
    return subprocess.CompletedProcess(process.args, process.wait(), said)


def test_a_job_that_succeeds_leaves_a_valid_record_of_what_it_read_and_wrote(study):
    folder, _ = study
    params = {"seed": 7, "inner": {"permutation_seed": 8, "size": 64}}
    done = run(study, COPY, params=params)
    assert done.returncode == 0, done.stdout
    record = read_record(folder / "out/provenance/jobs/copy_text/a.json")
    assert what_is_wrong(record) is None
    assert record["job"] == json.loads(description("script.py", params=params))
    assert job_of(record).name == "copy_text/a" and record["environment"]["file"] == "envs/data.yaml"
    assert record["inputs"] == [{"path": "in.txt", "sha256": sha256_bytes(b"faces"), "noted": False}]
    (output,) = record["outputs"]
    assert (output["path"], output["sha256"], output["bytes"]) == ("out/a.txt", sha256_bytes(b"FACES"), 5)
    assert record["seeds"] == {"seed": 7, "permutation_seed": 8}
    assert record["started"] <= record["ended"] == output["since"]
    assert record["environment"]["packages"]["numpy"] and record["peak_memory_bytes"] > 1e6
    assert record["environment"]["deployment"] in ("venv", "system")


def test_what_a_script_says_goes_to_the_terminal_and_into_the_log(study):
    done = run(study, "import sys; print('to out'); print('to err', file=sys.stderr); sys.exit(3)")
    assert done.returncode == 3
    log = (study[0] / "out/logs/copy_text/a.log").read_text()
    assert sorted(log.split("\n")[:2]) == ["to err", "to out"]
    assert "to out" in done.stdout and "to err" in done.stdout


def test_a_process_that_a_script_leaves_behind_keeps_nobody_waiting(study):
    code = (
        WRITE
        + """
import subprocess
left = subprocess.Popen(["sleep", "600"])
print("left behind:", left.pid)
"""
    )
    done = run(study, code)
    try:
        assert done.returncode == 0
        left = re.fullmatch(r"left behind: (\d+)\n", (study[0] / "out/logs/copy_text/a.log").read_text())
    finally:
        os.kill(int(left[1]), signal.SIGKILL)


@pytest.mark.parametrize("code", ["raise SystemExit(1)", "pass", "import os; os.kill(os.getpid(), 9)"])
def test_a_job_that_fails_or_does_not_write_its_output_leaves_no_record(study, code):
    folder, _ = study
    assert run(study, COPY).returncode == 0
    record = folder / "out/provenance/jobs/copy_text/a.json"
    assert record.is_file()
    (folder / "out/a.txt").unlink()
    done = run(study, code)
    assert done.returncode == {"pass": 0, "raise SystemExit(1)": 1}.get(code, 137)
    assert not record.exists()


def test_an_output_that_is_made_again_with_the_same_bytes_keeps_its_date(study):
    path = study[0] / "out/provenance/jobs/copy_text/a.json"
    run(study, COPY)
    first = read_record(path)
    run(study, COPY)
    second = read_record(path)
    assert second["started"] > first["ended"]
    assert second["outputs"][0]["since"] == first["outputs"][0]["since"]
    (study[0] / "in.txt").write_text("others")
    run(study, COPY)
    assert read_record(path)["outputs"][0]["since"] > second["ended"]


def test_since_is_kept_over_a_failure(study):
    path = study[0] / "out/provenance/jobs/copy_text/a.json"
    run(study, COPY)
    first = read_record(path)
    assert run(study, "raise SystemExit(1)").returncode == 1
    assert not path.exists()
    run(study, COPY)
    assert read_record(path)["outputs"][0]["since"] == first["outputs"][0]["since"]


def test_a_file_that_changes_while_it_is_read_fails_the_job(study):
    code = (
        WRITE
        + """
from emovlm.core import notes
notes.read("in.txt.2"); Path("in.txt.2").write_text("other")
"""
    )
    done = run(study, code)
    assert done.returncode == 1 and "in.txt.2 was changed while copy_text/a read it" in done.stdout
    assert not (study[0] / "out/provenance/jobs/copy_text/a.json").exists()


STORE = (
    READ
    + """
from emovlm.core.answer_store import AnswerStore
store, asked = AnswerStore("out/store.jsonl"), job["params"]["asked"]
for key in asked:
    if key not in store:
        store.add(key, key.upper())
Path("out/a.txt").write_text("".join(store[key] for key in asked))
"""
)


def test_an_answer_store_that_was_changed_is_not_gone_on_from(study):
    folder, _ = study
    store, answers = folder / "out/store.jsonl", folder / "out/a.txt"
    assert run(study, STORE, params={"asked": "abc"}).returncode == 0
    whole = store.read_bytes()
    run(study, STORE, params={"asked": "abcd"})  # goes on
    assert store.read_bytes().startswith(whole) and answers.read_text() == "ABCD"
    forged = AnswerStore(folder / "out/forged.jsonl")
    for key in "abcd":
        forged.add(key, "x")
    store.write_bytes((folder / "out/forged.jsonl").read_bytes())
    done = run(study, STORE, params={"asked": "abcd"})
    assert "out/store.jsonl: it was changed since it was written; everything is asked again" in done.stdout
    assert answers.read_text() == "ABCD"
    with open(store, "ab") as handle:  # what is added cannot speak for what was asked
        handle.write((folder / "out/forged.jsonl").read_bytes())
    run(study, STORE, params={"asked": "abcd"})
    assert answers.read_text() == "ABCD"


def test_noted_files_and_fetched_things_are_in_the_record(study):
    clip = study[1]["datasets"]["mafw"]["folder"] + "/00001.mp4"
    code = (
        WRITE
        + f"""
from emovlm.core import notes
Path("out/side.txt").write_text("b")
notes.read({clip!r}); notes.read({clip.replace("1.", "2.")!r}); notes.wrote("out/side.txt")
notes.fetched("hub:some/model", "commit:" + "a" * 40)
"""
    )
    assert run(study, code).returncode == 0
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
    done = run(study, COPY, {"API_KEY": "sk-secret-4711"}, params={"folder": mafw, "files": [f"{folder}/in.txt"]},
               inputs={"text": f"{folder}/in.txt", "clips": {"1": f"{mafw}/00001.mp4"}})  # fmt: skip
    assert done.returncode == 0, done.stdout
    text = (folder / "out/provenance/jobs/copy_text/a.json").read_text()
    assert "sk-secret-4711" not in text and str(folder.parent) not in text
    assert "<mafw>/00001.mp4" in text


def test_a_terminated_job_ends_its_script(study):
    folder, _ = study
    process = start(study, "import time, pathlib; pathlib.Path('out/begun').touch(); time.sleep(60)")
    while not (folder / "out/begun").exists() and process.poll() is None:
        time.sleep(0.02)
    process.send_signal(signal.SIGTERM)
    assert process.wait(10) == 128 + signal.SIGTERM
    assert not (folder / "out/provenance/jobs/copy_text/a.json").exists()


def test_what_is_no_description_is_said_in_a_sentence(study):
    for text, said in (("{", "is not JSON"), ("[]", "with the keys rule, script, code"),
                       (description("script.py", params=[]), "key params: not an object")):  # fmt: skip
        done = subprocess.run(
            [sys.executable, "-m", "emovlm.provenance.records.job", "--log", "out/log"], input=text, cwd=study[0],
            env={**os.environ, "PYTHONPATH": str(ROOT / "src"), "EMOVLM_STUDY": json.dumps(study[1])},
            text=True, capture_output=True, check=False,
        )  # fmt: skip
        assert done.returncode == 1 and done.stderr.startswith("error: ") and said in done.stderr
        assert done.stderr.count("\n") == 1


def test_every_byte_of_a_record_counts(tmp_path):
    path = tmp_path / "record.json"
    write_record({"version": 2, "job": {"rule": "ä"}, "outputs": []}, path)
    whole = path.read_bytes()
    assert read_record(path)["job"] == {"rule": "ä"}
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
    def named(rule, **wildcards):
        return Job(rule, "s.py", "0", wildcards, {}, {}, {}).name

    assert named("sample_frames", dataset="synface", sampler="fps5") == "sample_frames/synface/fps5"
    assert named("train_tower") == "train_tower"
    folds = [named("finetune_lora", system="x", replicate="1", fold=fold) for fold in ("", "/fold2")]
    assert folds == ["finetune_lora/x/1", "finetune_lora/x/1/fold2"]
    assert seeds({"seed": 1, "speed": 2, "deep": {"run_seed": 3}, "other_seed": "x"}) == {"seed": 1, "run_seed": 3}
    paths = ["results/manifests/synface.parquet", "<mafw>/clips/1.mp4", "results/tables/faces/x.csv"]
    assert datasets_in(paths, ["faces", "mafw", "synface", "dfew"]) == ["faces", "mafw", "synface"]
