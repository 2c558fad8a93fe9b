"""The account of a run: what the jobs behind the paper took, where and with what they ran, from their records.

It covers jobs that have a record. Its own job and typesetting come later, so it excludes them. Times differ between two
runs of one study, so this file and the PDF that prints it are the only results that differ.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from itertools import groupby
from pathlib import PurePosixPath
from typing import Any

from emovlm.core.hashing import sha256_json
from emovlm.provenance.records.record import FOLDER, Record, makers, rule_of
from emovlm.statistics.values.entry import grouped

FILE = "provenance/run.json"
"""Where it is, below the results."""
MAIN = ("torch", "transformers", "peft", "timm", "numpy", "scipy", "statsmodels", "pandas", "av", "matplotlib",
        "typst", "snakemake")  # fmt: skip
"""Packages that the paper names; the records have all."""
TOKENS = ".prompt_tokens"
HOUR, MINUTE, GIB = 3600, 60, 2**30


def behind(records: Mapping[str, Record], files: Iterable[str]) -> dict[str, Record]:
    """The records of the jobs that made files, directly or through others, by job.

    Args:
        files: paths as records write them; one that no job made is a source.
    """
    made, found, todo = makers(records), {}, list(files)
    while todo:
        job = made.get(todo.pop())
        if job and job not in found:
            found[job] = records[job]
            todo += [each["path"] for each in records[job]["inputs"]]
    return dict(sorted(found.items()))


def unrecorded(records: Mapping[str, Record], files: Iterable[str], results: str) -> int:
    """How many of the files below the results that jobs read have no record of the job that made them."""
    read = {*files, *(e["path"] for record in records.values() for e in record["inputs"] if e["sha256"])}
    return sum(path.startswith(f"{results}/") for path in read - set(makers(records)))


def state_of(records: Mapping[str, Record]) -> str:
    """A hash of records, by which an account is told from one of other records."""
    return sha256_json({job: record["digest"] for job, record in records.items()})


def account(
    records: Mapping[str, Record],
    values: Mapping[str, Mapping[str, Any]],
    spent: Mapping[str, Mapping[str, float]],
    missing: int = 0,
) -> dict[str, Any]:
    """The account of the jobs of ``records``, as JSON.

    Args:
        records: of the jobs behind the paper, see :func:`behind`.
        values: the study's values; those called ``condition.<condition>.prompt_tokens`` are added up.
        spent: requests, tokens and perhaps US dollars of each API system.
        missing: files whose job has no record.

    Returns:
        ``values`` by id, in the form of ``values.json``; ``commits``, ``environments`` and ``machines``, each with the
        number of its jobs; ``rules``; and the state of the records. Nothing names a host or a folder.
    """
    jobs = list(records.values())
    tokens = [value for name, value in values.items() if name.endswith(TOKENS) and value["value"] is not None]
    rules = _rules(records)
    entries = {
        "run.jobs": _value(len(jobs), "count"),
        "run.unrecorded": _value(missing, "count"),
        **_times(jobs),
        "run.peak_memory_bytes": _value(max((r["peak_memory_bytes"] for r in jobs), default=None), "bytes"),
        "run.answers": _value(sum(value["n"] or 0 for value in tokens), "count", "values.json"),
        "run.prompt_tokens": _value(sum(value["value"] for value in tokens), "count", "values.json"),
    }
    for unit in ("requests", "tokens", "usd") if spent else ():
        priced = all(unit in each for each in spent.values())
        total = sum(each[unit] for each in spent.values()) if priced else None
        entries[f"run.api.{unit}"] = _value(total, "US dollars" if unit == "usd" else "count", "ledgers of systems")
    for rule in rules:
        for part, unit in (("jobs", "count"), ("seconds", "s"), ("peak_memory_bytes", "bytes")):
            entries[f"run.rule.{rule['rule']}.{part}"] = _value(rule[part], unit)
    return {
        "values": entries,
        "commits": _commits(jobs),
        "environments": _environments(jobs),
        "machines": _machines(jobs),
        "rules": rules,
        "records": {"n": len(jobs), "sha256": state_of(records)},
    }


def _times(jobs: list[Record]) -> dict[str, dict[str, Any]]:
    """Start, end and length of the run; how long any job ran, all jobs together, and their processor time."""
    spans = sorted((_seconds(record["started"]), _seconds(record["ended"])) for record in jobs)
    busy, until = 0.0, 0.0
    for start, end in spans:
        busy += max(0.0, end - max(start, until))
        until = max(until, end)
    wall = until - spans[0][0] if spans else None
    cpu = [record.get("cpu_seconds") for record in jobs]
    cards = sum(len(record["machine"]["accelerators"]) * record["seconds"] for record in jobs)
    return {
        "run.started": _value(min((record["started"] for record in jobs), default=None), "time"),
        "run.ended": _value(max((record["ended"] for record in jobs), default=None), "time"),
        "run.wall_s": _value(wall, "s"),
        "run.busy_s": _value(busy, "s"),
        "run.job_s": _value(sum(record["seconds"] for record in jobs), "s"),
        "run.cpu_s": _value(sum(cpu) if cpu and None not in cpu else None, "s"),
        "run.accelerator_s": _value(cards, "s"),
    }


def _commits(jobs: list[Record]) -> list[dict[str, Any]]:
    """Each commit, with how many jobs ran under it and how many of these with uncommitted edits."""
    found: dict[str | None, dict[str, Any]] = {}
    for record in sorted(jobs, key=lambda record: record["started"]):
        git = record["git"] or {"commit": None, "dirty": False}
        entry = found.setdefault(git["commit"], {"commit": git["commit"], "jobs": 0, "dirty": 0})
        entry["jobs"] += 1
        entry["dirty"] += git["dirty"]
    return list(found.values())


def _environments(jobs: list[Record]) -> list[dict[str, Any]]:
    """Each set of installed packages: its hash, and the versions of the main ones."""
    facts = [{key: r["environment"][key] for key in ("deployment", "python", "packages")} for r in jobs]
    return [
        {
            "deployment": each["deployment"],
            "python": each["python"],
            "main": {name: each["packages"][name] for name in MAIN if name in each["packages"]},
            "n_packages": len(each["packages"]),
            "sha256": sha256_json(each["packages"]),
            "jobs": count,
        }
        for each, count in _counted(facts)
    ]


def _machines(jobs: list[Record]) -> list[dict[str, Any]]:
    """Each kind of machine, without its name; ``hosts`` says how many there were of it."""
    kinds, hosts = [], {}
    for machine in (record["machine"] for record in jobs):
        kind = {key: machine[key] for key in ("processor", "cores", "accelerators")}
        kind["memory_gib"] = round(machine["memory_bytes"] / GIB)
        kinds.append(kind)
        hosts.setdefault(sha256_json(kind), set()).add(machine["host"])
    return [{**kind, "jobs": count, "hosts": len(hosts[sha256_json(kind)])} for kind, count in _counted(kinds)]


def _counted(facts: list[dict[str, Any]]) -> list[tuple[dict[str, Any], int]]:
    """Each different fact and how often it is there, the most frequent first."""
    found: dict[str, list[Any]] = {}
    for fact in facts:
        found.setdefault(sha256_json(fact), [fact, 0])[1] += 1
    return [(fact, count) for _, (fact, count) in sorted(found.items(), key=lambda item: (-item[1][1], item[0]))]


def _rules(records: Mapping[str, Record]) -> list[dict[str, Any]]:
    """Jobs, time and memory by rule, in the order in which rules first started; a stage is a rule's environment."""
    found = []
    for rule, members in groupby(sorted(records, key=rule_of), key=rule_of):
        mine = [records[job] for job in members]
        found.append({
            "rule": rule,
            "stage": PurePosixPath(mine[0]["environment"]["file"]).stem,
            "jobs": len(mine),
            "seconds": round(sum(record["seconds"] for record in mine), 3),
            "peak_memory_bytes": max(record["peak_memory_bytes"] for record in mine),
            "started": min(record["started"] for record in mine),
        })  # fmt: skip
    found.sort(key=lambda each: (each["started"], each["rule"]))
    return [{key: value for key, value in each.items() if key != "started"} for each in found]


def _value(value: Any, unit: str, source: str = FOLDER) -> dict[str, Any]:
    if isinstance(value, float):
        value = round(value, 3)
    text = "not recorded" if value is None else _text(value, unit)
    return {"value": value, "low": None, "high": None, "n": None, "unit": unit, "source": source, "text": text}


def _text(value: Any, unit: str) -> str:
    if unit == "time":
        return f"{value[:10]} {value[11:16]} UTC"
    if unit == "bytes":
        return f"{value / GIB:.1f} GiB"
    if unit == "US dollars":
        return f"{value:.2f}"
    if unit == "s":
        if value < MINUTE:
            return f"{value:.0f} s"
        minutes = round(value / MINUTE)
        return f"{value / MINUTE:.1f} min" if value < HOUR else f"{minutes // 60} h {minutes % 60} min"
    return grouped(value)


def _seconds(time: str) -> float:
    return datetime.fromisoformat(time).timestamp()
