"""A study of one's own, made by the commands of docs/tutorials/your-own-study.md: no rendered data, no claims."""

import json
import os
import re
import subprocess
import sys
import zipfile
from io import BytesIO

import pandas as pd
import pytest
from pypdf import PdfReader
from sklearn.metrics import f1_score, recall_score

from tests.project import ROOT, Project
from tests.unit.evaluated import make_clips

LABELS = ("anger", "happiness", "sadness")
CONDITIONS = [f"{model}-{frames}" for model in ("tiny-qwen", "tiny-vit") for frames in ("fps1", "fps5")]
FOREIGN = re.compile(r"synface|organism|agarwal|\bL1\b|\bT[1-4]\b", re.IGNORECASE)


def commands():
    """What the tutorial types, a line each."""
    text = (ROOT / "docs/tutorials/your-own-study.md").read_text(encoding="utf-8")
    return "".join(re.findall(r"```bash\n(.*?)```", text, re.S)).splitlines()


@pytest.fixture(scope="module")
def own(tmp_path_factory):
    """The study, made by all commands of the tutorial on six clips."""
    project = Project(tmp_path_factory.mktemp("own") / "emovlm")
    project.configs = ("faces/config.yaml",)
    make_clips(project.path / "clips", LABELS)
    for line in commands():
        done = shell(project, line)
        assert done.returncode == 0, f"{line}\n{done.stdout[-3000:]}{done.stderr[-3000:]}"
        project.said = done.stdout
    return project


def shell(project, line):
    """Type one command of the package, Python or Snakemake in the clone."""
    program, *arguments = line.split()
    module = {"python": [], "emovlm": ["-m", "emovlm.cli"], "snakemake": ["-m", "snakemake"]}[program]
    profile = ["--workflow-profile", project.profile] if program == "snakemake" else []
    return subprocess.run(
        [sys.executable, *module, *arguments, *profile], cwd=project.path, text=True, capture_output=True, check=False,
        env={**os.environ, "PYTHONPATH": "src", "HF_HUB_OFFLINE": "1"},
    )  # fmt: skip


def text_of(own):
    pages = PdfReader(BytesIO((own.path / "faces/results/paper/paper.pdf").read_bytes())).pages
    return " ".join(" ".join(page.extract_text() for page in pages).split())


def test_the_report_has_the_sections_of_the_study_and_its_numbers(own):
    text = text_of(own)
    for section in ("What was evaluated", "Results", "Planned comparisons", "Classes", "Probabilities", "The run"):
        assert section in text, section
    for picture in ("classes", "confusion", "reliability", "fps"):
        assert f"fig-{picture}" in text, picture
    assert "Further figures" not in text and "Claims" not in text
    answers = {c: pd.read_parquet(own.path / f"faces/results/answers/{c}.parquet") for c in CONDITIONS}
    metrics = pd.read_csv(own.path / "faces/results/tables/metrics.csv").query("clips == 'all'")
    metrics = metrics.set_index(["condition", "metric"])["value"]
    for condition, frame in answers.items():
        assert len(frame) == 2 * len(LABELS) and set(frame["status"]) == {"ok"}
        given = {"labels": LABELS, "average": "macro", "zero_division": 0}
        expected = {
            "macro_f1": f1_score(frame["label"], frame["prediction"], **given),
            "uar": recall_score(frame["label"], frame["prediction"], **given),
            "accuracy": (frame["label"] == frame["prediction"]).mean(),
        }
        for metric, value in expected.items():
            assert metrics[condition, metric] == pytest.approx(value), (condition, metric)
            assert f"{value:.2f}" in text
    comparisons = pd.read_csv(own.path / "faces/results/tables/comparisons.csv")
    assert list(comparisons["family"].value_counts(sort=False)) == [2, 2]
    for row in comparisons.itertuples():
        difference = metrics[row.a, "macro_f1"] - metrics[row.b, "macro_f1"]
        assert row.difference == pytest.approx(difference), row.comparison


def test_the_page_has_the_clips_with_pictures_and_all_answers(own):
    data = own.path / "faces/results/explorer/data"
    assert (own.path / "faces/results/explorer/index.html").is_file()
    assert {path.stem for path in (data / "answers").iterdir()} == set(CONDITIONS)
    clips = (data / "clips/clips.js").read_text(encoding="utf-8")
    for label in LABELS:
        assert f"clips/{label}/1" in clips
    assert list(data.glob("clips/thumbs.*.webp")) and list(data.glob("clips/strips.*.webp"))


def test_nothing_of_the_default_study_is_in_it(own):
    results = own.path / "faces/results"
    assert not any((results / name).exists() for name in ("raw", "rig", "lexicon", "captions", "texts"))
    assert not any((results / f"tables/{name}.csv").exists() for name in ("claims", "contrasts", "cues"))
    assert not FOREIGN.search(text_of(own))
    for path in [results / "values.json", *results.glob("tables/**/*.*sv"), *results.glob("figures/*.svg")]:
        assert not FOREIGN.search(path.read_text(encoding="utf-8")), path


def test_every_link_is_whole_and_a_prompt_reruns_what_follows_from_it_alone(own):
    assert "every link holds" in own.said  # the tutorial's last command is the audit
    assert own.would_run() == {}
    prompt = own.path / "faces/prompts/classify.txt"
    before = prompt.read_text(encoding="utf-8")
    prompt.write_text("Which of {classes} does the face show?\n", encoding="utf-8")
    try:
        jobs = own.would_run()
        assert jobs["answer_clips"] == len(CONDITIONS)
        assert not {"fetch_weights", "make_manifest", "decode_frames", "sample_frames"} & set(jobs)
        report = json.loads(shell(own, "emovlm audit --json --configfile faces/config.yaml").stdout)
        assert {finding["path"] for finding in report["findings"]} == {"faces/prompts/classify.txt"}
    finally:
        prompt.write_text(before, encoding="utf-8")
    assert own.would_run() == {}


def test_the_crate_has_no_picture_of_the_clips(own):
    done = shell(own, "emovlm crate --configfile faces/config.yaml")
    assert done.returncode == 0, done.stderr
    names = zipfile.ZipFile(own.path / "faces/results/provenance/crate.zip").namelist()
    assert "faces/config.yaml" in names and "faces/conditions.tsv" in names
    assert not any(name.endswith((".webp", ".mp4")) or ("explorer/" in name and "results" in name) for name in names)
