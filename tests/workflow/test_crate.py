"""The study as a research object: valid for the public validator, readable by other tools, nothing gated inside."""

import dataclasses
import json
import os
import subprocess
import sys
import zipfile
from html.parser import HTMLParser
from pathlib import Path

import pytest
from workflow.environments import requirements

from emovlm.core.errors import StudyError
from emovlm.core.hashing import sha256_bytes
from emovlm.provenance.audit.audit import audit, prune
from emovlm.provenance.crate import MATERIALS, _packed, write_crate
from emovlm.provenance.planned_jobs import read_plan
from emovlm.provenance.records.surroundings import plain
from tests.project import RESULTS

TOOLS = Path(sys.prefix) / "validator/bin"
SEEDER = Path(__file__).parents[1] / "validator/seed_contexts.py"
PROFILE = "provenance-run-crate-0.5"
# Recommendations that the crate does not follow, with the reason.
LEFT = {
    "process-run-crate-0.5_5.1": "rules are told apart within the study; they have no address on the web",
    "process-run-crate-0.5_3.2": "the same",
    "ro-crate-1.1_28.1": "files that are not included are named by their hash (RFC 6920), which needs no address",
    "workflow-ro-crate-1.0_8.1": "the Bioschemas profile asks for an address of the workflow",
    "ro-crate-1.1_31.2": "CITATION.cff names the authors as a group without an address",
}


@pytest.fixture(scope="module")
def crate(project, tmp_path_factory):
    """The unpacked crate of the quick study, and the paths that were written."""
    before = os.getcwd()
    os.chdir(project.path)
    try:
        loose, archive = write_crate(read_plan(".", ["config/quick.yaml"]))
    finally:
        os.chdir(before)
    folder = tmp_path_factory.mktemp("crate")
    with zipfile.ZipFile(project.path / archive) as packed:
        packed.extractall(folder)
    return folder, project.path / loose


@pytest.fixture(scope="module")
def validator(tmp_path_factory):
    """The public validator, without a network."""
    assert TOOLS.is_dir(), "the validator is missing; `make test` installs it (tests/validator/requirements.txt)"
    cache = tmp_path_factory.mktemp("validator") / "cache"
    subprocess.run([TOOLS / "python", SEEDER, cache], check=True)

    def validate(folder, severity):
        report = cache.parent / "report.json"
        subprocess.run(
            [TOOLS / "rocrate-validator", "-y", "validate", "--offline", "--cache-path", cache, "-p", PROFILE, "-l",
             severity, "--output-format", "json", "--output-file", report, folder],
            capture_output=True, text=True, check=False, env={**os.environ, "NO_COLOR": "1"},
        )  # fmt: skip
        return json.loads(report.read_text())

    return validate


def test_the_crate_is_valid_and_what_it_leaves_out_of_the_recommendations_has_reasons(crate, validator):
    folder, loose = crate
    report = validator(folder, "recommended")
    required = [issue["message"] for issue in report["issues"] if issue["severity"] == "REQUIRED"]
    assert required == [] and report["statistics"]["total_checks"] > 100
    assert {issue["check"]["identifier"] for issue in report["issues"]} == set(LEFT)
    assert validator(loose.parent, "required")["passed"]


def test_a_broken_crate_is_not_valid(crate, validator, tmp_path):
    described = json.loads((crate[0] / "ro-crate-metadata.json").read_text())
    described["@graph"] = [entity for entity in described["@graph"] if entity["@id"] != "#run"]
    (tmp_path / "ro-crate-metadata.json").write_text(json.dumps(described))
    assert not validator(tmp_path, "required")["passed"]


def test_every_job_and_every_file_is_in_the_crate_with_its_hash(crate, project):
    folder, _ = crate
    graph = {e["@id"]: e for e in json.loads((folder / "ro-crate-metadata.json").read_text())["@graph"]}
    jobs = [e for e in graph.values() if e["@type"] == "CreateAction" and e["@id"].startswith("#job/")]
    assert len(jobs) == len(list((project.path / RESULTS / "provenance/jobs").rglob("*.json")))
    files = {e["name"]: e for e in graph.values() if "File" in e["@type"] and "sha256" in e}
    present = {str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file()} - {"ro-crate-metadata.json"}
    assert present <= {*files, "Snakefile"}
    for name in present - {"Snakefile"}:
        content = (folder / name).read_bytes()
        assert files[name]["sha256"] == sha256_bytes(content), name
        assert files[name]["contentSize"] == str(len(content))
    absent = {name for name, entity in files.items() if entity["@id"] != "Snakefile"} - present
    assert f"{RESULTS}/frames/synface/0.safetensors" in absent
    assert all(files[name]["@id"].startswith("ni:///sha-256;") for name in absent)
    paper = next(e for e in jobs if e["@id"] == "#job/typeset_paper")
    assert paper["result"] == {"@id": f"{RESULTS}/paper/paper.pdf"}
    assert {"@id": f"{RESULTS}/values.json"} in paper["object"]
    assert graph["#value/statistics.resamples"]["value"] == "200"
    missing = [(e["@id"], r) for e in graph.values() for r in references(e) if r not in graph and ":" not in r]
    assert missing == []


