"""A study plans what its parts allow, and no rule of a part that it lacks is asked for."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.study_tables import ROOT

TABLES = {
    "datasets": [["dataset", "kind", "folder"], ["mine", "folder", "clips"]],
    "systems": [["system", "kind", "family", "weights"], ["model", "vlm", "qwen2.5-vl", "owner/model"]],
    "frame_samplers": [["sampler", "kind", "rate", "count"], ["keys", "keyframes", "1", ""], ["fps5", "rate", "5", ""],
                       ["gaps", "between", "1", "2"]],
    "conditions": [["condition", "system", "dataset", "frames", "context"], ["five", "model", "mine", "fps5", ""],
                   ["keys", "model", "mine", "keys", ""]],
    "lexicon": [["emotion"], ["joy"], ["fear"]],
}  # fmt: skip
ALWAYS = {"fetch_weights", "make_manifest", "decode_frames", "sample_frames", "answer_clips", "gather_answers",
          "compute_metrics"}  # fmt: skip
COMPARED = {"comparisons": [["comparison", "a", "b", "metric", "claim"], ["x", "five", "keys", "macro_f1", "denser"]]}
CLAIMS = {"claims": {"denser": {"statement": "More frames help.", "kind": "comparisons", "margin": 0.02,
                                "evidence": [{"comparison": "x", "expect": "greater"}]}}}  # fmt: skip
TOLD = {"conditions": [*TABLES["conditions"], ["told", "model", "mine", "keys", "msce"]]}
ENRICHED = {"enrichment": {"sampler": "gaps", "keyframes": "keys"}, "prompts": {"classify": "a.txt", "motion": "a.txt"}}


def planned(folder: Path, tables: dict, keys: dict) -> set[str]:
    """The rules that a study in ``folder`` plans jobs of."""
    (folder / "a.txt").write_text("Which emotion? {classes}")
    for name, rows in (TABLES | tables).items():
        (folder / f"{name}.tsv").write_text("\n".join("\t".join(row) for row in rows) + "\n")
    (folder / "claims.yaml").write_text(yaml.safe_dump(CLAIMS))
    files = {name: f"{name}.tsv" for name in TABLES | tables} | keys.get("tables", {})
    config = {"study": "mine", "prompts": {"classify": "a.txt"}, **keys, "tables": files}
    (folder / "config.yaml").write_text(yaml.safe_dump(config))
    done = subprocess.run(
        [sys.executable, "-m", "snakemake", "--snakefile", str(ROOT / "Snakefile"), "--cores", "1", "--dry-run",
         "--quiet", "rules"],
        cwd=folder, env={**os.environ, "PYTHONPATH": str(ROOT / "src")}, text=True, capture_output=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    rows = re.findall(r"^(\w+)\s+\d+$", (done.stdout + done.stderr).split("Job stats:")[1].split("total")[0], re.M)
    return set(rows) - {"all"}


@pytest.mark.parametrize(
    ("tables", "keys", "more"),
    [
        ({}, {}, set()),
        (COMPARED, {"tables": {"claims": "claims.yaml"}}, {"compare_conditions", "judge_claims"}),
        (TOLD, ENRICHED, {"describe_gaps", "gather_texts"}),
    ],
    ids=["the least", "with a claim", "with enrichment"],
)
def test_a_study_without_rendered_data_and_organism_plans_what_it_can_make(tmp_path, tables, keys, more):
    assert planned(tmp_path, tables, keys) == ALWAYS | more
