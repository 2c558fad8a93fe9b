"""The quick study killed at 40 random moments: in the end it is what an undisturbed run makes, byte for byte."""

import json
import os
import random
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from emovlm.core.files import UNFINISHED
from emovlm.core.hashing import sha256_file, sha256_json
from emovlm.provenance.records.record import rule_of
from emovlm.provenance.resume import is_job, is_snakemake, processes
from tests.project import RESULTS, Project

pytestmark = pytest.mark.whole_study
KILLS = int(os.environ.get("EMOVLM_KILLS", "40"))
SHORTEST_S, LONGEST_S = 5, 30  # a run starts its first job after about 4 s; training takes 15 s
FINAL = ("tables/*.csv", "values.json", "answers/*.parquet", "texts/**/*.parquet", "models/*/*/*.safetensors",
         "lexicon/*.csv", "figures/*.pdf")  # fmt: skip


def made(project: Project) -> dict[str, str]:
    """Hash of each table, answer, model and figure, by path."""
    root = project.path / RESULTS
    return {str(path.relative_to(root)): sha256_file(path) for kind in FINAL for path in sorted(root.glob(kind))}


def resume_until(project: Project, seconds: float | None) -> tuple[int, str]:
    """Go on with the study; after so many seconds, kill all its processes. Exit status, and what was printed."""
    command = [sys.executable, "-m", "emovlm.cli", "resume", "--", "--cores", "2", *project.options]
    log = project.path.with_suffix(".log")
    with log.open("w") as out:
        run = subprocess.Popen(command, cwd=project.path, stdout=out, stderr=subprocess.STDOUT, start_new_session=True)
    try:
        run.wait(seconds)
    except subprocess.TimeoutExpired:
        os.killpg(run.pid, signal.SIGKILL)
        run.wait()
    return run.returncode, log.read_text(errors="replace")


def running(log: str) -> set[str]:
    """Rules of the jobs that had started, and had not ended, when a run was killed."""
    rule, started = "", {}
    for line in log.splitlines():
        if line.startswith(("rule ", "localrule ")):
            rule = line.split()[1].rstrip(":")
        elif line.startswith("    jobid: "):
            started[line.split()[1]] = rule
        elif line.startswith("Finished jobid: "):
            started.pop(line.split()[2], None)
    return set(started.values())


@pytest.fixture(scope="module")
def survived(tmp_path_factory: pytest.TempPathFactory):
    """Studies that ended after kills, and how often a job of each rule was running at a kill."""
    draw = random.Random(19)
    finished, hit, kills = [], Counter(), 0
    while kills < KILLS:
        project = Project(tmp_path_factory.mktemp("killed") / "emovlm")
        while True:
            seconds = draw.uniform(SHORTEST_S, LONGEST_S) if kills < KILLS else None
            status, log = resume_until(project, seconds)
            if status == 0:
                break
            assert status == -signal.SIGKILL, log[-4000:]
            kills += 1
            hit.update(running(log))
        finished.append(project)
    print(f"{kills} kills in {len(finished)} studies; jobs that ran at a kill: {dict(hit.most_common())}")
    return finished, hit


def test_kills_hit_many_stages(survived):
    _, hit = survived
    assert len(hit) >= min(8, KILLS // 4), hit


def test_what_is_made_is_what_an_undisturbed_run_makes(survived, project):
    expected = made(project)
    assert {Path(name).parts[0] for name in expected} == {kind.split("/")[0] for kind in FINAL}
    for killed in survived[0]:
        assert made(killed) == expected


def test_no_clip_was_asked_twice(survived, project):
    for killed in survived[0]:
        for store in (killed.path / RESULTS).rglob("store/*.jsonl"):
            keys = Counter(key for line in store.read_text().splitlines() if (key := _key(line)))
            assert keys and max(keys.values()) == 1, store


def _key(line: str) -> str | None:
    """Key of an answer that was kept whole."""
    try:
        entry = json.loads(line)
    except json.JSONDecodeError:
        return None
    return entry["key"] if entry.pop("digest", None) == sha256_json(entry) else None


def test_nothing_is_left_that_needs_a_person(survived):
    for killed in survived[0]:
        root = killed.path
        assert not [p for p in root.rglob(f"*{UNFINISHED}*")]
        assert not list((root / ".snakemake/locks").glob("*")) and not list((root / ".snakemake/incomplete").glob("*"))
        assert not processes(lambda words: is_job(words) or is_snakemake(words), root)
        assert killed.would_run() == {}


def test_the_audit_is_clean(survived):
    for killed in survived[0]:
        command = [sys.executable, "-m", "emovlm.cli", "audit", *killed.options[2:]]
        done = subprocess.run(command, cwd=killed.path, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-1000:]


def test_every_job_has_a_record(survived, project):
    expected = Counter(map(rule_of, project.records()))
    for killed in survived[0]:
        assert Counter(map(rule_of, killed.records())) == expected
