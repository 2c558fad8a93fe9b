"""The quick study ends in a paper, the same one however it was run; a study that cannot run says why."""

import json
import os
import shutil
import subprocess
import sys

import pandas as pd
import pypdf
import pytest

from emovlm.core.contracts.answers import ANSWERS
from emovlm.core.contracts.data import MANIFEST
from emovlm.core.errors import StudyError
from emovlm.core.files import read_json
from emovlm.core.io import read_table
from emovlm.provenance.records.record import read_record, record_path
from emovlm.provenance.summary import summary
from tests.project import RESULTS

# What no reader should have to know the number of shards or cores for. Not the account of the run and the PDF, which
# prints it: times differ between runs.
COMPARED = [
    "values.json", "tables/*.csv", "lexicon/*.csv", "answers/*.parquet", "texts/truth/*.parquet",
    "texts/*/*/*/*.parquet", "samples/**/*.parquet",
    "schedules/**/*.parquet", "captions/**/*.parquet", "manifests/*.parquet", "raw/*/truth/*.parquet",
    "raw/*/annotations/*", "raw/*/DATASHEET.md", "models/**/*.safetensors", "models/**/*.csv", "figures/*.png",
    "figures/*.pdf", "explorer/**/*.js", "explorer/**/*.webp", "explorer/index.html",
]  # fmt: skip


def pdf_text(path):
    return "\n".join(page.extract_text() for page in pypdf.PdfReader(path).pages)


def test_every_clip_of_every_condition_has_an_answer_or_a_reason(project):
    manifest = read_table(project.path / RESULTS / "manifests/synface.parquet", MANIFEST)
    tested = set(manifest.query("split == 'test'")["clip_id"])
    paths = sorted((project.path / RESULTS / "answers").glob("*.parquet"))
    assert len(paths) == 26
    for path in paths:
        answers = read_table(path, ANSWERS)
        assert set(answers["clip_id"]) == tested
        assert answers.query("status == 'ok'")["prediction"].notna().all()
        assert answers.query("status != 'ok'")["reason"].notna().all()


def test_the_paper_prints_the_results_values(project):
    values = read_json(project.path / RESULTS / "values.json")
    text = pdf_text(project.path / RESULTS / "paper/paper.pdf")
    assert str(values["dataset.synface.test.n"]["value"]) in text
    assert values["metric.freq-fps5.macro_f1"]["text"].split()[0] in text
    rates = pd.read_csv(project.path / RESULTS / "tables/rows/frame_samplers.tsv", sep="\t", dtype=str)
    assert rates.set_index("sampler").loc["fps5", "rate"] == "5"  # as in the ids of the published curves
    assert f"{values['published.fps.Qwen2.5-VL.5.macro_f1']['value']:.2f}" in text


def test_the_paper_accounts_for_every_job_behind_it(project):
    made = read_json(project.path / RESULTS / "provenance/run.json")
    needed = project.would_run(str(RESULTS / "paper/paper.pdf"), "--forceall")
    for rule in ("account_run", "typeset_paper"):  # they come after it
        assert needed.pop(rule) == 1
    assert {each["rule"]: each["jobs"] for each in made["rules"]} == needed
    assert made["values"]["run.unrecorded"]["value"] == 0 and made["values"]["run.cpu_s"]["value"] > 0
    text = " ".join(pdf_text(project.path / RESULTS / "paper/paper.pdf").split())
    assert made["commits"][0]["commit"][:12] in text and made["environments"][0]["python"] in text
    values = read_json(project.path / RESULTS / "values.json")
    tokens = sum(each["value"] for name, each in values.items() if name.endswith(".prompt_tokens"))
    assert made["values"]["run.prompt_tokens"]["value"] == tokens > 0


def test_a_killed_job_goes_on_at_the_next_clip(project, tmp_path):
    project = project.copy(tmp_path / "emovlm")  # whose records then tell of an answer older than what it is made of
    store = project.path / RESULTS / "answers/store/freq-fps1.1.0.jsonl"
    whole = store.read_bytes()
    answers = project.path / RESULTS / "answers/freq-fps1/1/0.parquet"
    before = answers.read_bytes()
    lines = whole.splitlines(keepends=True)
    store.write_bytes(b"".join(lines[:-2]) + lines[-2][:-9])  # the last answer is lost, the one before it torn
    answers.unlink()
    (project.path / RESULTS / "provenance/jobs/answer_clips/freq-fps1/1/0.json").unlink()  # a killed job has none
    project.run(str(RESULTS / "answers/freq-fps1/1/0.parquet"))
    assert answers.read_bytes() == before
    assert len(store.read_bytes().splitlines()) == len(lines) + 1  # two computed again, the torn line still there


