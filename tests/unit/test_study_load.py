"""A study is objects that refer to each other; its parts may be left out unless something uses them."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from tests.study_tables import ROOT, add, plain_rows, with_cells, with_table

from emovlm.core.errors import StudyError
from emovlm.study.load import load_study, read_config


@pytest.fixture
def config(monkeypatch):
    monkeypatch.chdir(ROOT)
    return read_config()


@pytest.mark.parametrize("override", [[], ["config/quick.yaml"], ["config/full.yaml"], ["config/broken.yaml"],
                                      ["config/paper.yaml"]])  # fmt: skip
def test_the_projects_studies_are_valid(config, override):
    study = load_study(read_config(".", override))
    assert study.conditions and study.comparisons and study.claims.claims


def test_a_cell_that_names_a_row_is_that_row(config):
    study = load_study(read_config(".", ["config/paper.yaml"]))
    condition = study.conditions["qwen2-5-vl-mafw-fps5"]
    assert condition.system is study.systems["qwen2-5-vl"] and condition.system.family == "qwen2.5-vl"
    assert condition.dataset is study.datasets["mafw"] and condition.dataset.folds == 5
    assert condition.frames is study.frame_samplers["fps5"] and condition.frames.rate == 5
    assert condition.claims == ["L1", "L2", "T1", "T2"] and condition.published == ["fps.5"]
    tuned = study.systems["qwen2-5-vl-natural-mafw"]
    assert tuned.sampler is study.training_samplers["natural"] and tuned.base is condition.system
    assert study.comparisons["qwen2-5-vl-mafw-rise"].a is condition
    assert study.claims.claims["T1-mafw"].evidence[0].comparison.a is condition
    assert study.frame_samplers["keyframes-shuffled"].base.kind == "keyframes"
    assert [dataset.name for dataset in study.tested] == ["dfew", "dfew-faces", "mafw", "mafw-faces", "synface"]


def test_rows_are_told_to_jobs_as_their_tables_have_them(config):
    study = load_study(config)
    for table in ("conditions", "comparisons", "frame_samplers", "training_samplers"):
        told = [row.told() for row in getattr(study, table).values()]
        written = [{k: v for k, v in row.items() if k != "about"} for row in plain_rows(Path(f"config/{table}.tsv"))]
        assert [{k: str(v).removesuffix(".0") for k, v in row.items()} for row in told] == written


def test_reading_a_study_imports_neither_networks_nor_statistics():
    """Every job of the workflow plans the study once more."""
    says = (
        "import sys; from emovlm.study.load import load_study, read_config; load_study(read_config());"
        "print(*sorted({'torch', 'transformers', 'matplotlib'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", says], cwd=ROOT, env={**os.environ, "PYTHONPATH": "src"}, text=True,
        capture_output=True, check=True,
    )  # fmt: skip
    assert done.stdout.strip() == ""


def test_what_is_trained_on_labels_has_a_model_a_fold_and_nothing_else_has(config, tmp_path):
    assert load_study(config).systems["organism-natural"].folds == [0]
    systems = load_study(with_cells(config, tmp_path, "datasets", {"synface": {"folds": "5"}})).systems
    assert systems["organism-natural"].folds == systems["videomae-balanced"].folds == [1, 2, 3, 4, 5]
    assert systems["organism-frequency"].folds == systems["tower"].folds == [0]


@pytest.mark.parametrize(("towers", "trained"), [(1, 1), (2, 2), (5, 3)])
def test_a_system_is_trained_as_often_as_the_config_says_but_for_the_tower_and_what_comes_from_outside(towers, trained):
    config = read_config(".", ["config/paper.yaml"])
    systems = load_study({**config, "replicates": 3, "organism": {**config["organism"], "towers": towers}}).systems
    asked = ("tower", "qwen2-5-vl", "organism-frequency", "organism-natural", "mae-dfer-natural-dfew")
    assert [systems[name].runs for name in asked] == [trained, 1, 3, 3, 3]


def test_a_model_of_a_fold_answers_no_other_dataset(config, tmp_path):
    config = with_cells(config, tmp_path, "datasets", {"synface": {"folds": "5"}})
    row = add("c", "organism-natural", "faces", "fps5", "none", "likelihood")
    with pytest.raises(StudyError, match="row c, column dataset: organism-natural has a model for each fold of syn"):
        load_study(with_table(config, tmp_path, "conditions", row))


def test_conditions_on_other_datasets_are_not_compared(config, tmp_path):
    config = with_table(
        config, tmp_path, "conditions", add("c", "organism-frequency", "faces", "fps5", "none", "likelihood")
    )
    row = add("x", "T1", "freq-fps5", "c", "all", "uar", "difference", "T1")
    with pytest.raises(StudyError, match="row x, column b: c is on faces and freq-fps5 on synface; their clips canno"):
        load_study(with_table(config, tmp_path, "comparisons", row))


def test_a_system_may_have_a_recipe_and_prompts_of_its_own(config, tmp_path):
    config["recipes"] = {"large": {**config["lora"], "draws": 8}}
    config["prompt_sets"] = {"plain": {**config["prompts"], "motion": "README.md"}}
    cells = {"organism-natural": {"recipe": "large", "prompts": "plain"}}
    own = with_cells(config, tmp_path, "systems", cells)
    systems = load_study(own).systems
    natural, balanced = systems["organism-natural"], systems["organism-balanced"]
    assert (natural.recipe.name, natural.recipe.draws, natural.recipe.rank) == ("large", 8, 8)
    assert (balanced.recipe.name, balanced.recipe.told()) == ("lora", config["lora"])
    assert systems["videomae-natural"].recipe.dropout == 0.1
    assert (natural.prompts.name, natural.prompts.motion, balanced.prompts.name) == ("plain", "README.md", "default")
    with pytest.raises(
        StudyError, match="row organism-natural, column recipe: config key recipes has no large; it has "
    ):
        load_study({**own, "recipes": {}})
    with pytest.raises(StudyError, match="column recipe: large is no recipe for training lora"):
        load_study({**own, "recipes": {"large": config["classifier"]}})


MINE = {
    "datasets": [["dataset", "kind", "folder"], ["mine", "folder", "clips"]],
    "systems": [["system", "kind", "family", "weights"], ["model", "vlm", "qwen2.5-vl", "owner/model"]],
    "frame_samplers": [["sampler", "kind", "rate", "count"], ["fps1", "rate", "1", ""], ["keys", "keyframes", "1", ""],
                       ["gaps", "between", "1", "2"]],
    "conditions": [["condition", "system", "dataset", "frames"], ["first", "model", "mine", "fps1"]],
    "classes": [["emotion"], ["joy"], ["fear"]],
}  # fmt: skip


@pytest.fixture
def mine(tmp_path, monkeypatch):
    """A study of one dataset and one system with weights from outside; its tables can be added to."""
    monkeypatch.chdir(tmp_path)
    Path("ask.txt").write_text("Which emotion? {classes}")
    Path("report.typ").write_text("= Report")
    config = {"study": "mine", "tables": {}, "prompts": {"classify": "ask.txt"}, "paper": {"source": "report.typ"}}

    def write(more=None, **keys):
        for table, rows in {**MINE, **(more or {})}.items():
            config["tables"][table] = f"{table}.tsv"
            Path(f"{table}.tsv").write_text("\n".join("\t".join(row) for row in rows) + "\n")
        Path("config.yaml").write_text(yaml.safe_dump({**config, **keys}))
        return read_config()

    return write


def test_a_study_needs_no_more_than_clips_a_system_frames_and_classes(mine):
    study = load_study(mine())
    condition = study.conditions["first"]
    assert (condition.context, condition.decision, condition.system.training) == ("none", "likelihood", "none")
    assert (condition.dataset.size, condition.dataset.n_shards, condition.dataset.licence) == (224, 1, "not stated")
    assert (
        study.classes == ["joy", "fear"] and study.comparisons == study.training_samplers == study.claims.claims == {}
    )
    assert study.claims.alpha == 0.05 and study.sources == []


def test_comparisons_need_no_claims(mine):
    conditions = [*MINE["conditions"], ["second", "model", "mine", "keys"]]
    comparisons = [["comparison", "a", "b", "metric"], ["x", "first", "second", "macro_f1"]]
    study = load_study(mine({"conditions": conditions, "comparisons": comparisons}))
    compared = study.comparisons["x"]
    assert (compared.claim, compared.clips, compared.test, compared.family) == (None, "all", "difference", "all")


def test_claims_may_have_any_id(mine):
    conditions = [*MINE["conditions"], ["second", "model", "mine", "keys"]]
    comparisons = [["comparison", "a", "b", "metric", "claim"], ["x", "first", "second", "macro_f1", "denser-helps"]]
    Path("claims.yaml").write_text("""
