"""Records, tables and pages made by someone else: they end in a finding, read nothing outside, and stay data."""

import io
import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest
from pypdf import PdfReader

from emovlm.core.errors import StudyError
from emovlm.core.files import as_cell, write_json
from emovlm.core.harmless import harmless
from emovlm.core.hashing import sha256_bytes
from emovlm.core.job import Job
from emovlm.provenance.audit.record_fields import what_is_wrong
from emovlm.provenance.planned_jobs import latest_overrides, read_plan
from emovlm.provenance.records.record import FOLDER, read_record, record_path, write_record
from emovlm.report.explorer_data import as_text
from emovlm.report.inline_page import inline_page
from emovlm.report.typeset import compile_staged
from tests.faults.test_hostile import BIDI, FORMULA, MARKUP, SCRIPT, Parsed
from tests.project import RESULTS, ROOT, Project
from tests.unit.evaluated import environment

QUICK = ["config/quick.yaml"]
NOW = "2026-01-01T00:00:00.000Z"


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    """A copy of the project without results, and what its quick study consists of."""
    project = Project(tmp_path_factory.mktemp("study") / "emovlm")
    before = os.getcwd()
    os.chdir(project.path)
    try:
        return project.path, read_plan(".", QUICK)
    finally:
        os.chdir(before)


def record(described: Job, /, **changes: object) -> dict:
    """A record of a job as the audit accepts it, but for the changes."""
    outputs = [{"path": "results/quick/x", "sha256": "0" * 64, "bytes": 1, "since": NOW, "noted": False}]
    machine = {"host": "h", "system": "s", "processor": None, "cores": 1, "memory_bytes": 1, "accelerators": [],
               "slurm_job": None}  # fmt: skip
    return {
        "version": 2, "job": described.as_dict(), "config": QUICK, "seeds": {}, "inputs": [], "outputs": outputs,
        "fetched": [], "datasets": {}, "git": None, "machine": machine, "started": NOW, "ended": NOW, "seconds": 1.0,
        "environment": {"file": "envs/study.yaml", "deployment": "system", "python": "3", "packages": {}},
        "cpu_seconds": 1.0, "peak_memory_bytes": 1, "digest": "0" * 64, **changes,
    }  # fmt: skip


def command(*arguments: object, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "emovlm.cli", *map(str, arguments), "--configfile", *QUICK],
        cwd=cwd, env=environment(), text=True, capture_output=True, timeout=300, check=False,
    )  # fmt: skip


def file_at(path: str) -> dict:
    return {"path": path, "sha256": "0" * 64, "noted": True}


FORGED = {
    "climbs": {"inputs": [file_at("../secret.csv")]},
    "climbs after a new line": {"inputs": [file_at("x\n/../../secret.csv")]},
    "absolute": {"inputs": [file_at("/etc/passwd")]},
    "a zero byte": {"inputs": [file_at("a\0b")]},
    "a configuration elsewhere": {"config": ["../secret.csv"]},
    "a huge number": {"peak_memory_bytes": 10**400},
    "endless": {"seconds": float("inf")},
    "no number": {"seconds": float("nan")},
    "no time": {"ended": 5},
    "another key": {"\x1b[2J": 1},
    "a list": {"job": []},
}


@pytest.fixture(scope="module")
def attacked(study):
    """The study with hostile records and values, and what the commands say of it."""
    path, plan = study
    jobs = list(plan.jobs.values())
    secret = path.parent / "secret.csv"
    secret.write_text("key,told\nsecret,the password is swordfish\n")
    (path / "x\n").mkdir()
    forged = dict(zip(FORGED, jobs, strict=False))
    for name, job in forged.items():
        write_record(record(job, **FORGED[name]), path / record_path(RESULTS, job.name))
    folder = path / RESULTS / FOLDER
    os.mkfifo(folder / "pipe.json")
    (folder / "zero.json").symlink_to("/dev/zero")
    (folder / "deep.json").write_bytes(sealed(b"[" * 100_000))
    (folder / "array.json").write_bytes(sealed(b"[]"))
    (folder / "text.json").write_bytes(b"\xff\xfe not JSON")
    fine = jobs[len(FORGED)]
    loud = {**record(fine)["machine"], "system": f"[/dim]{MARKUP}\x1b]0;owned\x07{BIDI}"}
    os.mkfifo(path / RESULTS / "pipe")
    read = [file_at(f"{RESULTS}/pipe"), file_at(f"{RESULTS}/zero"), file_at("<synface>/x")]
    (path / RESULTS / "zero").symlink_to("/dev/zero")
    write_record(record(fine, machine=loud, inputs=read), path / record_path(RESULTS, fine.name))
    (path / RESULTS / "linked.csv").symlink_to(secret)
    entry = {"value": 1, "low": None, "high": None, "n": 1, "unit": "x", "text": f"1{MARKUP}\x1b[2J"}
    sources = {"absolute": f"{secret}: secret", "climbs": "../../../secret.csv: secret", "linked": "linked.csv: secret"}
    write_json(path / RESULTS / "values.json", {n: {**entry, "source": s} for n, s in sources.items()})
    began = time.monotonic()
    audited = command("audit", cwd=path)
    assert time.monotonic() - began < 200
    return path, plan, forged, audited, {name: command("explain", name, cwd=path) for name in sources}


