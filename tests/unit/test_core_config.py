"""A study that cannot run says so before anything runs: which file, which row, which key."""

import copy
import os
from pathlib import Path

import pytest
import yaml

from emovlm.core.config import load_study, read_config
from emovlm.core.errors import StudyError

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def config(monkeypatch):
    monkeypatch.chdir(ROOT)
    return yaml.safe_load(Path("config.yaml").read_text())


def with_table(config, tmp_path, table, edit):
    """The config with one of its tables edited: ``edit`` maps the table's text."""
    changed = copy.deepcopy(config)
    path = tmp_path / f"{table}.tsv"
    path.write_text(edit(Path(config["tables"][table]).read_text()))
    changed["tables"][table] = os.fspath(path)
    return changed


def add(*cells):
    return lambda text: text + "\t".join(cells) + "\n"


def test_the_default_and_the_quick_study_are_valid(config):
    from snakemake.utils import update_config

    assert load_study(config).conditions
    quick = copy.deepcopy(config)
    update_config(quick, yaml.safe_load(Path("config/quick.yaml").read_text()))
    assert set(load_study(quick).conditions)


def test_an_unknown_key_is_named(config):
    config["organism"]["tower"]["epoch"] = 3
    with pytest.raises(StudyError, match=r"config, key organism\.tower.*'epoch' was unexpected"):
        load_study(config)


def test_a_value_out_of_range_is_named(config):
    config["synface"]["corpora"]["faces"]["micro_share"] = 1.5
    with pytest.raises(StudyError, match=r"key synface\.corpora\.faces\.micro_share: 1.5 is greater than"):
        load_study(config)


def test_a_missing_table_is_named(config):
    config["tables"]["systems"] = "config/nowhere.tsv"
    with pytest.raises(StudyError, match=r"config/nowhere\.tsv: no such table; config key tables\.systems"):
        load_study(config)


@pytest.mark.parametrize(
    ("table", "row", "said"),
    [
        ("frame_samplers", ("fps-1", "rate", "-5"), r"frame_samplers\.tsv, line \d+, key rate: -5.0 is less than"),
        ("frame_samplers", ("fps5", "rate", "5"), "two rows are called fps5"),
        ("frame_samplers", ("odd", "rate", "five"), "column rate: 'five' is not a number"),
        ("frame_samplers", ("odd", "zigzag"), r"key kind: 'zigzag' is not one of \['rate'"),
        ("frame_samplers", ("odd", "shuffled", "", "", "fps7"), "row odd, column base: unknown frame_sampler 'fps7'"),
        ("frame_samplers", ("odd", "rate"), "'rate' is a required property"),
        (
            "conditions",
            ("c", "nobody", "synface", "fps5", "none", "likelihood"),
            "row c, column system: unknown system 'nobody'",
        ),
        (
            "conditions",
            ("c", "tower", "synface", "fps5", "none", "likelihood"),
            "tower is only a part of other systems",
        ),
        (
            "conditions",
            ("c", "organism-uniform", "mafw", "fps5", "none", "likelihood"),
            "unknown dataset 'mafw'; .* has faces",
        ),
        (
            "conditions",
            ("c", "organism-uniform", "synface", "fps7", "none", "likelihood"),
            "unknown frame_sampler 'fps7'",
        ),
        (
            "conditions",
            ("c", "organism-uniform", "synface", "fps5", "poem", "likelihood"),
            "key context: 'poem' is not one of",
        ),
        (
            "conditions",
            ("C d", "organism-uniform", "synface", "fps5", "none", "likelihood"),
            "key condition: 'C d' does not match",
        ),
        (
            "conditions",
            ("c", "videomae-natural", "synface", "fps5", "none", "reply"),
            "videomae-natural gives no reply in words",
        ),
        ("systems", ("s", "vlm", "lora", "", "ghost", "natural", "synface"), "column base: unknown system 'ghost'"),
        ("systems", ("s", "vlm", "lora"), "'base' is a required property"),
        ("systems", ("s", "vlm", "none"), "'weights' is a required property"),
        ("systems", ("s", "vlm", "none", *[""] * 4, "a/b", "main"), "key revision: 'main' does not match"),
        (
            "conditions",
            ("c", "videomae-natural", "synface", "keyframes", "msce", "likelihood"),
            "videomae-natural reads no text",
        ),
        (
            "conditions",
            ("c", "organism-uniform", "synface", "fps5", "msce", "likelihood"),
            "column frames: context msce needs keyframes",
        ),
        (
            "conditions",
            ("c", "organism-uniform", "synface", "keyframes", "msce", "calibrated"),
            "calibrated is for frames without texts",
        ),
        ("systems", ("s", "vlm", "lora", "", "tower", "natural", "synface"), "column base: tower is no vlm system"),
        ("systems", ("s", "vlm", "lora", "", "organism-uniform", "natural"), "'dataset' is a required property"),
        (
            "systems",
            ("s", "vlm", "lora", "", "organism-uniform", "natural", "x"),
            "column dataset: unknown dataset 'x'",
        ),
        ("datasets", ("d", "synface", "x", "1", "CC0-1.0"), "row d, column kind: config key synface.corpora has no d"),
        ("datasets", ("d", "synface", "x", "0", "CC0-1.0"), "key n_shards: 0 is less than the minimum of 1"),
        (
            "datasets",
            ("d", "movie", "x", "1", "CC0-1.0"),
            "key kind: 'movie' is not one of",
        ),
        ("comparisons", ("x", "T1", "a", "freq-fps1", "all", "uar", "difference", "T1"), "unknown condition 'a'"),
        ("comparisons", ("x", *["T1"] * 10), "more cells than the header has columns"),
    ],
)
def test_a_wrong_row_is_named_with_its_file_and_column(config, tmp_path, table, row, said):
    with pytest.raises(StudyError, match=said):
        load_study(with_table(config, tmp_path, table, add(*row)))


