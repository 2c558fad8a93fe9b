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
    "classes": [["emotion"], ["joy"], ["fear"]],
}  # fmt: skip
ALWAYS = {"fetch_weights", "make_manifest", "decode_frames", "sample_frames", "answer_clips", "gather_answers",
          "compute_metrics", "typeset_paper", "build_explorer"}  # fmt: skip
# Rules of parts that these studies lack: rendered data, word frequency, the organism, training, published figures.
ABSENT = {"render_clips", "measure_cues", "draw_strips", "count_terms", "compare_estimators", "correlate_frequency",
          "contrast_variants", "encode_frames",
          "train_tower", "pretrain_organism", "check_organism", "finetune_lora", "sample_training", "write_true_texts",
          "measure_event_coverage", "compare_published", "reanalyse_published"}  # fmt: skip
COMPARED = {"comparisons": [["comparison", "a", "b", "metric", "claim"], ["x", "five", "keys", "macro_f1", "denser"]]}
CLAIMS = {"claims": {"denser": {"statement": "More frames help.", "kind": "comparisons", "margin": 0.02,
                                "evidence": [{"comparison": "x", "expect": "greater"}]}}}  # fmt: skip
TOLD = {"conditions": [*TABLES["conditions"], ["told", "model", "mine", "keys", "msce"]]}
ENRICHED = {"enrichment": {"sampler": "gaps", "keyframes": "keys"}}


def planned(folder: Path, tables: dict, keys: dict) -> set[str]:
    """The rules that a study with its tables in ``folder`` plans jobs of."""
    (folder / "a.txt").write_text("Which emotion? {classes}")
    for name, rows in (TABLES | tables).items():
        (folder / f"{name}.tsv").write_text("\n".join("\t".join(row) for row in rows) + "\n")
    (folder / "claims.yaml").write_text(yaml.safe_dump(CLAIMS))
    files = {name: str(folder / f"{name}.tsv") for name in TABLES | tables}
    files |= {"claims": str(folder / "claims.yaml")} if "comparisons" in tables else {}
    prompt = str(folder / "a.txt")
    config = {"study": "mine", "prompts": {"classify": prompt, "motion": prompt}, "tables": files, **keys,
              "pathvars": {name: str(folder / name) for name in ("results", "logs", "benchmarks")}}  # fmt: skip
    (folder / "config.yaml").write_text(yaml.safe_dump(config))
    done = subprocess.run(
        [sys.executable, "-m", "snakemake", "--workflow-profile", "profiles/default", "--dry-run", "--nolock",
         "--quiet", "rules", "--configfile", str(folder / "config.yaml")],
        cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT / "src")}, text=True, capture_output=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    rows = re.findall(r"^(\w+)\s+\d+$", (done.stdout + done.stderr).split("Job stats:")[1].split("total")[0], re.M)
    return set(rows) - {"all"}


@pytest.fixture(scope="module")
def least(tmp_path_factory):
    """The rules of a study with clips, a model, frames and classes alone."""
    return planned(tmp_path_factory.mktemp("least"), {}, {})


def test_a_study_without_rendered_data_and_organism_plans_what_it_can_make(least):
    assert least >= ALWAYS and not ABSENT & least


@pytest.mark.parametrize(
    ("tables", "keys", "more"),
    [
        (COMPARED, {}, {"compare_conditions", "judge_claims"}),
        (TOLD, ENRICHED, {"describe_gaps", "gather_texts"}),
    ],
    ids=["with a claim", "with enrichment"],
)
def test_a_part_adds_its_own_rules_and_no_others(least, tmp_path, tables, keys, more):
    assert planned(tmp_path, tables, keys) - least == more