def sealed(content: bytes) -> bytes:
    """A text with the right digest in it, whatever else it is."""
    blank = content + b'\n "digest": "' + b"0" * 64 + b'"'
    return blank.replace(b"0" * 64, sha256_bytes(blank).encode())


def test_the_audit_of_hostile_records_ends_in_findings(attacked):
    path, _, forged, audited, _ = attacked
    assert audited.returncode == 1 and "Traceback" not in audited.stderr, audited.stderr[-2000:]
    assert "first broken link" in audited.stdout and "swordfish" not in audited.stdout + audited.stderr
    done = command("audit", "--json", cwd=path)
    found = {each["path"] for each in json.loads(done.stdout)["findings"] if each["kind"] == "forged"}
    assert {str(record_path(RESULTS, job.name)) for job in forged.values()} <= found
    assert {f"{RESULTS}/{FOLDER}/{n}.json" for n in ("pipe", "zero", "deep", "array", "text")} <= found


def test_nothing_that_a_record_says_is_obeyed_by_the_terminal(attacked):
    said = attacked[3].stdout
    assert "\x1b" not in said and harmless(said) == said and f"[/dim]{MARKUP}" in said


@pytest.mark.parametrize("name", FORGED)
def test_each_forged_field_is_named(study, tmp_path, name):
    job = next(iter(study[1].jobs.values()))
    assert what_is_wrong(record(job)) is None
    write_record(record(job, **FORGED[name]), tmp_path / "a.json")
    assert what_is_wrong(read_record(tmp_path / "a.json"))


def test_the_configuration_of_a_forged_record_is_not_opened(attacked, monkeypatch):
    monkeypatch.chdir(attacked[0])
    assert "../secret.csv" not in latest_overrides(".")


@pytest.mark.parametrize("name", ["absolute", "climbs", "linked"])
def test_a_value_whose_source_lies_outside_shows_nothing_of_it(attacked, name):
    done = attacked[4][name]
    assert done.returncode == 0, done.stderr[-2000:]
    assert "swordfish" not in done.stdout and "\x1b" not in done.stdout and f"{name} = 1" in done.stdout


def test_a_text_with_a_right_digest_that_is_no_record_is_refused(tmp_path):
    for content in (b"[" * 100_000, b"{", b"\xff"):
        (tmp_path / "a.json").write_bytes(sealed(content))
        with pytest.raises(StudyError, match=r"a\.json: the record "):
            read_record(tmp_path / "a.json")


# --- pages and paper --------------------------------------------------------------------------------------------
HOSTILE = [MARKUP, SCRIPT, FORMULA, BIDI, "<!-- policy -->", "<!-- data -->", "\u2028", '"};alert(1);//', "]]>", "\0"]


def test_data_of_the_explorer_stay_data():
    page = ROOT / "explorer/index.html"
    parts = sorted(p for p in page.parent.iterdir() if p != page)
    first = {text: [text, {"reply": text}] for text in HOSTILE}
    made = inline_page(page, parts, first, pictures="data:")
    assert json.loads(re.search(r'id="first">(.*?)</script>', made, re.S)[1]) == first
    plain = inline_page(page, parts, {}, pictures="data:")
    assert Parsed(made).elements == Parsed(plain).elements and Parsed(made).comments == Parsed(plain).comments
    assert "<" not in as_text(first)


def test_texts_of_the_data_are_no_code_of_the_paper(tmp_path):
    texts = ['#read("/etc/passwd")', "$ x $", '#import "x"', "*bold* _it_ `raw` <label> @ref", '"); panic("x"', MARKUP]
    for source in (ROOT / "paper").rglob("*.typ"):
        assert not re.search(r"\beval\(", source.read_text()), f"{source}: it would run its data"
    (tmp_path / "paper").mkdir()
    write_json(tmp_path / "inputs/values.json", texts)
    (tmp_path / "paper/paper.typ").write_text('#for text in json("/inputs/values.json") [#text \\ ]')
    shown = "".join(page.extract_text() for page in PdfReader(io.BytesIO(compile_staged(tmp_path, "paper.typ"))).pages)
    for text in (texts[0], texts[2], "*bold* _it_ `raw` <label> @ref"):
        assert text in shown and "root:" not in shown
    for attack in ('#read("../../../../../../etc/passwd")', '#read("/../../etc/passwd")', '#import "@preview/x:0.0.1"'):
        (tmp_path / "paper/paper.typ").write_text(attack)
        with pytest.raises(StudyError, match=r"Typst could not set paper\.typ"):
            compile_staged(tmp_path, "paper.typ")


@pytest.mark.parametrize("text", [FORMULA, "+1", "-1+cmd|' /C calc'!A0", "@SUM(1)", "\t=1", "\r=1", "'=1", "''=1"])
def test_a_cell_is_never_a_formula(text):
    assert as_cell(text).startswith("'")