ACCESS = {
    "key_variable": "SERVED_KEY", "requests_per_minute": 60, "tokens_per_request": 10_000, "timeout_s": 60,
    "attempts": 5, "budget": {"requests": 100},
}  # fmt: skip


def with_served(config, tmp_path, condition=(), access=ACCESS, **cells):
    """The config with an API system and, if ``condition`` gives its frames, context and decision, one with it."""
    row = {"system": "served", "kind": "api", "training": "none", "family": "gemini", "weights": "some-model", **cells}

    def edit(text):
        header, *rows = text.splitlines()
        columns = [*header.split("\t"), "family", "thinking_budget"]
        return "\n".join(["\t".join(columns), *rows, "\t".join(row.get(c, "") for c in columns)]) + "\n"

    changed = with_table(config, tmp_path, "systems", edit)
    if condition:
        changed = with_table(changed, tmp_path, "conditions", add("c", "served", "synface", *condition))
    return {**changed, "api": {"served": access} if access else {}}


def test_a_served_system_answers_by_its_reply_with_texts_and_without(config, tmp_path):
    for condition in (("fps5", "none", "reply"), ("keyframes", "msce", "reply")):
        study = load_study(with_served(config, tmp_path, condition, thinking_budget="0"))
        assert study.systems["served"]["thinking_budget"] == 0


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        *(
            (
                {"condition": ("fps5", "none", decision)},
                f"row c, column decision: served .* no likelihoods for {decision}",
            )
            for decision in ("likelihood", "calibrated")
        ),
        ({"condition": ("fps5", "none", "logit-adjusted")}, "served was not trained here"),
        ({"access": None}, "row served, column kind: config key api has no served"),
        ({"access": {**ACCESS, "budget": {}}}, r"config, key api\.served\.budget"),
        ({"access": {**ACCESS, "budget": {"usd": 5}}}, "'usd_per_million_prompt' is a dependency of 'usd'"),
        ({"access": {**ACCESS, "key": "sk-123"}}, "'key' was unexpected"),
        ({"family": ""}, "'family' is a required property"),
        ({"revision": "a" * 40}, "key revision: '' was expected"),
        ({"family": "openai", "thinking_budget": "0"}, "key thinking_budget: '' was expected"),
        ({"training": "pretrain", "variant": "uniform"}, r"systems\.tsv, line \d+, key"),
    ],
)
def test_a_served_system_that_cannot_work_is_refused(config, tmp_path, changes, said):
    with pytest.raises(StudyError, match=said):
        load_study(with_served(config, tmp_path, **changes))


def test_a_table_without_rows_is_an_error(config, tmp_path):
    with pytest.raises(StudyError, match="the table has no rows"):
        load_study(with_table(config, tmp_path, "systems", lambda text: text.splitlines()[0] + "\n"))


def test_a_column_that_nobody_reads_is_an_error(config, tmp_path):
    edit = lambda text: text.replace("\tabout", "\tremarks", 1)  # noqa: E731
    with pytest.raises(StudyError, match="'remarks' was unexpected"):
        load_study(with_table(config, tmp_path, "frame_samplers", edit))


