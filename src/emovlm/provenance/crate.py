"""The study as a research object: an RO-Crate of profile Provenance Run Crate, made from the records of its jobs.

Source: RO-Crate 1.1 (w3id.org/ro/crate/1.1) and Workflow Run RO-Crate 0.5 (w3id.org/ro/wfrun/provenance/0.5). The crate
lists every file that jobs declare, with its hash. Clips are listed as their folder; the records, which are part of the
crate, have the hash of each.
"""

import base64
import json
import mimetypes
import os
import re
import zipfile
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Any

from emovlm.core.errors import StudyError
from emovlm.core.files import atomic, write_text
from emovlm.core.hashing import sha256_file
from emovlm.core.job import Job, paths
from emovlm.core.tables import read_yaml
from emovlm.provenance.audit.audit import audit
from emovlm.provenance.materials import MEDIA_TYPE, materials
from emovlm.provenance.planned_jobs import Plan
from emovlm.provenance.records.record import Record, job_of, record_path
from emovlm.provenance.sharing import descent, folder_of, gated, shown
from emovlm.study.load import extended

Entity = dict[str, Any]
WFRUN = "https://w3id.org/ro/wfrun"
TERMS = "https://w3id.org/ro/terms/workflow-run#"
WORKFLOW_PROFILE = "https://w3id.org/workflowhub/workflow-ro-crate/1.0"
PROFILES = {"process": "Process Run Crate", "workflow": "Workflow Run Crate", "provenance": "Provenance Run Crate"}
UNITS = {"seconds": "SEC", "peak_memory_bytes": "AD"}  # UN/CEFACT codes: second, byte
DONE = "http://schema.org/CompletedActionStatus"
METADATA = "ro-crate-metadata.json"
MATERIALS = "bill-of-materials.cdx.json"
LICENCES = {"MIT": "MIT License", "CC0-1.0": "Creative Commons Zero v1.0 Universal"}
BULKY = re.compile(r"/(raw/[^/]+/clips|frames|rig|corpora)/|\.mp4$")
"""Clips, frame stores and what packages held among the results: made or fetched again from the rest, so not packed."""
AGGREGATE = re.compile(r"/(tables|figures|paper|lexicon)/|/values\.json$|/explorer/index\.html$")
"""What of a gated dataset may be shared: figures of the whole, not what is known of each clip.

So the explorer page itself is shared, with verdicts and metrics; of data on clips it says that they are not there."""
ROOT_FILES = ("Snakefile", "Makefile", "config.yaml", "requirements.txt", "requirements.hashes.txt", "pyproject.toml",
              "README.md", "LICENSE", "CITATION.cff")  # fmt: skip
MEDIA = {".parquet": "application/vnd.apache.parquet", ".tsv": "text/tab-separated-values", ".smk": "text/plain",
         ".safetensors": "application/octet-stream", ".typ": "text/plain", ".bib": "text/plain", ".yaml": "text/plain",
         "": "text/plain", ".jinja": "text/plain", ".jsonl": "application/jsonl", MATERIALS: MEDIA_TYPE}  # fmt: skip


def write_crate(plan: Plan) -> tuple[Path, Path]:
    """Write the crate's metadata and bill of materials beside the records, and an archive with what may be shared.

    Every file is hashed first: what is packed is what the records say.

    Returns:
        ``provenance/ro-crate-metadata.json`` and ``provenance/crate.zip`` below the results.

    Raises:
        StudyError: the audit finds a break other than that something may not be shared.
    """
    report = audit(plan, full=True)
    breaks = [finding for finding in report.findings if finding.kind != "licence"]
    if breaks:
        raise StudyError(f"the audit found a break, so no crate is written: {breaks[0].says}; see emovlm audit")
    records = report.records
    folder = Path(plan.results, "provenance")
    write_text(folder / MATERIALS, materials(plan.study.config.study, records.values()))
    packed = sorted([*_packed(plan, records), f"{plan.results}/provenance/{MATERIALS}"])
    loose, archive = folder / METADATA, folder / "crate.zip"
    write_text(loose, _text(describe(plan, records, packed, f"{os.path.relpath('.', folder)}/")))
    pack = {"compression": zipfile.ZIP_DEFLATED, "strict_timestamps": False}
    with atomic(archive) as temporary, zipfile.ZipFile(temporary, "w", **pack) as crate:
        crate.writestr(METADATA, _text(describe(plan, records, packed, "")))
        for path in packed:
            crate.write(path)
    return loose, archive


def _text(crate: Entity) -> str:
    return json.dumps(crate, indent=1, ensure_ascii=False) + "\n"


