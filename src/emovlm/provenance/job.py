"""Run the command of one job, keep its log, and write its record when it has succeeded.

    python -m emovlm.provenance.job --log L --code C --inputs ... --outputs ... -- python script.py ...

Every rule's command starts so (``recorded`` in ``workflow/rules/common.smk``). What all jobs share comes in the
environment variable ``EMOVLM_STUDY``. Only the standard library is imported, for this runs in every environment.
"""

import argparse
import json
import os
import resource
import signal
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from emovlm.core.files import read_json
from emovlm.core.notes import NOTES
from emovlm.provenance.hashes import HashCache
from emovlm.provenance.record import FOLDER, VERSION, Places, Record, write_record
from emovlm.provenance.surroundings import environment, machine, repository

STUDY = "EMOVLM_STUDY"
HASHES = "provenance/hashes.jsonl"


def parser() -> argparse.ArgumentParser:
    """Arguments of a recorded command."""
    arguments = argparse.ArgumentParser(prog="emovlm.provenance.job", description=__doc__)
    arguments.add_argument("--log", required=True, help="below the logs: the rule, then its wildcards")
    arguments.add_argument("--code", required=True, help="hash of the script and the modules it imports")
    arguments.add_argument("--inputs", nargs="*", default=[])
    arguments.add_argument("--outputs", nargs="*", default=[])
    arguments.add_argument("command", nargs="+")
    return arguments


def job_name(log: str, logs: str) -> str:
    """A job's name by its log: the rule and its wildcards, for example ``sample_frames/synface/fps5``."""
    return Path(log).relative_to(logs).with_suffix("").as_posix()


def main() -> int:
    """Run the job; the exit code is the command's."""
    given = parser().parse_args()
    if STUDY not in os.environ:
        print(f"error: {STUDY} is not set; Snakemake runs this command", file=sys.stderr)
        return 1
    study = json.loads(os.environ[STUDY])
    places = Places(".", {name: each["folder"] for name, each in study["datasets"].items()})
    name = job_name(given.log, study["logs"])
    rule = name.split("/")[0]
    path = Path(study["results"], FOLDER, f"{name}.json")
    before = _since(path)
    path.unlink(missing_ok=True)
    hashes = HashCache(Path(study["results"], HASHES))
    read = hashes.sha256(given.inputs)
    started = datetime.now(UTC)
    with tempfile.NamedTemporaryFile("r", prefix="emovlm-notes-", encoding="utf-8") as notes:
        code = _run(given.command, given.log, notes.name)
        noted = [json.loads(line) for line in notes]
    ended = datetime.now(UTC)
    outputs = [*given.outputs, *(note["wrote"] for note in noted if "wrote" in note)]
    written = hashes.sha256(outputs)
    if code or None in written.values():  # a missing output is Snakemake's to report
        return code
    read |= hashes.sha256(note["read"] for note in noted if "read" in note)
    record: Record = {
        "version": VERSION,
        "job": name,
        "rule": rule,
        "command": [places.clean(argument) for argument in given.command],
        "code": given.code,
        "config": study["config"],
        "seeds": seeds(given.command),
        "inputs": [{"path": places.portable(p), "sha256": digest} for p, digest in read.items() if digest],
        "outputs": [
            {"path": places.portable(p), "sha256": digest, "bytes": os.path.getsize(p), "since": _iso(ended)}
            for p, digest in written.items()
        ],
        "fetched": [{"name": note["fetched"], "pin": note["pin"]} for note in noted if "fetched" in note],
        "environment": environment(study["environments"][rule]),
        "git": repository(),
        "machine": machine(),
        "started": _iso(started),
        "ended": _iso(ended),
        "seconds": round((ended - started).total_seconds(), 3),
        "peak_memory_bytes": resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024,
    }  # fmt: skip
    for each in record["outputs"]:
        each["since"] = before.get((each["path"], each["sha256"]), each["since"])
    touched = {part for each in record["inputs"] + record["outputs"] for part in _names(each["path"])}
    record["datasets"] = {n: each["licence"] for n, each in study["datasets"].items() if n in touched}
    write_record(record, path)
    return 0


def seeds(command: list[str]) -> dict[str, int]:
    """Every seed among the JSON arguments of a command, by its key."""
    found: dict[str, int] = {}

    def look(value: Any, name: str) -> None:
        if isinstance(value, dict):
            for key, inner in value.items():
                look(inner, key)
        elif name.endswith("seed") and isinstance(value, int):
            found[name] = value

    for argument in command:
        if argument.startswith("{"):
            look(json.loads(argument), "")
    return found


def _run(command: list[str], log: str, notes: str) -> int:
    """Run the command; what it says goes to the terminal and into the log."""
    Path(log).parent.mkdir(parents=True, exist_ok=True)
    with open(log, "wb") as kept:
        process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env={**os.environ, NOTES: notes}
        )
        signal.signal(signal.SIGTERM, lambda *_: process.terminate())
        signal.signal(signal.SIGINT, lambda *_: None)  # Ctrl-C reaches the command by itself
        while said := process.stdout.read1():
            kept.write(said)
            sys.stdout.buffer.write(said)
            sys.stdout.buffer.flush()
        code = process.wait()
    return code if code >= 0 else 128 - code


def _since(path: Path) -> dict[tuple[str, str], str]:
    """Since when each output has had its bytes, by the job's last record: a job that writes the same again keeps it."""
    try:
        return {(each["path"], each["sha256"]): each["since"] for each in read_json(path)["outputs"]}
    except (FileNotFoundError, ValueError, TypeError, KeyError):
        return {}


def _names(path: str) -> set[str]:
    """The folders of a path and its file name without suffix, and a dataset's place as its name."""
    parts = Path(path).parts
    return {*(part.strip("<>") for part in parts[:-1]), Path(parts[-1]).stem}


def _iso(time: datetime) -> str:
    return time.isoformat(timespec="milliseconds").replace("+00:00", "Z")


if __name__ == "__main__":
    sys.exit(main())