@pytest.mark.parametrize(
    ("keys", "value", "said"),
    [
        (("organism", "dataset"), "nope", "key organism.dataset: unknown dataset 'nope'"),
        (("lora", "sampler"), "fps6", "key lora.sampler: unknown frame_sampler 'fps6'"),
        (("classifier", "sampler"), "fps6", "key classifier.sampler: unknown frame_sampler 'fps6'"),
        (("enrichment", "sampler"), "fps5", "key enrichment.sampler: fps5 is of kind rate, not between"),
        (("lexicon", "primary_source"), "bible", "key lexicon.primary_source: config/sources.tsv has no bible"),
        (("prompts", "motion"), "nowhere.txt", "key prompts.motion: no such file: nowhere.txt"),
        (("frames", "size"), 48, "key frames.size: 48 is not a multiple of 32"),
    ],
)
def test_a_config_value_that_names_nothing_is_named(config, keys, value, said):
    config[keys[0]][keys[1]] = value
    with pytest.raises(StudyError, match=said):
        load_study(config)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("margin: 0.2 ", "margn: 0.2 ", "'margin' is a required property|margn"),
        ("subject: freq-fps5", "subject: freq-fps6", "claim L1, key subject: unknown condition 'freq-fps6'"),
        ("fps5-vs-fps1", "fps5-vs-fps0", "claim T1, key evidence: unknown comparison 'fps5-vs-fps0'"),
        ("sampler: fps1", "sampler: fps0", "claim T3, key sampler: unknown frame_sampler 'fps0'"),
    ],
)
def test_a_claim_that_rests_on_nothing_is_named(config, tmp_path, old, new, said):
    text = Path("config/claims.yaml").read_text()
    assert old in text
    (tmp_path / "claims.yaml").write_text(text.replace(old, new))
    config["tables"]["claims"] = os.fspath(tmp_path / "claims.yaml")
    with pytest.raises(StudyError, match=said):
        load_study(config)


def test_the_papers_systems_have_claims_of_their_own_by_the_margins_of_those_they_are_named_after():
    study = load_study(read_config(".", ["config/paper.yaml"]))
    claims = study.claims["claims"]
    own = {name: stated for name, stated in claims.items() if "-" in name}
    assert {"L2-mafw", "T1-mafw", "T2-mafw", "T4-mafw", "T1-dfew", "T2-dfew", "T4-dfew"} == set(own)
    for name, stated in own.items():
        assert stated["margin"] == claims[name.split("-")[0]]["margin"]
        family = {c for c, row in study.comparisons.items() if row["family"] == name}
        assert family == {evidence["comparison"] for evidence in stated["evidence"]}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("alpha: 0.1\nclaims: {}", "more.yaml: it should have the key claims alone"),
        ("claims: {T1: {statement: x, kind: comparisons, margin: 0, evidence: []}}", "an earlier file has a claim T1"),
        ("claims: {T1-mafw: {kind: comparisons}}", "more.yaml, key claims.T1-mafw: 'statement' is a required"),
    ],
)
def test_a_second_file_of_claims_adds_to_the_first(config, tmp_path, text, said):
    (tmp_path / "more.yaml").write_text(text)
    config["tables"]["claims"] = ["config/claims.yaml", os.fspath(tmp_path / "more.yaml")]
    with pytest.raises(StudyError, match=said):
        load_study(config)


def with_column(config, tmp_path, table, column, cells):
    """The config with a column added to one of its tables: a cell by row, empty in other rows."""

    def edit(text):
        header, *rows = text.splitlines()
        return "\n".join([f"{header}\t{column}", *(f"{row}\t{cells.get(row.split()[0], '')}" for row in rows)]) + "\n"

    return with_table(config, tmp_path, table, edit)


def test_what_is_trained_on_labels_has_a_model_a_fold_and_nothing_else_has(config, tmp_path):
    study = load_study(with_column(config, tmp_path, "datasets", "folds", {"synface": "5"}))
    assert study.folds_of("organism-natural") == study.folds_of("videomae-balanced") == [1, 2, 3, 4, 5]
    assert study.folds_of("organism-frequency") == study.folds_of("tower") == [0]
    assert load_study(config).folds_of("organism-natural") == [0]