def test_jobs_that_share_neither_interpreters_nor_features_give_the_same_bytes(project, monkeypatch, tmp_path):
    project = project.copy(tmp_path / "emovlm")
    results = project.path / RESULTS
    answered = ("freq-fps1", "freq-fps25", "freq-msce", "natural-adjusted", "videomae-natural")
    made = [f"answers/{name}/1/0.parquet" for name in answered]
    made += ["texts/motion/organism-frequency/1/synface/0.parquet", "tables/metrics.csv", "figures/fps.pdf"]
    before = {name: (results / name).read_bytes() for name in made}
    for name in made:
        (results / name).unlink()
    shutil.rmtree(results / "answers/store")
    shutil.rmtree(results / "texts/store")
    monkeypatch.setenv("EMOVLM_FORK", "off")
    monkeypatch.setenv("EMOVLM_FEATURE_MEMORY", "0")
    project.run(*(str(RESULTS / name) for name in made))
    assert [name for name in made if (results / name).read_bytes() != before[name]] == []


def test_the_summary_prints_verdicts_and_every_condition_as_the_paper_does(project):
    command = [sys.executable, "-m", "emovlm.cli", "summary", "--configfile", "config/quick.yaml"]
    asked = subprocess.run(command, cwd=project.path, text=True, capture_output=True, check=False)
    assert asked.returncode == 0, asked.stderr
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in asked.stdout.splitlines() if "|" in line]
    values = read_json(project.path / RESULTS / "values.json")
    claims = pd.read_csv(project.path / RESULTS / "tables/claims.csv").set_index("claim")
    told = {row[0].split(":")[0]: row for row in rows if row[0].split(":")[0] in claims.index}
    assert {claim: row[1].strip("*") for claim, row in told.items()} == claims["verdict"].to_dict()
    assert told["T1"][3] == values["claim.T1.effect"]["text"]
    metrics = {row[0]: row[2] for row in rows if f"metric.{row[0]}.macro_f1" in values}
    assert metrics == {name: values[f"metric.{name}.macro_f1"]["text"] for name in metrics} and len(metrics) == 26


def test_a_study_that_did_not_run_has_no_summary(tmp_path):
    with pytest.raises(StudyError, match=r"values\.json: no such file; finish the study, or choose another"):
        summary(tmp_path)


def typeset_with(account, project, out):
    """The paper as its rule makes it, but with the account of another run; its bytes."""
    job = read_record(record_path(project.path / RESULTS, "typeset_paper"))["job"]
    job["inputs"]["run"], job["outputs"]["paper"] = str(account), str(out)
    environment = {**os.environ, "PYTHONPATH": "src"}
    command = [sys.executable, job["script"]]
    subprocess.run(command, input=json.dumps(job), text=True, cwd=project.path, env=environment, check=True)
    return out.read_bytes()


def test_a_changed_result_changes_the_paper_and_the_same_results_make_the_same_but_for_the_account(
    project, edited, tmp_path
):
    before = (project.path / RESULTS / "paper/paper.pdf").read_bytes()
    printed = pdf_text(project.path / RESULTS / "paper/paper.pdf")
    account = shutil.copy(project.path / RESULTS / "provenance/run.json", tmp_path / "run.json")
    edited("config/claims.yaml", "margin: 0.5", "margin: 0.4")
    project.run()
    assert pdf_text(project.path / RESULTS / "paper/paper.pdf") != printed
    edited("config/claims.yaml", "margin: 0.4", "margin: 0.5")
    project.run()
    assert typeset_with(account, project, tmp_path / "paper.pdf") == before


@pytest.mark.parametrize(
    ("name", "old", "new", "said"),
    [
        (
            "config/quick.yaml",
            "epochs: 1}",
            "epoch: 1}",
            "key organism.tower.epoch: there is no such key. Did you mean epochs?",
        ),
        (
            "config/quick/conditions.tsv",
            "\tfps1\t",
            "\tfps7\t",
            "row freq-fps1, column frames: unknown frame sampler 'fps7'. Did you mean fps5?",
        ),
        (
            "config/quick/conditions.tsv",
            "\torganism-frequency\t",
            "\tnobody\t",
            "column system: unknown system 'nobody'",
        ),
        ("config/frame_samplers.tsv", "rate\t1\t", "rate\t-1\t", "row fps1, column rate: it must be above 0, not -1"),
        ("workflow/scripts/answer_clips.py", "def main(", "def main((", "answer_clips.py, line "),
    ],
)
def test_a_study_that_cannot_run_says_why_in_a_sentence(project, edited, name, old, new, said):
    edited(name, old, new)
    done = project.snakemake("--dry-run")
    assert done.returncode != 0
    assert said in " ".join(done.stdout.split())
    assert "Traceback" not in done.stdout
