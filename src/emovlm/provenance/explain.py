"""Where a number of the paper comes from: files, parameters, code lines, model and clips, in under a page."""

import ast
import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from emovlm.core.contracts.data import MANIFEST
from emovlm.core.errors import StudyError
from emovlm.core.files import read_json
from emovlm.core.io import read_table
from emovlm.core.job import Job, paths
from emovlm.provenance.account import FILE as ACCOUNT
from emovlm.provenance.audit.audit import audit
from emovlm.provenance.planned_jobs import Plan
from emovlm.provenance.records.record import Record, job_of
from emovlm.report.references import references

MOST = 12  # ids that a search lists
WIDTH = 130  # characters of a list of parameters


def explain(plan: Plan, asked: str) -> list[str]:
    """Lines of text about one value.

    Args:
        asked: the id of a value, or part of one, or a number as it is printed; if several values fit, they are listed.

    Raises:
        StudyError: there are no values yet, or none fits.
    """
    path, account = Path(plan.results, "values.json"), Path(plan.results, ACCOUNT)
    if not path.is_file():
        raise StudyError(f"{path}: no values yet; make the study first, or name its configuration with --configfile")
    try:
        values = read_json(path) | (read_json(account)["values"] if account.is_file() else {})
        _ = [(value["text"], value["source"]) for value in values.values()]
    except (OSError, ValueError, AttributeError, TypeError, KeyError):
        raise StudyError(f"{path}: the file does not hold the values of a study; see emovlm audit {path}") from None
    if asked not in values:
        fitting = [
            n for n, v in values.items() if asked in n or _printed(v["text"]) == asked.replace("-", "\N{MINUS SIGN}")
        ]
        if not fitting:
            raise StudyError(f"{asked}: no value has this id or this printed form; {path} lists all {len(values)}")
        if len(fitting) > 1:
            more = [f"… and {len(fitting) - MOST} more"] if len(fitting) > MOST else []
            return [
                f"{len(fitting)} values fit {asked}:",
                *(f"  {n} = {values[n]['text']}" for n in fitting[:MOST]),
                *more,
            ]
        asked = fitting[0]
    value = values[asked]
    path = account if asked.startswith("run.") else path
    file, _, key = value["source"].partition(": ")
    source = f"{plan.results}/{file}" if Path(plan.results, file).is_file() else file
    row = _row(source, key)
    lines = [f"{asked} = {value['text']}" + (f"   (n = {value['n']})" if value["n"] else "") + f"   [{value['unit']}]"]
    paper = Path(plan.study.config.paper.source)
    printed = (
        ", ".join(_printed_at(asked, paper)) or f"{paper} names no such id; it may be in a table or a figure there"
    )
    lines += [f"  printed   {printed}"]
    lines += [f"  read from {source}" + (f", row {key}" if key else "") + (f": {_scalars(row)}" if row else "")]
    conditions = _conditions(plan, asked, row)
    jobs = _chain(plan, path.as_posix(), source, conditions)
    report = audit(plan, [str(path)])
    holds = "every link of it holds" if report.ok else f"BROKEN, see emovlm audit {path}: {report.findings[0].says}"
    for name in conditions:
        shown = {k: v for k, v in plan.study.conditions[name].told().items() if k not in ("condition", "claims")}
        lines += [f"  condition {name}: {_scalars(shown)}"]
    lines += ["", "  made by, from the value back to raw data:"]
    lines += [f"    {line}" for line in _rules(jobs, report.records)]
    lines += ["", *(f"  {line}" for line in (*_models(jobs, report.records), *_clips(plan, jobs)))]
    return [*lines, "", f"  the chain: {holds}"]


def _printed(text: str) -> str:
    """A value as printed, without its interval."""
    return text.partition(" [")[0]


def _printed_at(name: str, paper: Path) -> list[str]:
    return [f"{paper.parent}/{r.file}, line {r.line}" for r in references(paper) if r.id == name]


def _row(source: str, key: str) -> dict[str, str]:
    """The row of a table that has the parts of a key among its cells, empty cells left out."""
    within = Path(source).resolve().is_relative_to(Path.cwd())  # values.json may be another's
    if not (key and source.endswith(".csv") and within and Path(source).is_file()):
        return {}
    try:
        with open(source, encoding="utf-8", newline="") as handle:
            for row in csv.DictReader(handle):
                if {*key.split(", ")} <= {*map(str, row.values()), "all"}:
                    return {str(k): str(v) for k, v in row.items() if v}
    except (OSError, UnicodeDecodeError, csv.Error):
        pass  # the audit says that the table was changed
    return {}


def _conditions(plan: Plan, name: str, row: dict[str, str]) -> list[str]:
    """The conditions whose answers a value is about."""
    kind, _, rest = name.partition(".")
    study = plan.study
    if kind in ("claim", "evidence"):
        stated = study.claims.claims[rest.partition(".")[0]].told()
        about = [value for value in stated.values() if isinstance(value, str)]  # ids of conditions are among them
        planned = {**study.comparisons, **study.slopes}
        named = [value for each in stated.get("evidence", []) for value in each.values() if value in planned]
        about += [row.name for each in named for row in planned[each].asked]
    else:
        about = [row.get(column, "") for column in ("condition", "a", "b", "minus_a", "minus_b", "minus", "subject")]
        about += row.get("conditions", "").split()
        about += [rest.rpartition(".")[0]] if kind == "condition" else []
    return [each for each in dict.fromkeys(about) if each in study.conditions]


