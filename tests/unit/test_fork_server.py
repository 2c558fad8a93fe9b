"""Jobs are forked from a server: a process each, but for those that ask the same model; it ends with its run."""

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from tests.project import until

from emovlm.core.fork_client import model_of
from emovlm.core.job import Job

ROOT = Path(__file__).resolve().parents[2]
SYSTEM = {"kind": "vlm", "system": "a"}
PROCESS = """
import json, os, sys
job = json.loads(sys.stdin.read())
loaded = [name for name in job["params"].get("modules", []) if name in sys.modules]
print(json.dumps({"process": os.getpid(), "parent": os.getppid(), "loaded": loaded, "path": sys.path[0],
                  "arguments": sys.argv, "left": os.environ.get("LEFT"),
                  "threads": len(os.listdir("/proc/self/task"))}))
os.environ["LEFT"] = "by an earlier job"
"""


class Run:
    """A stand-in for a run of Snakemake, and its jobs."""

    def __init__(self, folder):
        self.folder, self.snakemake = folder, subprocess.Popen(["sleep", "600"])

    def start(self, code, environment=None, script="script.py", **params):
        (self.folder / script).write_text(code)
        job = Job("rule", script, "0" * 16, {"of": "a b"}, {}, {}, params)
        shared = {"results": "out", "config": [], "environments": {}, "datasets": {}, "models": {}}
        process = subprocess.Popen(
            [sys.executable, "-m", "emovlm.provenance.records.job", "--log", "out/log"], cwd=self.folder, text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            env={**os.environ, "PYTHONPATH": str(ROOT / "src"), "EMOVLM_STUDY": json.dumps(shared),
                 "EMOVLM_SNAKEMAKE": str(self.snakemake.pid), **(environment or {})},
        )  # fmt: skip
        process.stdin.write(json.dumps(job.as_dict()))
        process.stdin.close()
        return process

    def job(self, code=PROCESS, **options):
        """What a job says of itself."""
        process = self.start(code, **options)
        said = process.stdout.read()
        assert process.wait() == 0, said
        return json.loads(said)


@pytest.fixture
def run(tmp_path):
    run = Run(tmp_path)
    yield run
    run.snakemake.kill()
    run.snakemake.wait()


