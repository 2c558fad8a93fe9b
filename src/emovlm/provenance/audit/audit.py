"""Does every number still follow from the raw data, by the present code and configuration?

The audit compares three things: the files, the records of the jobs that wrote them, and the present study (the jobs
that Snakemake would run now). It never trusts times or names alone: bytes decide.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from emovlm.core.errors import StudyError
from emovlm.core.files import read_json
from emovlm.core.hashing import sha256_json
from emovlm.core.job import Job, paths
from emovlm.provenance.account import FILE as ACCOUNT
from emovlm.provenance.account import behind, state_of
from emovlm.provenance.audit.compare import code_edits, job_edits
from emovlm.provenance.audit.findings import Finding, Report
from emovlm.provenance.audit.pins import mismatches
from emovlm.provenance.audit.record_fields import what_is_wrong
from emovlm.provenance.planned_jobs import Plan
from emovlm.provenance.records.hashes import HashCache
from emovlm.provenance.records.job import HASHES
from emovlm.provenance.records.record import (
    Record,
    datasets_in,
    job_of,
    makers,
    read_record,
    record_path,
    record_paths,
    seeds,
)
from emovlm.provenance.sharing import leaks
from emovlm.study.load import DEFAULT

SKEW = timedelta(seconds=5)  # by which the clocks of two machines may differ
PIN = re.compile(r"sha256:[0-9a-f]{64}|commit:[0-9a-f]{40}")


@dataclass(frozen=True)
class _Evidence:
    """What jobs are checked against."""

    plan: Plan
    records: dict[str, Record]
    bytes_of: dict[str, str | None]  # hash of each file; None if it is not there
    written: dict[str, tuple[str, dict]]  # by output: the job that wrote it, and its entry in that job's record


def audit(plan: Plan, targets: Iterable[str] = (), full: bool = False, seal: str | None = None) -> Report:
    """Audit the study in the working directory.

    Args:
        plan: the present study.
        targets: files to walk back from; all that the study makes if there are none.
        full: hash every file, whatever is remembered of it.
        seal: noted from an earlier audit; another one now is a finding.

    Raises:
        StudyError: no job makes a target.
    """
    targets = list(targets)
    records, broken = _read_records(plan)
    present = {name: record for name, record in records.items() if name in plan.jobs}
    jobs = plan.upstream(targets or sorted(plan.makers), makers(present))
    names = {job.name for job in jobs}
    findings = [f for f in broken if not targets or f.job in names] + ([] if targets else _orphans(plan, records))
    files = _files(jobs, present)
    hashes = HashCache(Path(plan.results, HASHES), trust=not full)
    found = hashes.sha256((plan.places.local(path) for path in files), "hash files")
    bytes_of = {path: found[plan.places.local(path)] for path in files}
    written = {each["path"]: (name, each) for name, record in present.items() for each in record["outputs"]}
    evidence = _Evidence(plan, present, bytes_of, written)
    unreadable = {finding.job for finding in broken}
    for job in jobs:
        if job.name in present:
            findings += _check(job, evidence)
        elif job.name not in unreadable:
            findings.append(_without_record(job, evidence))
    findings += leaks(plan, {name: record for name, record in present.items() if name in names})
    order = {job.name: i for i, job in enumerate(jobs)}
    findings.sort(key=lambda finding: order.get(finding.job, len(order)))
    now = sha256_json(sorted(record["digest"] for record in records.values()))
    if seal is not None and seal != now:
        says = f"{plan.results}: the seal is {now}, not {seal}: records were written since"
        findings.append(Finding("seal", plan.results, says, "run the study again in an empty folder and compare"))
    notes = _notes(plan, [present[job.name] for job in jobs if job.name in present]) + _old_account(plan, present)
    return Report(
        plan.results, targets, [j.name for j in jobs], len(files), hashes.hashed, now, findings, notes, records
    )


def _read_records(plan: Plan) -> tuple[dict[str, Record], list[Finding]]:
    """The records of the study, by job, and what is wrong with them as files."""
    records, findings = {}, []
    for name, path in record_paths(plan.results).items():
        says = ""
        try:
            record = read_record(path)
        except StudyError as error:
            says = str(error)
        else:
            if wrong := what_is_wrong(record):
                says = f"{path}: it is no valid record: {wrong}"
            elif (described := job_of(record).name) == name:
                records[name] = record
            else:
                says = f"{path}: it is the record of another job, {described}"
        if says:
            do = again(plan, _first(plan.jobs[name])) if name in plan.jobs else "delete it"
            findings.append(Finding("forged", str(path), says, do, name))
    return records, findings


def run_on(plan: Plan, options: str = "") -> str:
    """The command that runs what the study lacks."""
    with_config = f" --configfile {' '.join(plan.overrides)}" if plan.overrides else ""
    with_profile = "" if plan.profile == "profiles/default" else f" --workflow-profile {plan.profile}"
    return f"snakemake{with_profile}{options}{with_config}"


def again(plan: Plan, path: str) -> str:
    """The command that makes a file anew, whatever Snakemake thinks of it, and what follows from it."""
    return run_on(plan, f" --forcerun {path}")


def _orphans(plan: Plan, records: dict[str, Record]) -> list[Finding]:
    findings = []
    for name in sorted(set(records) - set(plan.jobs)):
        path = str(record_path(plan.results, name))
        says = f"{path}: the record of a job that the study does not have"
        do = "if a row or a shard was taken away: emovlm audit --prune forgets such records"
        findings.append(Finding("orphan", path, says, do, name))
    return findings


def prune(plan: Plan) -> list[str]:
    """Delete the records of jobs that the study no longer has; returns their paths."""
    gone = [path for name, path in record_paths(plan.results).items() if name not in plan.jobs]
    for path in gone:
        path.unlink()
    return [str(path) for path in gone]


def _first(job: Job) -> str:
    """The output by which a job is named to Snakemake."""
    return paths(job.outputs)[0]


def _files(jobs: list[Job], records: dict[str, Record]) -> list[str]:
    """Every file that the jobs or their records name."""
    files: dict[str, None] = {}
    for job in jobs:
        files |= dict.fromkeys((*paths(job.inputs), *paths(job.outputs)))
        if job.name in records:
            record = records[job.name]
            files |= dict.fromkeys(each["path"] for each in (*record["inputs"], *record["outputs"]))
    return list(files)


def _without_record(job: Job, evidence: _Evidence) -> Finding:
    there = [path for path in paths(job.outputs) if evidence.bytes_of[path]]
    if there:
        says = f"{there[0]}: no record of {job.name}, which should have made it"
        return Finding("unrecorded", there[0], says, again(evidence.plan, there[0]), job.name)
    says = f"{_first(job)}: not made yet ({job.name})"
    return Finding("missing", _first(job), says, run_on(evidence.plan), job.name)


def _check(job: Job, evidence: _Evidence) -> list[Finding]:
    """What is wrong with one job: its files, or that it is no longer the job it was. Inputs come first."""
    record, plan = evidence.records[job.name], evidence.plan
    findings = _check_inputs(job, evidence)
    anew, on = again(plan, _first(job)), run_on(plan)

    def add(kind: str, path: str, says: str, do: str = anew) -> None:
        findings.append(Finding(kind, path, says, do, job.name))

    for each in record["outputs"]:
        path = each["path"]
        if evidence.bytes_of[path] is None:
            add("missing", path, f"{path}: {job.name} made it, and it is gone or cannot be read")
        elif evidence.bytes_of[path] != each["sha256"]:
            add("changed", path, f"{path}: it was changed after {job.name} had written it")
        if evidence.written[path][0] != job.name:
            add(
                "forged", path, f"{path}: two records say that they made it, {job.name} and {evidence.written[path][0]}"
            )
    for side, declared in (("inputs", paths(job.inputs)), ("outputs", paths(job.outputs))):
        recorded = {each["path"] for each in record[side] if not each["noted"]}
        for path in sorted(recorded ^ set(declared)):
            what = "is no longer to" if path in recorded else "is to"
            add("declared", path, f"{path}: {job.name} {what} {'read' if side == 'inputs' else 'write'} it", on)
    for says in job_edits(job_of(record), job):
        add("config", _first(job), f"{job.name}: {says}", on)
    if job_of(record).code != job.code:
        add("code", job.script, f"{job.name}: {code_edits(job.script, record)}", on)
    _check_claims(job, record, plan, add)
    for path, says in mismatches(record["environment"]):
        conda = record["environment"]["deployment"] == "conda"  # then Snakemake itself sees the edit
        do = on if conda else f"install what {path} pins (make setup), then {anew}"
        add("environment", path, f"{job.name}: {says}", do)
    for each in record["fetched"]:
        if not PIN.fullmatch(each["pin"]):
            says = f"{job.name}: {each['name']} was fetched without a pin of its content"
            add("unpinned", _first(job), says, "pin it: a commit of 40 digits, or a SHA-256")
    if not _time(record["started"]) <= _time(record["ended"]) <= datetime.now(UTC) + SKEW:
        add("times", _first(job), f"{job.name}: it started {record['started']} and ended {record['ended']}")
    return findings


def _check_claims(job: Job, record: Record, plan: Plan, add: Callable[..., None]) -> None:
    """What a record says of itself that can be told from the present study as well."""
    path = str(record_path(plan.results, job.name))
    environment, described = plan.environments.get(job.rule, ""), job_of(record)
    if record["environment"]["file"] != environment:
        says = f"{job.name}: it ran in {record['environment']['file']}, its environment is {environment}"
        add("environment", environment, says)
    if record["seeds"] != seeds(described.params):
        add("forged", path, f"{path}: the seeds are not those of the params")
    for side, declared in (("inputs", described.inputs), ("outputs", described.outputs)):
        if {each["path"] for each in record[side] if not each["noted"]} != set(paths(declared)):
            add("forged", path, f"{path}: the {side} are not those of the description")
    touched = datasets_in((e["path"] for e in (*record["inputs"], *record["outputs"])), plan.study.datasets)
    if sorted(set(record["datasets"]) & set(plan.study.datasets)) != touched:
        add("forged", path, f"{path}: the datasets are not those of the files")


def _check_inputs(job: Job, evidence: _Evidence) -> list[Finding]:
    record, findings = evidence.records[job.name], []
    do = f"put it back, or: {again(evidence.plan, _first(job))}"
    for each in record["inputs"]:
        path, digest, now = each["path"], each["sha256"], evidence.bytes_of[each["path"]]
        maker, made = evidence.written.get(path, (None, None))
        if made and made["sha256"] != now:
            continue  # said of the job that made it
        if now == digest:
            if made and _time(made["since"]) > _time(record["started"]) + SKEW:
                says = f"{path}: {job.name} started before {maker} had written it"
                findings.append(Finding("times", path, says, do, job.name))
        elif now is None:
            says = f"{path}: {job.name} read it, and it is gone or cannot be read"
            findings.append(Finding("missing", path, says, do, job.name))
        elif digest is None:
            says = f"{path}: it was missing when {job.name} looked for it, and is there now"
            findings.append(Finding("changed", path, says, again(evidence.plan, _first(job)), job.name))
        else:
            than = f"those of {maker}" if maker else "the present ones"
            says = f"{path}: {job.name} read other bytes than {than}"
            findings.append(Finding("changed", path, says, do, job.name))
    return findings


def _notes(plan: Plan, records: list[Record]) -> list[str]:
    """What is stated without being a break: configuration, commits and uncommitted edits, machines."""
    notes = [f"configuration: {', '.join(plan.overrides or [DEFAULT])}"]
    commits: dict[str, list[int]] = {}
    for record in records:
        git = record["git"] or {"commit": "no repository", "dirty": False}
        commits.setdefault(git["commit"], [0, 0])[git["dirty"]] += 1
    for commit, (clean, dirty) in commits.items():
        state = f"{clean} jobs from a clean checkout" if clean else ""
        edits = f"{dirty} jobs with uncommitted edits" if dirty else ""
        notes.append(f"commit {commit[:12]}: {', '.join(filter(None, (state, edits)))}")
    ran = sorted({f"{r['machine']['system']}, {r['environment']['deployment']}" for r in records})
    processors = Counter(record["machine"]["processor"] or "unknown" for record in records)
    if len(processors) > 1:
        jobs = "; ".join(f"{name}: {n} jobs" for name, n in sorted(processors.items()))
        notes.append(f"processors of {len(processors)} types, which round differently: {jobs}")
    return notes + [f"ran on: {each}" for each in ran]


def _old_account(plan: Plan, records: dict[str, Record]) -> list[str]:
    """Whether jobs ran again since the account of the run was written: a note, for no result depends on it."""
    path = Path(plan.results, ACCOUNT)
    job = plan.makers.get(path.as_posix())
    if job not in records:
        return []  # said as a finding
    read = [each["path"] for each in records[job]["inputs"]]
    try:
        written = read_json(path)["records"]["sha256"]
    except (OSError, ValueError, TypeError, KeyError):
        return []
    if written == state_of(behind(records, read)):
        return []
    return [
        f"{path}: jobs it accounts for ran again since, with the same results; to renew it: {again(plan, str(path))}"
    ]


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text)