def _packed(plan: Plan, records: dict[str, Record]) -> Iterator[str]:
    """Files that the crate holds: the study's sources, its records, and outputs that are small and may be shared."""
    closed = gated(plan)
    showing, made_from = shown(plan, records), descent(records)
    inside_gated = tuple(f"{folder_of(plan, dataset)}/" for dataset in closed)
    files = {each["path"]: None for name in sorted(records) for each in _declared(records[name])}
    files |= dict.fromkeys(_sources(plan))
    files |= dict.fromkeys(str(record_path(plan.results, name)) for name in sorted(records))
    for path in sorted(files):
        there = not path.startswith("<") and Path(path).is_file()
        shows = showing.get(path, set()) & set(closed)
        tells = path.startswith(inside_gated) or (
            made_from.get(path, set()) & set(closed) and not AGGREGATE.search(path)
        )
        bulky = path.startswith(f"{plan.results}/") and BULKY.search(path)
        if there and not shows and not tells and not bulky:
            yield path


def _declared(record: Record) -> list[dict]:
    """Inputs and outputs that the rule declares, with their hashes; noted files (clips) are left out."""
    return [each for each in (*record["inputs"], *record["outputs"]) if not each["noted"]]


def _sources(plan: Plan) -> list[str]:
    """The study's own files: what it takes to run it again."""
    folders = ("src/emovlm", "workflow", "config", "envs", "profiles", "paper", "explorer", "resources")
    found = [p for folder in folders for p in Path(folder).rglob("*") if p.is_file() and "__pycache__" not in p.parts]
    tables = (
        file for table in type(plan.study.config.tables).model_fields for file in plan.study.config.tables.files(table)
    )
    own = [Path(plan.places.portable(path)) for path in (*extended(".", plan.overrides), *plan.overrides, *tables)]
    return sorted(path.as_posix() for path in {*found, *own, *map(Path, ROOT_FILES)})


def describe(plan: Plan, records: dict[str, Record], packed: list[str], prefix: str) -> Entity:
    """The crate's metadata.

    Args:
        records: of all jobs.
        packed: files that are there, relative to the study's folder; others are named by their hash.
        prefix: from the crate's folder to the study's.
    """
    return _Crate(plan, records, packed, prefix).build()