claims:
  denser-helps:
    {statement: More frames help., kind: comparisons, margin: 0.02, evidence: [{comparison: x, expect: greater}]}
""")
    config = mine({"conditions": conditions, "comparisons": comparisons})
    config["tables"]["claims"] = "claims.yaml"
    claim = load_study(config).claims.claims["denser-helps"]
    assert claim.kind == "comparisons" and claim.evidence[0].comparison.a.name == "first"


ENRICHED = {"enrichment": {"sampler": "gaps", "keyframes": "keys"}}
TOLD = {"classify": "ask.txt", "motion": "ask.txt"}
MSCE = [["condition", "system", "dataset", "frames", "context"], ["first", "model", "mine", "keys", "msce"]]
TUNED = [["system", "kind", "training", "weights", "base", "sampler", "dataset", "variant"],
         ["model", "vlm", "none", "owner/model"]]  # fmt: skip
DRAWN = [["sampler", "kind"], ["natural", "natural"]]


@pytest.mark.parametrize(
    ("tables", "keys", "said"),
    [
        ({}, {"paper": {"source": "nowhere.typ"}}, r"config, key paper\.source: no such file: nowhere\.typ"),
        ({"conditions": MSCE}, {}, "row first, column context: msce needs the config key enrichment, which is not th"),
        ({"conditions": MSCE}, ENRICHED, "column context: msce needs the config key prompts.motion, which is not the"),
        ({"datasets": [MINE["datasets"][0], ["mine", "synface", "x"]]}, {}, "column kind: config key synface.corpora"),
        ({"systems": [*TUNED, ["tuned", "vlm", "lora", "", "model", "natural", "mine"]], "training_samplers": DRAWN},
         {},         "row tuned, column recipe: the config has no key lora; write it, or name a recipe here"),
        ({"systems": [*TUNED, ["tuned", "vlm", "lora", "", "model", "natural", "mine"]]}, {},
         "column sampler: unknown training sampler 'natural': config key tables.training_samplers names no table"),
        ({"systems": [*TUNED, ["own", "vlm", "pretrain", "", "", "", "", "uniform"]],
          "caption_variants": [["variant", "exponent"], ["uniform", "0"]]}, {},
         "row own, column training: pretrain needs the config key organism, which is not there"),
        ({}, {"lexicon": {"primary_source": "books"}}, "lexicon.primary_source: no table of sources has no books"),
        ({"comparisons": [["comparison", "a", "b", "metric"], ["x", "first", "first", "tail_recall"]]}, {},
         "row x, column metric: tail_recall needs the config key statistics.tail, the rarest classes"),
        ({"comparisons": [["comparison", "a", "b", "metric", "clips"], ["x", "first", "first", "uar", "micro"]]}, {},
         "row x, column clips: only clips of rendered datasets are known to be micro; write all"),
    ],
)  # fmt: skip
def test_a_part_is_asked_for_where_something_uses_it(mine, tables, keys, said):
    with pytest.raises(StudyError, match=said):
        load_study(mine(tables, **keys))


def test_with_its_part_it_is_valid(mine):
    study = load_study(mine({"conditions": MSCE}, **ENRICHED, prompts=TOLD))
    assert study.conditions["first"].texts == "motion" and study.config.enrichment.max_new_tokens == 64


@pytest.mark.parametrize(
    ("claim", "said"),
    [
        ("kind: event_coverage, sampler: fps1", "claim A, key kind: event_coverage needs a rendered dataset"),
        ("kind: exposure, evidence: [{slope: x, expect: greater}], subject: first, intervention: first, "
         "permuted: first, control: first, language: en", "key slope: unknown slope 'x': config key tables.slopes n"),
        ("kind: opinion", "claims.yaml, claim A, key kind: 'opinion' is not one of comparisons, exposure, event_cove"),
        ("kind: comparisons, evidence: []", "claim A, key evidence: it is empty, but a value is needed"),
        ("kind: comparisons, evidence: [{comparison: x, expect: more}]", "claim A, key evidence, item 1, key "
         "comparison: unknown comparison 'x': config key tables.comparisons names no table"),
    ],
)  # fmt: skip
def test_a_claim_needs_what_it_rests_on(mine, claim, said):
    Path("claims.yaml").write_text(f"claims: {{A: {{statement: It is so., margin: 0.01, {claim}}}}}")
    config = mine()
    config["tables"]["claims"] = "claims.yaml"
    with pytest.raises(StudyError, match=said):
        load_study(config)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("margin: 0.05   ", "margn: 0.05 ", r"claim L1, key margn: there is no such key\. Did you mean margin\?"),
        ("margin: 0.05   ", "margin: -1 ", "claim L1, key margin: it must be above 0, not -1"),
        ("alpha: 0.05", "alpha: 5", r"claims\.yaml, key alpha: it must be below 1, not 5"),
        ("alpha: 0.05", "level: 5", r"claims\.yaml, key level: there is no such key\. Allowed are alpha, claims"),
        ("subject: rare-frequency-fps5", "subject: rare-fps5", "claim L1, key subject: unknown condition 'rare-fps5'"),
        ("expect: less}\n\n", "expect: more}\n\n", "claim T1, key evidence, item 2, key expect: 'more' is not one of "
         "greater, less, equal"),
        ("fps5-vs-fps1", "fps5-vs-fps0", "claim T1, key evidence, item 1, key comparison: unknown comparison 'fps5-v"),
        ("fps5-vs-fps1, ", "fps5-vs-fps1, margin: 0, ", "claim T1, key evidence, item 1, key margin: it must be abov"),
        ("slope: words", "slope: wards", "claim L1, key evidence, item 4, key slope: unknown slope 'wards'. Did you m"),
        ("sampler: fps1", "sampler: fps0", "claim T3, key sampler: unknown frame sampler 'fps0'"),
        ("  T1:", "  T.1:", r"claims\.yaml, key claims\.T\.1.*: 'T\.1' is not an id: write letters, digits and hyphe"),
    ],
)  # fmt: skip
def test_a_claim_that_rests_on_nothing_is_named(config, tmp_path, old, new, said):
    text = Path("config/claims.yaml").read_text()
    assert old in text
    (tmp_path / "claims.yaml").write_text(text.replace(old, new))
    config["tables"]["claims"] = os.fspath(tmp_path / "claims.yaml")
    with pytest.raises(StudyError, match=said):
        load_study(config)


def test_evidence_may_have_a_margin_of_its_own_by_which_its_comparison_is_tested(config, tmp_path):
    text = Path("config/claims.yaml").read_text()
    own = text.replace("frequency-order, expect: equal, margin: 0.1", "frequency-order, expect: equal, margin: 0.04")
    (tmp_path / "claims.yaml").write_text(own)
    config["tables"]["claims"] = os.fspath(tmp_path / "claims.yaml")
    study = load_study(config)
    names = ("organism-frequency-order", "organism-uniform-order", "videomae")
    assert [study.margin_of(study.comparisons[f"shuffle-{name}"]) for name in names] == [0.04, 0.1, 0.05]
    assert study.margin_of(study.slopes["words"]) == study.claims.claims["L1"].margin


def test_evidence_of_equality_is_tested_within_the_margin_that_its_claim_asks(config, tmp_path):
    also = """
  also:
    statement: Shuffled frames change little.
    kind: comparisons
    margin: 0.03
    evidence: [{comparison: shuffle-organism-frequency-order, expect: equal}]