def references(value):
    if isinstance(value, dict):
        if set(value) == {"@id"}:
            yield value["@id"]
        else:
            for inner in value.values():
                yield from references(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from references(inner)


def test_the_bill_of_materials_has_every_package_that_is_installed_and_pinned(crate):
    (bill,) = crate[0].rglob(MATERIALS)
    listed = {(each["name"], each["version"].split("+")[0]) for each in json.loads(bill.read_text())["components"]}
    pinned = {(plain(name), version) for name, version in requirements().items()}
    assert {(plain(name), version) for name, version in listed} >= pinned


def test_other_tools_read_the_crate(crate):
    done = subprocess.run([TOOLS / "runcrate", "report", crate[0]], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "action: #job/answer_clips/freq-fps5/1/0" in done.stdout
    assert f"{RESULTS}/paper/paper.pdf" in done.stdout


def names_in(archive):
    with zipfile.ZipFile(archive) as packed:
        return set(packed.namelist())


def test_nothing_of_a_gated_dataset_but_figures_of_the_whole_is_packed(gated, monkeypatch, crate):
    monkeypatch.chdir(gated.path)
    everything = {str(p.relative_to(crate[0])) for p in crate[0].rglob("*") if p.is_file()}
    plan = read_plan(".", ["config/quick.yaml"])
    prune(plan)  # the record of the page's pictures, which are gone
    _, archive = write_crate(plan)
    left_out = {name.removeprefix(f"{RESULTS}/") for name in everything - names_in(archive)}
    data = "explorer/data"
    shown = {"figures/contact_sheet.png", "figures/strips.png", "paper/paper.pdf", f"{data}/synface/strips.0.webp",
             f"{data}/synface/thumbs.0.webp"}  # fmt: skip
    per_clip = {"answers/freq-fps5.parquet", "manifests/synface.parquet", "raw/synface/truth/clips.parquet",
                "samples/synface/fps5.parquet", "models/organism-natural/1/adapter_model.safetensors",
                f"{data}/synface/clips.js", f"{data}/synface/0.js", f"{data}/answers/freq-fps5.js"}  # fmt: skip
    assert shown | per_clip <= left_out
    assert {
        "tables/metrics.csv",
        "values.json",
        "figures/fps.pdf",
        "manifests/faces.parquet",
        "explorer/index.html",
    }.isdisjoint(left_out)


def test_files_in_the_folder_of_a_gated_dataset_are_not_packed(project, monkeypatch):
    monkeypatch.chdir(project.path)
    plan = read_plan(".", ["config/quick.yaml"])
    changed = {"dataset": "closed", "folder": "resources/published", "licence": "EULA"}
    row = plan.study.datasets["synface"].model_copy(update=changed)
    study = dataclasses.replace(plan.study, datasets={**plan.study.datasets, "closed": row})
    records = audit(plan).records
    assert any(path.startswith("resources/published/") for path in _packed(plan, records))
    closed = dataclasses.replace(plan, study=study)
    assert not any(path.startswith("resources/published/") for path in _packed(closed, records))


def test_the_crate_has_what_it_takes_to_run_the_study_again(crate):
    done = subprocess.run(
        [sys.executable, "-m", "snakemake", "--workflow-profile", "profiles/default", "--dry-run", "--quiet",
         "--configfile", "config/quick.yaml"],
        cwd=crate[0], capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr + done.stdout


@pytest.mark.parametrize("file", ["provenance/jobs/typeset_paper.json", "tables/metrics.csv"])
def test_a_study_with_a_broken_chain_gives_no_crate(project, monkeypatch, file):
    monkeypatch.chdir(project.path)
    path = project.path / RESULTS / file
    before = path.read_bytes()
    try:
        path.write_bytes(before.replace(b"e", b"i", 1))
        with pytest.raises(StudyError, match=f"the audit found a break, so no crate is written: {RESULTS}/{file}"):
            write_crate(read_plan(".", ["config/quick.yaml"]))
    finally:
        path.write_bytes(before)


class Wanted(HTMLParser):
    """What a page asks for when it is opened."""

    def __init__(self):
        super().__init__()
        self.urls = []

    def handle_starttag(self, tag, attributes):
        if tag in ("script", "link", "img", "iframe", "source"):
            self.urls += [v for k, v in attributes if k in ("src", "href") and v and not v.startswith(("data:", "#"))]


def test_the_report_is_one_page_that_asks_for_nothing_else(project):
    project.run("--report", str(RESULTS / "report.html"))
    page = (project.path / RESULTS / "report.html").read_text()
    wanted = Wanted()
    wanted.feed(page)
    assert wanted.urls == []
    for said in ("Macro-F1 over the number of frames a second", "The verdict on each claim", "contact sheet"):
        assert said in page
    (project.path / RESULTS / "report.html").unlink()