def test_a_model_of_a_fold_answers_no_other_dataset(config, tmp_path):
    config = with_column(config, tmp_path, "datasets", "folds", {"synface": "5"})
    row = add("c", "organism-natural", "faces", "fps5", "none", "likelihood")
    with pytest.raises(StudyError, match="row c, column dataset: organism-natural has a model for each fold of syn"):
        load_study(with_table(config, tmp_path, "conditions", row))


def test_a_system_may_have_a_recipe_and_prompts_of_its_own(config, tmp_path):
    config["recipes"] = {"large": {**config["lora"], "draws": 8}}
    config["prompt_sets"] = {"plain": {**config["prompts"], "motion": "README.md"}}
    config = with_column(config, tmp_path, "systems", "recipe", {"organism-natural": "large"})
    config = with_column(config, tmp_path, "systems", "prompts", {"organism-natural": "plain"})
    study = load_study(config)
    assert study.settings_of(study.recipe_of("organism-natural"))["draws"] == 8
    assert study.settings_of(study.recipe_of("organism-balanced")) == config["lora"]
    assert study.prompts_of("organism-natural")["motion"] == "README.md"
    del config["recipes"]
    with pytest.raises(StudyError, match="column recipe: config key recipes has no large"):
        load_study(config)


def with_dataset(config, tmp_path, **cells):
    """The config with a DFEW among its datasets."""
    row = {"dataset": "dfew", "kind": "dfew", "folder": "x", "n_shards": "1", "licence": "gated", **cells}

    def edit(text):
        header, *lines = text.splitlines()
        columns = list(dict.fromkeys([*header.split("\t"), *row]))
        padded = ["\t".join([*line.split("\t"), *[""] * (len(columns) - line.count("\t") - 1)]) for line in lines]
        return "\n".join(["\t".join(columns), *padded, "\t".join(row.get(c, "") for c in columns)]) + "\n"

    return with_table(config, tmp_path, "datasets", edit)


def test_a_dataset_has_its_own_classes_and_words(config, tmp_path):
    study = load_study(with_dataset(config, tmp_path, classes="dfew", per_class="100", form="frames", fps="25"))
    assert study.classes_of("dfew") == ["anger", "disgust", "fear", "happiness", "neutral", "sadness", "surprise"]
    assert study.words_of("dfew")["happy"] == "happiness"
    assert study.classes_of("synface") == study.classes and len(study.classes) == 11
    assert study.datasets["dfew"]["per_class"] == 100 and study.datasets["dfew"]["fps"] == 25.0


@pytest.mark.parametrize(
    ("cells", "said"),
    [
        ({"classes": "ferv39k"}, r"row dfew, column classes: .*lexicon\.tsv has no words in a column ferv39k"),
        ({"form": "frames"}, "'fps' is a required property"),
        ({"form": "faces"}, r"key form: 'faces' is not one of \['clips', 'frames'\]"),
        ({"per_class": "0"}, "key per_class: 0 is less than the minimum of 1"),
        ({"fps": "0"}, "key fps: 0.0 is less than or equal to the minimum of 0"),
        ({"subset": "config/nowhere.txt"}, "row dfew, column subset: no such file: config/nowhere.txt"),
    ],
)
def test_a_wrong_row_of_a_dataset_is_named(config, tmp_path, cells, said):
    with pytest.raises(StudyError, match=said):
        load_study(with_dataset(config, tmp_path, **cells))


def test_a_lexicon_may_have_the_words_of_another_dataset(config, tmp_path):
    def words(text):
        header, *lines = text.splitlines()
        own = ["joy", "joy", *[""] * (len(lines) - 2)]
        return "\n".join([f"{header}\tlabels-own", *(f"{a}\t{b}" for a, b in zip(lines, own, strict=True))]) + "\n"

    doubled = with_table(with_dataset(config, tmp_path, classes="labels-own"), tmp_path, "lexicon", words)
    with pytest.raises(StudyError, match="row dfew, column classes: two classes have the same word"):
        load_study(doubled)
    file = Path(doubled["tables"]["lexicon"])
    file.write_text(file.read_text().replace("\tjoy\n", "\tIre\n", 1))
    assert load_study(doubled).words_of("dfew") == {"Ire": "anger", "joy": "disgust"}


def test_a_table_may_be_several_files_and_its_rows_are_named_with_their_own(config, tmp_path):
    header = "system\tkind\ttraining\tvariant\n"
    more = tmp_path / "more.tsv"
    more.write_text(f"{header}other\tvlm\tpretrain\tuniform\n")
    config["tables"]["systems"] = [config["tables"]["systems"], os.fspath(more)]
    study = load_study(config)
    assert study.places["systems"]["other"] == os.fspath(more) and "organism-natural" in study.systems
    more.write_text(f"{header}tower\tvision\ttower\n")
    with pytest.raises(StudyError, match=r"config/systems\.tsv and .*more\.tsv: two rows are called tower"):
        load_study(config)


