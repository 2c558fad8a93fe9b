"""The paper's own study at toy size, through the rules, from data and weights in their official formats to the PDF.

A few of its conditions: each system once with frames, some with texts between them, and one model of each kind that is
trained on folds. `make test-paper` runs all. Its embedded part is the quick study again, on other cores and with
other shards, and must come out the same.
"""

import csv
import json

import pandas as pd
import pypdf
import pytest
import yaml
from workflow.environments import rules

from emovlm.core.contracts.answers import ANSWERS
from emovlm.core.contracts.data import MANIFEST
from emovlm.core.contracts.frames import SCHEDULE
from emovlm.core.contracts.statistics import PUBLISHED_COMPARISON
from emovlm.core.io import read_table
from emovlm.provenance.audit.audit import audit
from emovlm.provenance.planned_jobs import read_plan
from emovlm.provenance.records.record import rule_of
from tests.api_server import ApiServer
from tests.paper_tiny import CONFIGS, KEY, make_data
from tests.project import RESULTS, Project
from tests.workflow.test_study import COMPARED

SHORT = "config/short.yaml"
TRAINED = {"qwen2-5-vl-natural-mafw": ("fps5", "adjusted"), "hicmae-balanced-mafw": ("every4",),
           "mae-dfer-natural-dfew": ("every4",), "mae-dfer-released-dfew": ("every4",)}  # fmt: skip
INTERLEAVED = ("qwen2-5-vl", "video-llava", "emotion-qwen", "gemini-2-5-flash")  # with texts between frames as well
# What every system of the study has in common with the quick one, whatever else there is.
OTHER = ("values", "tables", "manifests", "figures", "paper", "samples", "explorer")
SAME = [g for g in COMPARED if not g.startswith(OTHER)]


def is_short(row):
    name, system, dataset = row["condition"], row["system"], row["dataset"]
    if system in TRAINED:
        return name.removeprefix(f"{system}-") in TRAINED[system]
    if "natural" in system or system.endswith(("-mafw", "-dfew")):
        return False
    shown = ("keyframes", *(["msce"] if system in INTERLEAVED else [])) if dataset == "mafw" else ()
    return name.removeprefix(f"{system}-{dataset}-") in shown


def read_tsv(path):
    return list(csv.DictReader(path.read_text().splitlines(), delimiter="\t"))


def write_short(project: Project, url: str) -> None:
    """A configuration with few of the paper's conditions, the trained systems among them, and the server's address."""
    folder = project.path / "config/paper"
    tables = {name: read_tsv(folder / f"{name}.tsv") for name in ("conditions", "systems", "comparisons")}
    kept = [row for row in tables["conditions"] if is_short(row)]
    names = {row["condition"] for row in kept}
    asked = {row["system"] for row in kept}
    chosen = {
        "conditions": kept,
        "systems": [
            row for row in tables["systems"] if row["system"] in asked or row["system"] in ("mae-dfer", "hicmae")
        ],
        "comparisons": [row for row in tables["comparisons"] if {row["a"], row["b"]} <= names],
    }
    config = yaml.safe_load((project.path / CONFIGS[-1]).read_text())["tables"]
    config["systems"] = ["config/systems.tsv", ""]
    config["claims"] = "config/claims.yaml"  # those about the paper's systems rest on comparisons that are left out
    for name, rows in chosen.items():
        path = project.path / f"config/short-{name}.tsv"
        with open(path, "w", newline="") as file:
            writer = csv.DictWriter(file, list(rows[0]), delimiter="\t", lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)
        config[name] = [config[name][0], str(path.relative_to(project.path))]
    written = {"tables": config, "api": {"gemini-2-5-flash": {"base_url": url}}}
    (project.path / SHORT).write_text(yaml.safe_dump(written))


@pytest.fixture(scope="module")
def paper(tmp_path_factory):
    """The short study after a complete run, in two shards of the embedded datasets and on three cores."""
    project = Project(tmp_path_factory.mktemp("paper") / "emovlm", *CONFIGS[1:], SHORT)
    for line in ("raw/faces\t1", "raw/synface\t1"):
        project.edit("config/quick/datasets.tsv", line, line[:-1] + "2")
    patch = pytest.MonkeyPatch()
    with ApiServer(classes=("anger", "fear", "happiness", "neutral"), refuse_every=5) as server:
        write_short(project, server.url)
        project.run(str(RESULTS / "raw/synface/truth/clips.parquet"), "--cores", "3")
        for name, value in make_data(project.path).items():
            patch.setenv(name, value)
        project.run("--cores", "3")
        yield project
    patch.undo()


