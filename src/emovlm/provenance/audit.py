"""Does every number still follow from the raw data, by the present code and configuration?

The audit compares three things: the files, the records of the jobs that wrote them, and the present study (the jobs
that Snakemake would run now). It never trusts times or names alone: bytes decide.
"""

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

import fastjsonschema

from emovlm.core.errors import StudyError
from emovlm.core.hashing import sha256_json
from emovlm.core.tables import SCHEMAS, read_yaml
from emovlm.provenance.compare import code_edits, command_edits
from emovlm.provenance.findings import Finding, Report
from emovlm.provenance.hashes import HashCache
from emovlm.provenance.job import HASHES
from emovlm.provenance.pins import mismatches
from emovlm.provenance.plan import Job, Plan
from emovlm.provenance.record import FOLDER, Record, read_record
from emovlm.provenance.sharing import leaks

SKEW = timedelta(seconds=5)  # by which the clocks of two machines may differ
AGAIN = "run the study again (make study)"
FORCE = "snakemake --profile profiles/default --cores all --force"


@dataclass(frozen=True)
class _Evidence:
    """What jobs are checked against: records by job, hashes of the files there are, and who recorded each output."""

    records: dict[str, Record]
    bytes_of: dict[str, str | None]
    makers: dict[str, tuple[str, dict]]


def audit(plan: Plan, targets: Iterable[str] = (), full: bool = False) -> Report:
    """Audit the study in the working directory.

    Args:
        plan: the present study.
        targets: files to walk back from; all that the study makes if there are none.
        full: hash every file, whatever is remembered of it.

    Raises:
        StudyError: no job makes a target.
    """
    targets = list(targets)
    jobs = plan.upstream(targets or sorted(plan.makers()))
    records, findings = read_records(plan, None if not targets else {job.name for job in jobs})
    if not targets:
        findings += _orphans(plan, records)
    files = _files(jobs, records)
    hashes = HashCache(None if full else Path(plan.results, HASHES))
    found = hashes.sha256((plan.places.local(path) for path in files), "hash files")
    bytes_of = {path: found[plan.places.local(path)] for path in files}
    makers = {e["path"]: (n, e) for n, r in records.items() if n in plan.jobs for e in r["outputs"]}
    evidence = _Evidence(records, bytes_of, makers)
    forged = {finding.job for finding in findings}
    for job in jobs:
        if job.name in records:
            findings += _check(job, evidence)
        elif job.name not in forged:
            findings.append(_without_record(job, bytes_of))
    findings += leaks(plan, {job.name: records[job.name] for job in jobs if job.name in records})
    order = {job.name: i for i, job in enumerate(jobs)}
    findings.sort(key=lambda finding: order.get(finding.job, -1))
    seal = sha256_json(sorted(record["digest"] for record in records.values()))
    notes = _notes([records[job.name] for job in jobs if job.name in records])
    return Report(plan.results, targets, [j.name for j in jobs], len(files), hashes.hashed, seal, findings, notes)


def read_records(plan: Plan, names: set[str] | None) -> tuple[dict[str, Record], list[Finding]]:
    """The records of the study, by job, and what is wrong with them as files.

    Args:
        names: of the jobs to read; all that have a record if None.
    """
    folder = Path(plan.results, FOLDER)
    valid = _validator()
    records, findings = {}, []
    for path in sorted(folder.rglob("*.json")):
        name = path.relative_to(folder).with_suffix("").as_posix()
        if names is not None and name not in names:
            continue
        try:
            record = read_record(path)
            valid(record)
            if record["job"] != name:
                raise StudyError(f"{path}: it is the record of another job, {record['job']}")
        except StudyError as error:
            findings.append(Finding("forged", str(path), str(error), _again(plan.jobs.get(name)), name))
        except fastjsonschema.JsonSchemaException as error:
            says = f"{path}: it is no valid record: {error.message}"
            findings.append(Finding("forged", str(path), says, _again(plan.jobs.get(name)), name))
        else:
            records[name] = record
    return records, findings


@cache
def _validator() -> Callable[[Record], Record]:
    return fastjsonschema.compile(read_yaml(SCHEMAS / "record.schema.yaml"))


def _orphans(plan: Plan, records: dict[str, Record]) -> list[Finding]:
    findings = []
    for name in sorted(set(records) - set(plan.jobs)):
        path = str(Path(plan.results, FOLDER, f"{name}.json"))
        says = f"{path}: the record of a job that the study does not have"
        do = "if a row or a shard was taken away: emovlm audit --prune forgets such records"
        findings.append(Finding("orphan", path, says, do, name))
    return findings


def prune(plan: Plan) -> list[str]:
    """Delete the records of jobs that the study no longer has; returns their paths."""
    folder = Path(plan.results, FOLDER)
    gone = [
        p for p in sorted(folder.rglob("*.json")) if p.relative_to(folder).with_suffix("").as_posix() not in plan.jobs
    ]
    for path in gone:
        path.unlink()
    return [str(path) for path in gone]