CLASSIFIER = {"kind": "vision", "training": "none", "family": "image-classification", "weights": "some/faces",
              "revision": "a" * 40}  # fmt: skip


def with_classifier(config, tmp_path, condition=("fps5", "none", "likelihood"), more=(), **cells):
    """The config with a classifier of the hub, and a condition with it by its frames, context and decision."""
    rows = [{"system": "faces", **CLASSIFIER, **cells}, *more]

    def edit(text):
        header, *lines = text.splitlines()
        columns = list(dict.fromkeys([*header.split("\t"), *(column for row in rows for column in row)]))
        return "\n".join(["\t".join(columns), *lines, *("\t".join(r.get(c, "") for c in columns) for r in rows)]) + "\n"

    changed = with_table(config, tmp_path, "systems", edit)
    return with_table(changed, tmp_path, "conditions", add("c", "faces", "synface", *condition))


@pytest.mark.parametrize(
    "cells",
    [
        {},
        {"pooling": "max_probability", "label_map": "joy=happiness", "missing_labels": "allow", "frames": "16"},
        {"family": "video-classification", "dtype": "bfloat16", "revision": ""},
    ],
)
def test_a_classifier_of_the_hub_is_a_row_and_answers_by_its_scores(config, tmp_path, cells):
    study = load_study(with_classifier(config, tmp_path, **cells))
    assert study.systems["faces"]["weights"] == "some/faces" and study.conditions["c"]["system"] == "faces"
    assert study.folds_of("faces") == [0] and study.runs_of("faces") == 1


def test_a_classifier_of_the_hub_may_be_calibrated_if_it_knows_all_classes(config, tmp_path):
    condition = ("fps5", "none", "calibrated")
    assert load_study(with_classifier(config, tmp_path, condition)).conditions["c"]["decision"] == "calibrated"
    with pytest.raises(StudyError, match="row c, column decision: faces has no scores of its own for missing labels"):
        load_study(with_classifier(config, tmp_path, condition, missing_labels="allow"))


TUNED = {"system": "tuned", "kind": "vision", "training": "classifier", "base": "faces", "sampler": "natural",
         "dataset": "synface"}  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"condition": ("fps5", "none", "reply")}, "row c, column decision: faces gives no reply in words"),
        ({"condition": ("fps5", "none", "logit-adjusted")}, "column decision: faces was not trained here"),
        ({"condition": ("keyframes", "msce", "likelihood")}, "column context: faces reads no text"),
        ({"pooling": "median"}, "key pooling: 'median' is not one of"),
        ({"missing_labels": "ignore"}, "key missing_labels: 'ignore' is not one of"),
        ({"family": "video-classification", "pooling": "mean_logit"}, "key pooling: '' was expected"),
        ({"family": "video-classification", "frames": "8"}, "key frames: '' was expected"),
        ({"family": "audio-classification"}, "key family: 'audio-classification' is not one of"),
        ({"family": ""}, "'family' is a required property"),
        ({"weights": ""}, "'weights' is a required property"),
        ({"weights": "faces"}, "key weights: 'faces' does not match"),
        ({"revision": "main"}, "key revision: 'main' does not match"),
        ({"file": "faces.pth"}, "key file: '' was expected"),
        ({"batch": "2"}, "key batch: '' was expected"),
        ({"dataset": "synface"}, "key dataset: '' was expected"),
        ({"kind": "vlm"}, r"key family: .*should not be valid"),
        ({"training": "dfer", "base": "tower", "sampler": "natural", "dataset": "synface", "recipe": "x",
          "weights": "", "revision": ""}, r"systems\.tsv, line \d+, key (training|dataset)"),
        ({"family": "mae-dfer", "label_map": "a=b", "weights": "", "revision": "", "file": "x.pth"},
         "key label_map: '' was expected"),
        ({"more": [TUNED]}, "row tuned, column base: faces is a finished classifier; not trained here"),
    ],
)  # fmt: skip
def test_a_classifier_of_the_hub_that_cannot_work_is_refused(config, tmp_path, changes, said):
    with pytest.raises(StudyError, match=said):
        load_study(with_classifier(config, tmp_path, **changes))