def answers_of(paper, condition):
    return read_table(paper.path / RESULTS / f"answers/{condition}.parquet", ANSWERS)


def conditions(paper):
    return read_tsv(paper.path / "config/short-conditions.tsv")


def test_the_embedded_study_is_the_same_bytes_on_other_cores_with_other_shards(project, paper):
    found = {g: [p for p in (project.path / RESULTS).glob(g) if p.is_file()] for g in SAME}
    assert [g for g, paths in found.items() if not paths] == []
    names = {p.relative_to(project.path) for paths in found.values() for p in paths}
    different = [str(n) for n in sorted(names) if (project.path / n).read_bytes() != (paper.path / n).read_bytes()]
    assert different == []
    for table in ("metrics", "per_class", "confusion"):
        own, other = (pd.read_csv(p.path / RESULTS / f"tables/{table}.csv") for p in (project, paper))
        assert own.equals(other[other["condition"].isin(own["condition"])].reset_index(drop=True))


def test_every_rule_ran_in_one_of_the_two_studies(project, paper):
    assert {rule_of(name) for study in (project, paper) for name in study.records()} == set(rules())


def test_every_clip_of_every_condition_has_an_answer_or_a_reason(paper):
    for row in conditions(paper):
        manifest = read_table(paper.path / RESULTS / f"manifests/{row['dataset']}.parquet", MANIFEST)
        answers = answers_of(paper, row["condition"])
        assert set(answers["clip_id"]) == set(manifest.query("split == 'test'")["clip_id"])
        assert answers.query("status == 'ok'")["prediction"].notna().all()
        assert answers.query("status != 'ok'")["reason"].notna().all()
        classes = {c.removeprefix("score_") for c in answers.columns if c.startswith("score_")}
        assert len(classes) == (11 if row["dataset"].startswith("mafw") else 7)
        if row["system"] != "gemini-2-5-flash":
            assert (answers["status"] == "ok").all(), row["condition"]


def test_no_trained_system_scores_a_clip_that_it_was_trained_on(paper):
    scored = 0
    for row in conditions(paper):
        if row["system"] not in TRAINED:
            assert set(answers_of(paper, row["condition"])["fold"]) == {0}
            continue
        answers = answers_of(paper, row["condition"])
        manifest = read_table(paper.path / RESULTS / f"manifests/{row['dataset']}.parquet", MANIFEST)
        folds = manifest.set_index("clip_id")["fold"]
        assert answers["fold"].tolist() == folds.loc[answers["clip_id"]].tolist()
        for fold, mine in answers.groupby("fold"):
            for path in (paper.path / RESULTS / f"schedules/{row['dataset']}/fold{fold}").glob("*/*.parquet"):
                drawn = set(read_table(path, SCHEDULE)["clip_id"])
                assert drawn and not drawn & set(mine["clip_id"])
                scored += 1
    assert scored > 10


def test_refusals_are_rows_and_the_key_is_nowhere(paper):
    answers = answers_of(paper, "gemini-2-5-flash-mafw-keyframes")
    assert (answers["status"] == "failed").any() and answers.query("status == 'failed'")["reason"].str.len().gt(0).all()
    for folder in ("results", ".snakemake/log"):
        for path in (paper.path / folder).rglob("*"):
            if path.is_file() and path.stat().st_size < 1_000_000:
                assert KEY.encode() not in path.read_bytes(), path


def test_published_figures_stand_beside_and_the_paper_prints_them(paper):
    beside = read_table(paper.path / RESULTS / "tables/published_comparison.csv", PUBLISHED_COMPARISON)
    assert {"Qwen2.5-VL", "Gemini2.5-Flash", "MAE-DFER"} <= set(beside["system"])
    text = "\n".join(page.extract_text() for page in pypdf.PdfReader(paper.path / RESULTS / "paper/paper.pdf").pages)
    assert "The paper’s own systems" in text.replace("\n", " ") and "InternVL-3.0" in text


def test_nothing_is_left_to_do_and_the_audit_finds_nothing(paper, monkeypatch):
    assert paper.would_run() == {}
    monkeypatch.chdir(paper.path)
    assert audit(read_plan(".", list(paper.configs))).findings == []
    record = json.loads((paper.path / RESULTS / "provenance/jobs/fetch_weights/qwen3-vl/1.json").read_text())
    assert record["fetched"][0]["name"] == "hub:Qwen/Qwen3-VL-8B-Instruct"