class _Crate:
    """Entities of a crate by their id, added as they are needed."""

    def __init__(self, plan: Plan, records: dict[str, Record], packed: list[str], prefix: str) -> None:
        self.plan, self.records, self.packed, self.prefix = plan, records, set(packed), prefix
        self.entities: dict[str, Entity] = {}
        self.cited = read_yaml("CITATION.cff")
        self.hash_of = {e["path"]: e["sha256"] for r in records.values() for e in (*r["inputs"], *r["outputs"])}

    def add(self, identifier: str, kind: str | list[str], /, **properties: Any) -> Entity:
        """Add an entity once; returns a reference to it."""
        if identifier not in self.entities:
            given = {key: value for key, value in properties.items() if value not in (None, [], "")}
            self.entities[identifier] = {"@id": identifier, "@type": kind, **given}
        return {"@id": identifier}

    def build(self) -> Entity:
        ended = max(record["ended"] for record in self.records.values())
        licence = self.licence(self.cited["license"])
        authors = [self.person(author) for author in self.cited["authors"]]
        profiles = [
            self.add(f"{WFRUN}/{key}/0.5", "CreativeWork", name=name, version="0.5") for key, name in PROFILES.items()
        ]
        profiles.append(self.add(WORKFLOW_PROFILE, "CreativeWork", name="Workflow RO-Crate", version="1.0"))
        self.add(METADATA, "CreativeWork", about={"@id": "./"},
                 conformsTo=[{"@id": "https://w3id.org/ro/crate/1.1"}, {"@id": WORKFLOW_PROFILE}])  # fmt: skip
        self.add("./", "Dataset", name=self.cited["title"], description=self.abstract(), datePublished=_time(ended),
                 license=licence, author=authors, publisher=authors[0], conformsTo=profiles)  # fmt: skip
        for path in sorted(self.packed):
            self.file(path)
        if readme := self.entities.get(f"{self.prefix}README.md"):
            readme["about"] = {"@id": "./"}
        actions = [self.job(self.plan.jobs[name], self.records[name], authors) for name in sorted(self.records)]
        workflow = self.workflow(licence, authors)
        run = self.run(workflow, authors)
        root = self.entities["./"]
        root["mainEntity"] = workflow
        root["hasPart"] = [{"@id": i} for i, e in self.entities.items() if _is_data(e)]
        root["mentions"] = [run, *actions, {"@id": "#organize"}]
        context = ["https://w3id.org/ro/crate/1.1/context",
                   {t: TERMS + t for t in ("sha256", "resourceUsage", "ParameterConnection")}]  # fmt: skip
        return {"@context": context, "@graph": [_plain(entity) for entity in self.entities.values()]}

    def abstract(self) -> str:
        """What the crate is of, with the counts of its records."""
        jobs, study = len(self.records), self.plan.study.config.study
        return (f"One run of the study '{study}': {jobs} jobs, each with the hashes of what "
                "it read and wrote. Clips, frame stores and fetched packages are named by hash and not included; "
                "`snakemake` makes them again.")  # fmt: skip

    def licence(self, spdx: str) -> Entity:
        page = f"https://spdx.org/licenses/{spdx}"
        if spdx not in LICENCES:
            return self.add(
                f"#licence/{spdx}", "CreativeWork", name=spdx, description="as the dataset's owners state it"
            )
        return self.add(page, "CreativeWork", name=LICENCES[spdx], description=spdx, url=f"{page}.html")

    def person(self, author: dict[str, str]) -> Entity:
        """An author of CITATION.cff: a person, or a group under one name."""
        if "family-names" in author:
            name = f"{author.get('given-names', '')} {author['family-names']}".strip()
            return self.add(
                author.get("orcid", f"#{name.replace(' ', '-')}"),
                "Person",
                name=name,
                affiliation=author.get("affiliation"),
            )
        return self.add(
            f"#{author['name'].replace(' ', '-')}", "Organization", name=author["name"], url=author.get("website")
        )

    def file(self, path: str) -> Entity:
        """A file: by its place if it is there, else by its hash."""
        digest = self.hash_of.get(path)
        kind = MATERIALS if path.endswith(MATERIALS) else Path(path).suffix
        media = MEDIA.get(kind) or mimetypes.guess_type(path)[0] or "application/octet-stream"
        facts = {"name": path, "encodingFormat": media}
        if path in self.packed:
            size = str(os.path.getsize(path))
            return self.add(self.prefix + path, "File", **facts, contentSize=size, sha256=digest or sha256_file(path))
        if not digest:
            return self.add(f"#file/{path}", "CreativeWork", name=path, description="there was no such file")
        name = base64.urlsafe_b64encode(bytes.fromhex(digest)).decode().rstrip("=")
        return self.add(f"ni:///sha-256;{name}", "File", **facts, sha256=digest)  # RFC 6920

    def files(self, record: Record, side: str) -> list[Entity]:
        """Declared files of one side of a job, and the folders of noted ones (clips)."""
        paths = {each["path"]: each["noted"] and each["path"] not in self.packed for each in record[side]}
        found = [self.file(path) for path, apart in paths.items() if not apart]
        return found + [self.folder(f) for f in sorted({str(Path(p).parent) for p, apart in paths.items() if apart})]

    def folder(self, path: str) -> Entity:
        return self.add(f"#folder/{path}", "Dataset", name=path,
                        description="files whose hashes the records of the jobs list; not included")  # fmt: skip

    def rule(self, name: str, job: Job, record: Record) -> Entity:
        """A rule as a tool."""
        script = self.file(job.script)
        return self.add(f"#rule/{name}", "SoftwareApplication", name=name, description=_docstring(job.script),
                        softwareVersion=job_of(record).code,
                        softwareRequirements=self.file(record["environment"]["file"]),
                        hasPart=script)  # fmt: skip

    def job(self, job: Job, record: Record, authors: list[Entity]) -> Entity:
        """The action of one job, and the step of the workflow that controlled it."""
        tool = self.rule(job.rule, job, record)
        name = f"#job/{job.name}"
        params = [
            self.add(f"{name}/params/{key}", "PropertyValue", name=key, value=json.dumps(value, ensure_ascii=False))
            for key, value in job_of(record).params.items()
        ]  # fmt: skip
        usage = [
            self.add(f"{name}/{key}", "PropertyValue", name=key, propertyID=f"{TERMS}resourceUsage", unitCode=unit,
                     value=str(record[key]))
            for key, unit in UNITS.items()
        ]  # fmt: skip
        proof = self.file(str(record_path(self.plan.results, job.name)))
        self.add(name, "CreateAction", name=job.name, description=f"python {job.script}", instrument=tool,
                 object=[*self.files(record, "inputs"), *params], result=self.files(record, "outputs"),
                 startTime=_time(record["started"]), endTime=_time(record["ended"]), agent=authors, actionStatus=DONE,
                 resourceUsage=usage, subjectOf=proof)  # fmt: skip
        self.entities[proof["@id"]].setdefault("about", {"@id": name})
        step = self.add(f"#step/{job.rule}", "HowToStep", name=job.rule, workExample=tool)
        self.add(f"#control/{job.name}", "ControlAction", name=f"orchestrate {job.name}", instrument=step,
                 object={"@id": name}, actionStatus=DONE)  # fmt: skip
        return {"@id": name}

    def workflow(self, licence: Entity, authors: list[Entity]) -> Entity:
        """The Snakefile, with its rules as parts and the configuration as parameters."""
        language = self.add("https://w3id.org/workflowhub/workflow-ro-crate#snakemake", "ComputerLanguage",
                            name="Snakemake", identifier={"@id": "https://doi.org/10.1093/bioinformatics/bts480"},
                            url={"@id": "https://snakemake.github.io"})  # fmt: skip
        parameters = [
            self.add(f"#parameter/{key}", "FormalParameter", name=key, additionalType=_type(value), valueRequired=True)
            for key, value in self.config.items()
        ]
        named = self.file("Snakefile")
        rules = [{"@id": i} for i in self.entities if i.startswith("#rule/")]
        steps = [i for i in self.entities if i.startswith("#step/")]
        for position, step in enumerate(steps, start=1):
            self.entities[step]["position"] = str(position)
        self.entities[named["@id"]] |= {
            "@type": ["File", "SoftwareSourceCode", "ComputationalWorkflow", "HowTo"],
            "name": self.cited["title"], "version": str(self.cited["version"]), "programmingLanguage": language,
            "license": licence, "creator": authors, "author": authors, "hasPart": rules,
            "step": [{"@id": step} for step in steps], "input": parameters,
        }  # fmt: skip
        return named

    @cached_property
    def config(self) -> dict[str, Any]:
        """Every value of the configuration, by its dotted key."""
        found: dict[str, Any] = {}

        def walk(value: Any, key: str) -> None:
            if isinstance(value, dict) and value:
                for name, inner in value.items():
                    walk(inner, f"{key}.{name}" if key else str(name))
            else:
                found[key] = value

        walk(self.plan.study.config.told(), "")
        return found

    def run(self, workflow: Entity, authors: list[Entity]) -> Entity:
        """The action of the whole run, and the engine's action that organised it."""
        made = {path for job in self.plan.jobs.values() for path in paths(job.outputs)}
        read = {path for job in self.plan.jobs.values() for path in paths(job.inputs)}
        values = [
            self.add(
                f"#value/{key}",
                "PropertyValue",
                name=key,
                value=json.dumps(value),
                exampleOfWork={"@id": f"#parameter/{key}"},
            )
            for key, value in self.config.items()
        ]
        times = {"startTime": _time(min(r["started"] for r in self.records.values())),
                 "endTime": _time(max(r["ended"] for r in self.records.values()))}  # fmt: skip
        run = self.add("#run", "CreateAction", name=f"run of the study {self.plan.study.config.study}",
                       description="all jobs of the workflow, as their records have them", instrument=workflow,
                       object=[*(self.file(p) for p in sorted(read - made)), *values],
                       result=[self.file(p) for p in sorted(made - read)],
                       agent=authors, actionStatus=DONE, **times)  # fmt: skip
        version = next(iter(self.records.values()))["environment"]["packages"].get("snakemake")
        engine = self.add("https://snakemake.github.io", "SoftwareApplication", name="Snakemake",
                          softwareVersion=version, url="https://snakemake.github.io")  # fmt: skip
        controls = [{"@id": i} for i in self.entities if i.startswith("#control/")]
        self.add("#organize", "OrganizeAction", name="Snakemake runs the jobs", instrument=engine, agent=authors,
                 result=run, object=controls, actionStatus=DONE, **times)  # fmt: skip
        return run


def _plain(entity: Entity) -> Entity:
    """An entity as the specification likes it: no list of one value."""
    return {k: v[0] if isinstance(v, list) and len(v) == 1 else v for k, v in entity.items()}


def _time(text: str) -> str:
    """A record's time with its offset in digits, the one form of ISO 8601 that the profile's validator knows."""
    return text.replace("Z", "+00:00")


def _is_data(entity: Entity) -> bool:
    kinds = entity["@type"] if isinstance(entity["@type"], list) else [entity["@type"]]
    return bool({"File", "Dataset"} & set(kinds)) and entity["@id"] != "./"


def _docstring(script: str) -> str:
    match = re.match(r'"""(.+?)(\n\n|""")', Path(script).read_text(encoding="utf-8"), re.S)
    return " ".join(match[1].split()) if match else script


def _type(value: Any) -> str:
    kinds = {bool: "Boolean", int: "Integer", float: "Float", str: "Text"}
    return kinds.get(type(value), "Text")