"""
    (tmp_path / "claims.yaml").write_text(Path("config/claims.yaml").read_text() + also)
    config["tables"]["claims"] = os.fspath(tmp_path / "claims.yaml")
    said = "claim also, key evidence, item 1: shuffle-organism-frequency-order is tested within 0.1, the margin of T2, "
    with pytest.raises(StudyError, match=said):
        load_study(config)


def test_the_papers_systems_have_claims_of_their_own_by_the_margins_of_those_they_are_named_after(config):
    study = load_study(read_config(".", ["config/paper.yaml"]))
    claims = study.claims.claims
    own = {name: claim for name, claim in claims.items() if "-" in name}
    assert {"L2-mafw", "T1-mafw", "T2-mafw", "T4-mafw", "T1-dfew", "T2-dfew", "T4-dfew"} == set(own)
    for name, claim in own.items():
        assert claim.margin == claims[name.split("-")[0]].margin
        family = {row for row in study.comparisons.values() if row.family == name}
        assert family == {evidence.comparison for evidence in claim.evidence}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("alpha: 0.1\nclaims: {}", "more.yaml: it should have the key claims alone"),
        (
            "claims: {T1: {statement: x, kind: comparisons, margin: 0.01, evidence: []}}",
            "an earlier file has a claim T1",
        ),
        ("claims: {T1-mafw: {kind: comparisons}}", "more.yaml, claim T1-mafw, key statement: a value is needed, but"),
    ],
)
def test_a_second_file_of_claims_adds_to_the_first(config, tmp_path, text, said):
    (tmp_path / "more.yaml").write_text(text)
    config["tables"]["claims"] = ["config/claims.yaml", os.fspath(tmp_path / "more.yaml")]
    with pytest.raises(StudyError, match=said):
        load_study(config)


def test_claims_are_told_to_jobs_as_their_file_has_them(config):
    assert load_study(config).claims.told() == yaml.safe_load(Path("config/claims.yaml").read_text())
