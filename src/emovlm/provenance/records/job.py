"""Run the script of one job, keep its log, and write the job's record when it has succeeded.

    python -m emovlm.provenance.records.job --log L < job.json

Every rule's command is this one (``RUN`` in ``workflow/rules/job.smk``); the description of the job comes on
standard input, and what all jobs share in the environment variable ``EMOVLM_STUDY``. Only the standard library is
imported, for this runs in every environment.
"""

import argparse
import json
import os
import select
import signal
import sys
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from emovlm.core.errors import StudyError, machine_fault
from emovlm.core.files import read_json
from emovlm.core.fork_client import Script, start
from emovlm.core.hashing import sha256_bytes
from emovlm.core.job import Job, paths
from emovlm.core.notes import NOTES, state
from emovlm.provenance.records.hashes import HashCache
from emovlm.provenance.records.record import VERSION, Places, Record, datasets_in, record_path, seeds, write_record
from emovlm.provenance.records.surroundings import environment, machine, repository

STUDY = "EMOVLM_STUDY"
HASHES = "provenance/hashes.jsonl"


def main() -> int:
    """Run the job; the exit code is its script's."""
    arguments = argparse.ArgumentParser(prog="emovlm.provenance.records.job", description=__doc__)
    arguments.add_argument("--log", required=True, help="where to write what the script prints")
    log = arguments.parse_args().log
    if STUDY not in os.environ:
        print(f"error: {STUDY} is not set; Snakemake runs this command", file=sys.stderr)
        return 1
    try:
        job = Job.from_json(sys.stdin.buffer.read())
    except StudyError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    study = json.loads(os.environ[STUDY])
    declared = paths(job.outputs)
    path = record_path(study["results"], job.name)
    last = path.with_suffix(".last")  # not a record any more; it says since when the outputs have their bytes
    if path.is_file():
        path.replace(last)
    before = _outputs(last)
    _distrust(before, declared)
    hashes = HashCache(Path(study["results"], HASHES))
    read = hashes.sha256(paths(job.inputs))
    started = datetime.now(UTC)
    with tempfile.NamedTemporaryFile("r", prefix="emovlm-notes-", encoding="utf-8") as file:
        code, took = _run(job, log, file.name)
        notes = [json.loads(line) for line in file]
    ended = datetime.now(UTC)
    noted = {note["read"]: note["state"] for note in notes if "read" in note}
    for changed in (p for p, then in noted.items() if p not in declared and state(p) != then):
        print(f"error: {changed} was changed while {job.name} read it; run it again", file=sys.stderr)
        return code or 1
    also_wrote = [note["wrote"] for note in notes if "wrote" in note]
    written = hashes.sha256([*declared, *also_wrote])
    if code or None in written.values():  # a missing output is Snakemake's to report
        return code
    places = Places(".", {name: each["folder"] for name, each in study["datasets"].items()} | study["models"])
    also_read = {p: digest for p, digest in hashes.sha256(noted).items() if p not in read}
    inputs = [
        {"path": places.portable(p), "sha256": digest, "noted": p in also_read}
        for p, digest in (read | also_read).items()
    ]  # fmt: skip
    outputs = [
        {"path": places.portable(p), "sha256": digest, "bytes": os.path.getsize(p), "noted": p not in declared}
        for p, digest in written.items()
    ]  # fmt: skip
    for each in outputs:
        known = before.get(each["path"], {})
        each["since"] = known["since"] if known.get("sha256") == each["sha256"] else _iso(ended)
    touched = datasets_in((each["path"] for each in inputs + outputs), study["datasets"])
    record: Record = {
        "version": VERSION,
        "job": places.portable_job(job).as_dict(),
        "config": study["config"],
        "seeds": seeds(job.params),
        "inputs": inputs,
        "outputs": outputs,
        "fetched": [{"name": note["fetched"], "pin": note["pin"]} for note in notes if "fetched" in note],
        "datasets": {dataset: study["datasets"][dataset]["licence"] for dataset in touched},
        "environment": environment(study["environments"].get(job.rule, "requirements.txt")),
        "git": repository(),
        "machine": machine(),
        "started": _iso(started),
        "ended": _iso(ended),
        "seconds": round((ended - started).total_seconds(), 3),
        "cpu_seconds": round(took.cpu, 3),
        "peak_memory_bytes": took.peak,
    }  # fmt: skip
    write_record(record, path)
    last.unlink(missing_ok=True)
    return 0


def _run(job: Job, log: str, notes: str) -> tuple[int, Script]:
    """Run the script on the job; what it says goes to the terminal and into the log.

    Returns:
        Its exit code, and the script, which knows what it took.
    """
    Path(log).parent.mkdir(parents=True, exist_ok=True)
    with open(log, "wb") as kept, tempfile.TemporaryFile() as description:
        description.write(json.dumps(job.as_dict()).encode())
        description.seek(0)
        output, written = os.pipe()
        script = start(job, {**os.environ, NOTES: notes}, (description.fileno(), written))
        os.close(written)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda number, _: script.signal(number))
        for said in _output(script, output):
            kept.write(said)
            sys.stdout.buffer.write(said)
            sys.stdout.buffer.flush()
        os.close(output)
        code = script.wait()
    return (code if code >= 0 else 128 - code), script


def _output(script: Script, pipe: int) -> Iterator[bytes]:
    """What a script writes. Its end does not wait for processes that it has left behind, which may keep the pipe."""
    over = False
    while True:
        ready, _, _ = select.select([pipe] if over else [pipe, script], [], [], 0 if over else None)
        if pipe in ready:
            said = os.read(pipe, 1 << 16)
            if not said:
                return
            yield said
        elif over:
            return
        else:
            over = True


def _outputs(path: Path) -> dict[str, dict[str, Any]]:
    """What the job wrote when it last succeeded, by path; nothing if that is not known."""
    try:
        return {each["path"]: each for each in read_json(path)["outputs"]}
    except (OSError, ValueError, TypeError, KeyError):
        return {}


def _distrust(before: dict[str, dict[str, Any]], outputs: list[str]) -> None:
    """Delete files that the job would go on from (an answer store) if they do not begin as the job had left them.

    Such files are only appended to, so what the last record says of them must still be their beginning.
    """
    for path, each in before.items():
        goes_on = each.get("noted") and path.endswith(".jsonl") and path not in outputs and Path(path).is_file()
        if goes_on and sha256_bytes(Path(path).read_bytes()[: each["bytes"]]) != each["sha256"]:
            print(f"{path}: it was changed since it was written; everything is asked again", file=sys.stderr)
            Path(path).unlink()


def _iso(time: datetime) -> str:
    return time.isoformat(timespec="milliseconds").replace("+00:00", "Z")


if __name__ == "__main__":
    try:
        code = main()
    except OSError as error:
        if (told := machine_fault(error)) is None:
            raise
        print(f"error: {told}", file=sys.stderr)
        code = 1
    sys.exit(code)