def _files(jobs: list[Job], records: dict[str, Record]) -> list[str]:
    """Every file that the jobs or their records name."""
    files: dict[str, None] = {}
    for job in jobs:
        files |= dict.fromkeys((*job.inputs, *job.outputs))
        if job.name in records:
            record = records[job.name]
            files |= dict.fromkeys(each["path"] for each in (*record["inputs"], *record["outputs"]))
    return list(files)


def _without_record(job: Job, bytes_of: dict[str, str | None]) -> Finding:
    there = [path for path in job.outputs if bytes_of[path]]
    if there:
        return Finding("unrecorded", there[0], f"{there[0]}: no record of {job.name}, which should have made it",
                       _again(job), job.name)  # fmt: skip
    return Finding("missing", job.outputs[0], f"{job.outputs[0]}: not made yet ({job.name})", AGAIN, job.name)


def _check(job: Job, evidence: _Evidence) -> list[Finding]:
    """What is wrong with one job: its files, or that it is no longer the job it was."""
    record, bytes_of = evidence.records[job.name], evidence.bytes_of
    findings = []

    def add(kind: str, path: str, says: str, do: str | None = None) -> None:
        findings.append(Finding(kind, path, says, do or _again(job), job.name))

    for each in record["outputs"]:
        if bytes_of[each["path"]] is None:
            add("missing", each["path"], f"{each['path']}: {job.name} made it, and it is gone")
        elif bytes_of[each["path"]] != each["sha256"]:
            add("changed", each["path"], f"{each['path']}: it was changed after {job.name} had written it")
    written = {each["path"] for each in record["outputs"]}
    for path in job.outputs:
        if path not in written:
            add("inputs", path, f"{path}: {job.name} ran before it was to write this file")
    findings += _check_inputs(job, evidence)
    for says in command_edits(record["command"], job.command):
        add("config", job.outputs[0], f"{job.name}: {says}", AGAIN)
    if record["code"] != job.code:
        add("code", job.script, f"{job.name}: {code_edits(job.script, record)}", AGAIN)
    for path, says in mismatches(record["environment"]):
        add("environment", path, f"{job.name}: {says}", f"install what {path} pins (make setup), then {_again(job)}")
    for each in record["fetched"]:
        kind, _, value = each["pin"].partition(":")
        if len(value) != {"sha256": 64, "commit": 40}.get(kind):
            add("unpinned", job.outputs[0], f"{job.name}: {each['name']} was fetched without a pin of its content",
                "pin it: a commit of 40 digits, or a SHA-256")  # fmt: skip
    now = datetime.now(UTC)
    if not _time(record["started"]) <= _time(record["ended"]) <= now + SKEW:
        add("times", job.outputs[0], f"{job.name}: it started {record['started']} and ended {record['ended']}")
    return findings


def _check_inputs(job: Job, evidence: _Evidence) -> list[Finding]:
    record, bytes_of, findings = evidence.records[job.name], evidence.bytes_of, []
    read = {each["path"]: each["sha256"] for each in record["inputs"]}
    for path, digest in read.items():
        maker, made = evidence.makers.get(path, (None, None))
        if made and made["sha256"] != bytes_of[path]:
            continue  # said of the job that made it
        if bytes_of[path] is None:
            says = f"{path}: {job.name} read it, and it is gone"
            findings.append(Finding("missing", path, says, f"put it back, or: {_again(job)}", job.name))
        elif bytes_of[path] != digest:
            what = f"of {maker}" if maker else "that is there now"
            says = f"{path}: {job.name} read other bytes than those {what}"
            findings.append(Finding("changed", path, says, f"put it back, or: {_again(job)}", job.name))
        elif made and _time(made["since"]) > _time(record["started"]) + SKEW:
            says = f"{path}: {job.name} started before {maker} had written it"
            findings.append(Finding("times", path, says, _again(job), job.name))
    for path in job.inputs:
        if path not in read:
            says = f"{path}: {job.name} is to read it and did not"
            findings.append(Finding("inputs", path, says, _again(job), job.name))
    return findings


def _again(job: Job | None) -> str:
    """How to make a job's outputs anew, whatever Snakemake thinks of them."""
    return f"{FORCE} {job.outputs[0]}" if job else "delete it"


def _notes(records: list[Record]) -> list[str]:
    """What is stated without being a break: commits and uncommitted edits, machines."""
    commits: dict[str, list[int]] = {}
    for record in records:
        git = record["git"] or {"commit": "no repository", "dirty": False}
        counts = commits.setdefault(git["commit"], [0, 0])
        counts[git["dirty"]] += 1
    notes = []
    for commit, (clean, dirty) in commits.items():
        state = f"{clean} jobs from a clean checkout" if clean else ""
        edits = f"{dirty} jobs with uncommitted edits" if dirty else ""
        notes.append(f"commit {commit[:12]}: {', '.join(filter(None, (state, edits)))}")
    ran = sorted({f"{r['machine']['system']}, {r['environment']['deployment']}" for r in records})
    return notes + [f"ran on: {each}" for each in ran]


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text)


def dump(report: Report) -> str:
    """The report as JSON text."""
    return json.dumps(report.as_json(), indent=1, ensure_ascii=False)