def _chain(plan: Plan, values: str, source: str, conditions: list[str]) -> list[Job]:
    """The jobs behind a value, last first: those behind its table that the conditions concern."""
    makers = {path: plan.jobs[name] for path, name in plan.makers.items()}
    others = {f"{plan.results}/answers/{name}.parquet" for name in plan.study.conditions if name not in conditions}
    found: dict[str, Job] = {}

    def visit(path: str) -> None:
        job = makers.get(path)
        if job and job.name not in found:
            found[job.name] = job
            for each in paths(job.inputs):
                if each not in others:
                    visit(each)

    if values in makers:
        found[makers[values].name] = makers[values]
    visit(source)
    return list(found.values())


def _rules(jobs: list[Job], records: dict[str, Record]) -> Iterator[str]:
    """A line or a few of each rule: how many jobs, what it made, where its code is, with which parameters it ran."""
    rules: dict[str, list[Job]] = {}
    for job in jobs:
        rules.setdefault(job.rule, []).append(job)
    for rule, members in rules.items():
        first = members[0]
        record = records.get(first.name)
        files = [path for job in members for path in paths(job.outputs)]
        made = files[0] + (f" and {len(files) - 1} more" if len(files) > 1 else "")
        params = (job_of(record) if record else first).params
        said = _scalars({k: v for k, v in params.items() if "/" not in str(v)})  # without folders
        took = sum(records[j.name]["seconds"] for j in members if j.name in records)
        ran = f"{len(members)} job{'s' if len(members) > 1 else ''}, {took:.0f} s" if record else "no record"
        code = code_line(first.script)
        if not said:
            yield f"{rule} ({ran}): {made}, by {code}"
            continue
        yield f"{rule} ({ran}): {made}"
        if len(code) + len(said) > WIDTH:
            yield f"    {code}"
            yield f"    {said}"
        else:
            yield f"    {code}, {said}"


def code_line(script: str) -> str:
    """Where the function is that a script is about, for example
    ``src/emovlm/statistics/micro_expressions.py:12 event_coverage_table``.

    Of the functions of the study's rooms that the script uses, that is the one whose name begins like the script's, or
    has most words in common with it, before all that read or load something; a script that uses none stands for itself.
    """
    tree = ast.parse(Path(script).read_text(encoding="utf-8"))
    used = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module and not node.module.startswith("emovlm.core"):
            file = Path("src", *node.module.split(".")).with_suffix(".py")
            names = {alias.name for alias in node.names} & used
            if names and file.is_file():
                parts = ast.parse(file.read_text(encoding="utf-8")).body
                functions = [part for part in parts if isinstance(part, ast.FunctionDef) and part.name in names]
                found += [(each.name, f"{file}:{each.lineno} {each.name}") for each in functions]
    if not found:
        return script
    words = Path(script).stem.split("_")

    def distance(name: str) -> tuple[bool, bool, int, int]:
        parts = name.split("_")
        return parts[0] in ("read", "load"), parts[0] != words[0], -len({*words} & {*parts}), len(parts)

    return min(found, key=lambda each: distance(each[0]))[1]


def _scalars(values: dict[str, Any]) -> str:
    text = ", ".join(f"{k} {_plain(v)}" for k, v in values.items() if isinstance(v, str | int | float))
    return text if len(text) <= WIDTH else text[: WIDTH - 1] + "…"


def _plain(value: str | float) -> str:
    """A value as people write it; fractions to four digits."""
    try:
        return str(value) if float(value).is_integer() else f"{float(value):.4g}"
    except (ValueError, OverflowError):
        return str(value)


def _models(jobs: list[Job], records: dict[str, Record]) -> Iterator[str]:
    for job in jobs:
        for each in records.get(job.name, {"outputs": []})["outputs"]:
            if each["path"].endswith(".safetensors") and "/models/" in each["path"]:
                seeds = ", ".join(map(str, records[job.name]["seeds"].values()))
                yield f"model     {each['path']} sha256 {each['sha256'][:12]}…, seed {seeds}, made {each['since']}"


def _clips(plan: Plan, jobs: list[Job]) -> Iterator[str]:
    for name, row in plan.study.datasets.items():
        path = f"{plan.results}/manifests/{name}.parquet"
        if any(path in paths(job.outputs) for job in jobs) and Path(path).is_file():
            manifest = read_table(path, MANIFEST)
            splits = manifest.groupby("split")["clip_id"].agg(["size", "first"])
            said = "; ".join(f"{n['size']} {split} clips ({n['first']}, …)" for split, n in splits.iterrows())
            yield f"clips     {name} ({row.licence}): {said}, {manifest['identity'].nunique()} people"