def alive(process):
    """Is it running, and not just waiting to be collected?"""
    try:
        return Path(f"/proc/{process}/stat").read_text().split(")")[-1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_each_job_has_a_process_of_its_own_as_if_in_a_new_interpreter(run):
    first, second = run.job(), run.job()
    assert first["parent"] == second["parent"] != os.getpid() and first["process"] != second["process"]
    alone = run.job(environment={"EMOVLM_FORK": "off"})
    assert alone["parent"] not in (first["parent"], alone["process"])
    for name in ("path", "arguments", "left", "threads"):
        assert first[name] == second[name] == alone[name], name
    assert first["arguments"] == ["script.py", "rule/a b"] and first["left"] is None


def test_what_a_script_imported_is_there_for_its_next_job(run):
    code = PROCESS + "import decimal, fractions"
    modules = ["decimal", "fractions"]
    assert run.job(code, modules=modules)["loaded"] == []
    assert run.job(code, modules=modules)["loaded"] == modules


def test_jobs_that_ask_one_model_share_a_process_and_others_do_not(run):
    asked = {"system": SYSTEM, "models": {"0": "m"}, "base": None}
    first, second = run.job(**asked), run.job(**asked)
    assert first["process"] == second["process"] and second["left"] is None
    other = run.job(**{**asked, "models": {"0": "n"}})
    assert other["process"] != first["process"]
    assert run.job()["process"] not in (first["process"], other["process"])


def test_a_process_whose_job_failed_is_not_used_again(run):
    asked = {"system": SYSTEM, "models": {"0": "m"}, "base": None}
    first = run.job(**asked)
    failing = run.start("raise ValueError('no')", **asked)
    said = failing.stdout.read()
    assert failing.wait() == 1 and "ValueError: no" in said
    until(lambda: not alive(first["process"]), 10)
    assert run.job(**asked)["process"] != first["process"]


def test_two_jobs_at_once_of_one_model_have_two_processes(run):
    asked = {"system": SYSTEM, "models": {"0": "m"}, "base": None}
    held = run.start("import pathlib, time\npathlib.Path('begun').touch()\ntime.sleep(600)", script="a.py", **asked)
    until((run.folder / "begun").exists, 30)
    assert run.job(**asked)["process"]
    held.terminate()
    assert held.wait(10) == 128 + signal.SIGTERM


CARD = """
import json, os, sys, time
print(json.dumps(os.environ.get("CUDA_VISIBLE_DEVICES")), flush=True)
sys.stdin.read()
while not os.path.exists("go on"):
    time.sleep(0.01)
"""


def test_jobs_at_once_have_the_graphics_cards_in_turn_and_each_script_on_its_own_account(run):
    cards = {"CUDA_VISIBLE_DEVICES": "2,5"}
    run.job(environment=cards)  # the server knows them from its first job
    processes = []
    for script in ("a.py", "a.py", "b.py", "b.py", "a.py"):
        processes.append(run.start(CARD, script=script, environment=cards, system=SYSTEM, models={"0": "m"}))
        processes[-1].said = json.loads(processes[-1].stdout.readline())
    (run.folder / "go on").touch()
    assert [process.wait() for process in processes] == [0] * 5
    first, second, third, fourth, _ = said = [process.said for process in processes]
    assert set(said) == {"2", "5"} and first != second and third != fourth
    other = run.job("import json, os\nprint(json.dumps(os.environ.get('CUDA_VISIBLE_DEVICES')))", environment=cards)
    assert other in ("2", "5")


def test_a_job_ends_when_who_waits_for_it_is_killed(run):
    code = "import os, pathlib, time\npathlib.Path('pid').write_text(str(os.getpid()))\ntime.sleep(600)"
    process = run.start(code)
    until(lambda: (run.folder / "pid").exists() and (run.folder / "pid").read_text(), 30)
    process.kill()
    process.wait()
    until(lambda: not alive((run.folder / "pid").read_text()), 10)


def test_the_server_ends_with_its_run_but_not_before_its_jobs(run):
    server = run.job()["parent"]
    kept = run.job(system=SYSTEM, models={"0": "m"}, base=None)["process"]
    code = "import pathlib, time\npathlib.Path('begun').touch()\n"
    code += "while not pathlib.Path('end').exists(): time.sleep(0.02)\nprint('done')"
    job = run.start(code)
    until((run.folder / "begun").exists, 30)
    run.snakemake.kill()
    run.snakemake.wait()
    assert alive(server)
    (run.folder / "end").touch()
    assert job.wait() == 0 and job.stdout.read() == "done\n"
    until(lambda: not alive(server) and not alive(kept), 10)


def test_a_killed_server_costs_the_job_and_no_later_one(run):
    code = "import os, pathlib, time\npathlib.Path('begun').touch()\ntime.sleep(600)"
    server = run.job()["parent"]
    job = run.start(code)
    until((run.folder / "begun").exists, 30)
    os.kill(server, signal.SIGKILL)
    job.terminate()
    assert job.wait(10) in (128 + signal.SIGTERM, 128 + signal.SIGKILL)
    assert run.job()["parent"] != server


def test_people_who_list_processes_see_which_job_it_is(run):
    code = "import pathlib; print(repr(pathlib.Path('/proc/self/cmdline').read_text().strip(chr(0))))"
    process = run.start(code)
    assert process.stdout.read().strip() == repr("python script.py rule/a b")


@pytest.mark.skipif(os.getuid() != 0, reason="only root can be another user")
def test_only_the_owner_may_have_jobs_run(run):
    server = run.job()["parent"]
    name = re.search(r"emovlm-\d[\w-]+", Path(f"/proc/{server}/cmdline").read_text())[0]
    code = f"""
import os, socket
from emovlm.core.messages import receive, send
os.setuid(65534)
server = socket.socket(socket.AF_UNIX)
server.connect(chr(0) + {name!r})
try:
    send(server, {{"script": "script.py", "name": "a", "environment": {{}}, "stays_for": ""}}, (0, 1))
    print(receive(server))
except (EOFError, OSError):
    print("refused")
"""
    asked = subprocess.run(
        [sys.executable, "-c", code], env={**os.environ, "PYTHONPATH": str(ROOT / "src")}, text=True,
        capture_output=True, check=True,
    )  # fmt: skip
    assert asked.stdout == "refused\n"


def test_without_a_run_of_snakemake_there_is_no_server(run):
    process = run.start(PROCESS, environment={"EMOVLM_SNAKEMAKE": ""})
    assert json.loads(process.stdout.read())["parent"] == process.pid


def test_models_are_told_apart_by_row_folders_and_base():
    def named(script="answer_clips.py", **params):
        return model_of(Job("rule", script, "0", {}, {}, {}, params))

    asked = {"system": SYSTEM, "models": {"0": "m"}, "base": "b"}
    assert named(**asked) == named("describe_gaps.py", **asked, context="frames") != ""
    others = [{**asked, "models": {"0": "n"}}, {**asked, "base": None}, {**asked, "system": {**SYSTEM, "batch": 2}}]
    assert len({named(**asked), *(named(**other) for other in others)}) == 4
    api = {**asked, "system": {**SYSTEM, "kind": "api"}}
    remote = {**asked, "system": {**SYSTEM, "family": "remote"}}
    assert named(**api) == named(**remote) == named(folder="m") == named(system="a") == ""


def test_what_a_script_leaves_to_the_end_of_its_process_is_done(run):
    code = "import atexit, pathlib\natexit.register(lambda: print('at exit'))\nprint('before', end=' ')"
    for _ in range(2):
        process = run.start(code)
        assert (process.stdout.read(), process.wait()) == ("before at exit\n", 0)
