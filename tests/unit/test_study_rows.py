"""A wrong row of a table says so before anything runs: which file, row and column it is, and what is allowed."""

import os
from pathlib import Path

import pytest
from tests.study_tables import ROOT, add, with_cells, with_table

from emovlm.core.errors import StudyError
from emovlm.study.conditions import Comparison, Condition
from emovlm.study.load import load_study, read_config
from emovlm.study.rows import ClassRow, Dataset, FrameSampler, Source
from emovlm.study.systems import System


@pytest.fixture
def config(monkeypatch):
    monkeypatch.chdir(ROOT)
    return read_config()


EMPTY = "the cell is empty, but"
OF_LORA = f"{EMPTY} a system of training lora needs a value"
ORGANISM = ("organism-uniform", "synface")
LORA = ("s", "vlm", "lora", "", "organism-uniform", "natural")


@pytest.mark.parametrize(
    ("table", "row", "said"),
    [
        ("frame_samplers", ("fps-1", "rate", "-5"), r"frame_samplers\.tsv, line 22, row fps-1, column rate: it must be "
         "above 0, not -5"),
        ("frame_samplers", ("fps5", "rate", "5"), "line 22: two rows are called fps5"),
        ("frame_samplers", ("odd", "rate", "five"), "row odd, column rate: 'five' is not a number"),
        ("frame_samplers", ("odd", "uniform", "", "2.5"), "row odd, column count: '2.5' is not a whole number"),
        ("frame_samplers", ("odd", "zigzag"), "row odd, column kind: 'zigzag' is not one of rate, keyframes, between"),
        ("frame_samplers", ("odd", "shuffled", "", "", "fps7"), r"row odd, column base: unknown frame sampler 'fps7'\. "
         r"Did you mean fps5\? .*frame_samplers\.tsv has fps1, fps3"),
        ("frame_samplers", ("odd", "shuffled", "", "", "odd"), "row odd: it rests on itself: odd -> odd"),
        ("frame_samplers", ("odd", "rate"), f"row odd, column rate: {EMPTY} a sampler of kind rate needs a value"),
        ("frame_samplers", ("", "rate", "5"), r"frame_samplers\.tsv, line 22, column sampler: a value is needed, but"),
        ("training_samplers", ("odd", "effective-number", "1"), "row odd, column beta: it must be below 1, not 1"),
        ("conditions", ("c", "nobody", "synface", "fps5", "none", "likelihood"), "row c, column system: unknown system "
         r"'nobody'\. .*has tower"),
        ("conditions", ("c", "tower", "synface", "fps5", "none", "likelihood"), "column system: tower is only a part"),
        ("conditions", ("c", "organism-uniform", "mafw", "fps5", "none", "likelihood"), "column dataset: "
         r"unknown dataset 'mafw'\. .* has faces, synface"),
        ("conditions", ("c", *ORGANISM, "fps7", "none", "likelihood"), "column frames: unknown frame sampler 'fps7'"),
        ("conditions", ("c", *ORGANISM, "fps5", "poem", "likelihood"), "column context: 'poem' is not one of none, m"),
        ("conditions", ("c", *ORGANISM, "fps5", "none", "coin"), "column decision: 'coin' is not one of likelihood, "),
        ("conditions", ("C d", *ORGANISM, "fps5", "none", "likelihood"), "column condition: 'C d' is not an id: write "
         "lower-case letters, digits and hyphens"),
        ("conditions", ("c", "videomae-natural", "synface", "fps5", "none", "reply"), "row c, column decision: "
         "videomae-natural is a classifier and gives no reply in words"),
        ("conditions", ("c", "videomae-natural", "synface", "fps5", "none", "mean"), "row c, column decision: mean "
         "reads labels as words after a question, and videomae-natural is a classifier, whose labels have no tokens"),
        ("conditions", ("c", "videomae-natural", "synface", "keyframes", "msce", "likelihood"), "column context: "
         "videomae-natural is a classifier and reads no text"),
        ("conditions", ("c", *ORGANISM, "fps5", "msce", "likelihood"), "column frames: context msce needs keyframes"),
        ("conditions", ("c", *ORGANISM, "keyframes", "msce", "calibrated"), "column decision: calibrated is for frames "
         "without texts"),
        ("systems", ("s", "vlm", "lora", "", "ghost", "natural", "synface"), "column base: unknown system 'ghost'"),
        ("systems", ("s", "vlm", "lora", "", "s", "natural", "synface"), "row s: it rests on itself: s -> s"),
        ("systems", ("s", "vlm", "lora"), f"row s, column base: {OF_LORA}"),
        ("systems", LORA, f"row s, column dataset: {OF_LORA}"),
        ("systems", (*LORA, "x"), "column dataset: unknown dataset 'x'"),
        ("systems", ("s", "vlm", "lora", "", "tower", "natural", "synface"), "column base: tower is no vlm system"),
        ("systems", ("s", "vlm", "none"), f"row s, column weights: {EMPTY} a system that is not trained here needs"),
        ("systems", ("s", "vlm", "none", *[""] * 4, "a/b", "main"), "column revision: 'main' is not a commit"),
        ("systems", ("s", "vlm", "none", *[""] * 4, "model"), "column weights: 'model' is not a name on the hub"),
        ("systems", (*LORA, "synface", "a/b"), "column weights: 'a/b' is given, but a system that is trained her"),
        ("datasets", ("d", "synface", "x", "1", "CC0-1.0"), "row d, column kind: config key synface.corpora has no d"),
        ("datasets", ("d", "synface", "x", "0", "CC0-1.0"), "row d, column n_shards: it must be at least 1, not 0"),
        ("datasets", ("d", "movie", "x", "1", "CC0-1.0"), "column kind: 'movie' is not one of synface, mafw, dfew, f"),
        ("comparisons", ("x", "T1", "a", "freq-fps1", "all", "uar", "difference", "T1"), "row x, column a: unknown "
         r"condition 'a'\. config/conditions\.tsv has 49 others"),
        ("comparisons", ("x", "T9", "freq-fps1", "freq-fps5", "all", "uar", "difference", "T1"), "row x, column claim: "
         r"unknown claim 'T9'\. There are L1, L2"),
        ("comparisons", ("x", "", "freq-fps1", "freq-fps5", "all", "uar", "equivalence", "T1"), "column claim: an "
         "equivalence test needs a claim"),
        ("comparisons", ("x", "T1", "freq-fps1", "freq-fps5", "all", "war", "difference", "T1"), "column metric: 'war' "
         "is not one of accuracy, "),
        ("comparisons", ("x", *["T1"] * 12), "more cells than the header has columns"),
        ("slopes", ("s", "L1", "freq-fps5 videomae-natural", "all", "within"), "row s, column conditions: the syst"),
        ("slopes", ("s", "L1", "natural-fps5 balanced-fps5", "all", "within"), "column conditions: a slope within cla"),
        ("slopes", ("s", "L1", "freq-fps5 freq-fps5", "all", "within"), "column conditions: .*is listed twice"),
        ("slopes", ("s", "L1", "freq-fps5 unif-fps5", "all", "within", "long-fps5"), "column minus: .*long-fps5"),
        ("slopes", ("s", "L1", "freq-fps5", "all", "across"), f"row s, column minus: {EMPTY} a slope across classes"),
        ("slopes", ("s", "L1", "freq-fps5 unif-fps5", "all", "across", "long-fps5"), "column conditions: 2 are liste"),
        ("slopes", ("s", "L1", "freq-fps5", "changed", "across", "long-fps5"), "column classes: changed is for slopes"),
        ("slopes", ("s", "L1", "freq-fps9", "all", "across", "long-fps5"), "column conditions.*unknown condition 'fre"),
        ("slopes", ("s", "L9", "freq-fps5", "all", "across", "long-fps5"), "row s, column claim: unknown claim 'L9'"),
        ("classes", ("Joy", ""), "row Joy, column emotion: 'Joy' is not a class: write "),
        ("classes", ("joy", ""), r"row joy, column emotion: no term in en names it, but word frequency is counted;"),
        ("sources", ("x", "fr", "wordfreq"), r"sources\.tsv, line 19, column language: 'fr' is n"),
    ],
)  # fmt: skip
def test_a_wrong_row_is_named_with_its_file_and_column(config, tmp_path, table, row, said):
    with pytest.raises(StudyError, match=said):
        load_study(with_table(config, tmp_path, table, add(*row)))


def test_a_difference_of_differences_needs_all_four_conditions(config, tmp_path):
    cells = {"x": {"a": "freq-fps25", "b": "freq-fps5", "metric": "uar", "minus_a": "unif-fps5"}}
    with pytest.raises(StudyError, match=f"row x, column minus_b: {EMPTY} a difference of differences needs minus_a"):
        load_study(with_cells(config, tmp_path, "comparisons", cells))
    cells["x"]["minus_b"] = "long-fps5"
    found = load_study(with_cells(config, tmp_path, "comparisons", cells)).comparisons["x"]
    assert [row.name for row in found.asked] == ["freq-fps25", "freq-fps5", "unif-fps5", "long-fps5"]


def test_a_table_without_rows_is_an_error(config, tmp_path):
    with pytest.raises(StudyError, match=r"systems\.tsv: the table has no rows"):
        load_study(with_table(config, tmp_path, "systems", lambda text: text.splitlines()[0] + "\n"))


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (
            "\tabout",
            "\tremarks",
            r"there is no column 'remarks'\. Allowed are sampler, kind, rate, count, step, base, ",
        ),
        ("\tabout", "\tkind", "two columns are called 'kind'"),
        ("\tkind", "\tabuot", r"there is no column 'abuot'\. Did you mean about\?"),
    ],
)
def test_a_column_that_nobody_reads_is_an_error(config, tmp_path, old, new, said):
    with pytest.raises(StudyError, match=rf"frame_samplers\.tsv: {said}"):
        load_study(with_table(config, tmp_path, "frame_samplers", lambda text: text.replace(old, new, 1)))


def test_a_column_that_every_row_needs_is_asked_for(config, tmp_path):
    drop = lambda text: "\n".join("\t".join(line.split("\t")[:2]) for line in text.splitlines())  # noqa: E731
    with pytest.raises(StudyError, match=r"datasets\.tsv, line 2, .*column folder: .*\(the table has no such column"):
        load_study(with_table(config, tmp_path, "datasets", drop))


def test_a_table_may_be_several_files_and_its_rows_are_named_with_their_own(config, tmp_path):
    header = "system\tkind\ttraining\tvariant\n"
    more = tmp_path / "more.tsv"
    more.write_text(f"{header}other\tvlm\tpretrain\tuniform\n")
    config["tables"]["systems"] = [config["tables"]["systems"], os.fspath(more)]
    study = load_study(config)
    assert study.systems["other"].table_file == os.fspath(more) and "organism-natural" in study.systems
    assert study.systems["other"].cell("kind") == f"{more}, line 2, row other, column kind"
    more.write_text(f"{header}tower\tvision\ttower\n")
    with pytest.raises(StudyError, match=r"config/systems\.tsv and .*more\.tsv, line 2: two rows are called tower"):
        load_study(config)


def test_a_row_may_refer_to_a_later_one(config, tmp_path):
    turn = lambda text: "\n".join([text.splitlines()[0], *text.splitlines()[:0:-1]]) + "\n"  # noqa: E731
    study = load_study(with_table(config, tmp_path, "systems", turn))
    assert next(iter(study.systems)) == "videomae-balanced"
    assert study.systems["organism-natural"].base is study.systems["organism-rare-frequency"]


def test_a_fine_tuned_system_has_what_its_base_has(config, monkeypatch):
    systems = load_study(read_config(".", ["config/paper.yaml"])).systems
    tuned = systems["qwen2-5-vl-natural-mafw"]
    assert (tuned.family, tuned.dtype, tuned.pixels, tuned.frames) == ("qwen2.5-vl", "bfloat16", 448, 256)
    assert (tuned.min_pixels, tuned.on_overflow) == (100352, "fewer_frames")
    assert tuned.weights is None and tuned.memory_gb == 48
    assert systems["mae-dfer-natural-mafw"].family == "mae-dfer" and systems["organism-natural"].family is None


def test_a_system_that_is_fine_tuned_may_have_other_pixels_than_its_base(config, tmp_path):
    own = {"qwen2-5-vl-natural-mafw": {"min_pixels": "50176", "on_overflow": "fail"}}
    config = read_config(".", ["config/paper.yaml"])
    config["tables"]["systems"] = "config/paper/systems.tsv"
    paper = with_cells(config, tmp_path, "systems", own)["tables"]["systems"]
    config["tables"]["systems"] = ["config/systems.tsv", paper]
    systems = load_study(config).systems
    tuned, base = systems["qwen2-5-vl-natural-mafw"], systems["qwen2-5-vl"]
    assert (tuned.min_pixels, tuned.on_overflow, base.min_pixels) == (50176, "fail", 100352)


def with_dataset(config, tmp_path, **cells):
    """The config with a DFEW among its datasets."""
    row = {"kind": "dfew", "folder": "x", "n_shards": "1", "licence": "gated", **cells}
    return with_cells(config, tmp_path, "datasets", {"dfew": row})


def test_a_dataset_has_its_own_classes_and_words(config, tmp_path):
    study = load_study(with_dataset(config, tmp_path, classes="dfew", per_class="100", form="frames", fps="25"))
    dfew = study.datasets["dfew"]
    assert dfew.classes == ["anger", "disgust", "fear", "happiness", "neutral", "sadness", "surprise"]
    assert dfew.words["happy"] == "happiness"
    assert study.datasets["synface"].classes == study.classes and len(study.classes) == 11
    assert (dfew.per_class, dfew.fps, dfew.size, dfew.n_shards) == (100, 25.0, 64, 1)
    assert not dfew.rendered and dfew.corpus is None
    assert study.datasets["synface"].corpus.test.clips == 495


@pytest.mark.parametrize(
    ("cells", "said"),
    [
        ({"classes": "ferv39k"}, r"row dfew, column classes: .*classes\.tsv has no words in a column ferv39k"),
        ({"form": "frames"}, f"row dfew, column fps: {EMPTY} a dataset of frame folders needs a value"),
        ({"form": "faces"}, "row dfew, column form: 'faces' is not one of clips, frames"),
        ({"per_class": "0"}, "row dfew, column per_class: it must be at least 1, not 0"),
        ({"fps": "0"}, "row dfew, column fps: it must be above 0, not 0"),
        ({"fps": "nan"}, "row dfew, column fps: 'nan' is not a number"),
        ({"size": "100"}, "row dfew, column size: it must be a multiple of 32, not 100"),
        ({"subset": "config/nowhere.txt"}, "row dfew, column subset: no such file: config/nowhere.txt"),
    ],
)
def test_a_wrong_row_of_a_dataset_is_named(config, tmp_path, cells, said):
    with pytest.raises(StudyError, match=said):
        load_study(with_dataset(config, tmp_path, **cells))


def test_classes_may_have_the_words_of_another_dataset(config, tmp_path):
    config = with_dataset(config, tmp_path, classes="labels-own")
    doubled = with_cells(
        config, tmp_path, "classes", {"anger": {"labels-own": "joy"}, "disgust": {"labels-own": "Joy"}}
    )
    with pytest.raises(StudyError, match="row dfew, column classes: two classes have the same word"):
        load_study(doubled)
    own = with_cells(config, tmp_path, "classes", {"anger": {"labels-own": "Ire"}, "disgust": {"labels-own": "joy"}})
    assert load_study(own).datasets["dfew"].words == {"Ire": "anger", "joy": "disgust"}


ACCESS = {
    "key_variable": "SERVED_KEY", "requests_per_minute": 60, "tokens_per_request": 10_000, "timeout_s": 60,
    "attempts": 5, "budget": {"requests": 100},
}  # fmt: skip


def with_served(config, tmp_path, condition=(), access=ACCESS, **cells):
    """The config with an API system and, if ``condition`` gives its frames, context and decision, one with it."""
    row = {"kind": "api", "training": "none", "family": "gemini", "weights": "some-model", **cells}
    changed = with_cells(config, tmp_path, "systems", {"served": row})
    if condition:
        changed = with_table(changed, tmp_path, "conditions", add("c", "served", "synface", *condition))
    return {**changed, "api": {"served": access} if access else {}}


@pytest.mark.parametrize("condition", [("fps5", "none", "reply"), ("keyframes", "msce", "reply"), ("fps5",)])
def test_a_served_system_answers_by_its_reply_with_texts_and_without(config, tmp_path, condition):
    study = load_study(with_served(config, tmp_path, condition, thinking_budget="0"))
    assert study.systems["served"].thinking_budget == 0 and study.systems["served"].served
    assert study.conditions["c"].decision == "reply"
    assert study.config.api["served"].told() == ACCESS


def test_a_served_system_says_how_it_is_asked(config, tmp_path):
    cells = {"family": "openai", "temperature": "0.5", "seed": "default", "length_parameter": "max_tokens",
             "image_format": "webp", "image_quality": "80", "max_request_mb": "4.5", "frames": "8",
             "in_flight": "16"}  # fmt: skip
    told = load_study(with_served(config, tmp_path, **cells)).systems["served"].told()
    assert {key: told[key] for key in cells} == {
        "family": "openai", "temperature": 0.5, "seed": "default", "length_parameter": "max_tokens",
        "image_format": "webp", "image_quality": 80, "max_request_mb": 4.5, "frames": 8, "in_flight": 16,
    }  # fmt: skip


@pytest.mark.parametrize(("decision", "found"), [("mean", "mean"), ("calibrated", "calibrated"), ("", "likelihood")])
def test_a_system_behind_vllm_has_scores_so_that_every_decision_may_read_them(config, tmp_path, decision, found):
    cells = {"family": "vllm", "length_parameter": "max_tokens", "in_flight": "16"}
    study = load_study(with_served(config, tmp_path, ("fps5", "none", decision), **cells))
    assert study.conditions["c"].decision == found and study.systems["served"].scores


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        *(
            (
                {"condition": ("fps5", "none", decision)},
                f"row c, column decision: served .* no likelihoods for {decision}",
            )
            for decision in ("likelihood", "mean", "per-prior", "calibrated")
        ),
        ({"condition": ("fps5", "none", "logit-adjusted")}, "served was not trained here"),
        ({"access": None}, "row served, column kind: config key api has no served"),
        (
            {"access": {**ACCESS, "budget": {}}},
            r"config, key api\.served\.budget: there is no limit; write at least one",
        ),
        ({"access": {**ACCESS, "budget": {"usd": 5}}}, r"budget\.usd_per_million_prompt: .* a limit in usd needs it"),
        (
            {"access": {**ACCESS, "key": "sk-123"}},
            r"key api\.served\.key: there is no such key\. .*Allowed are key_var",
        ),
        ({"access": {**ACCESS, "base_url": "server"}}, r"key api\.served\.base_url: 'server' is not an address"),
        ({"family": ""}, f"column family: {EMPTY} a system of kind api with training none needs a value"),
        ({"family": "fastvlm"}, "column family: 'fastvlm' is not one of gemini, openai"),
        ({"revision": "a" * 40}, "column revision: 'a+' is given, but a system behind an API has none; leave it"),
        (
            {"family": "openai", "thinking_budget": "0"},
            "column thinking_budget: 0 is given, but a system of another",
        ),
        ({"temperature": "warm"}, "column temperature: 'warm' is neither default nor a number from 0"),
        ({"temperature": "-1"}, "column temperature: '-1' is neither default nor a number from 0"),
        ({"seed": "0.5"}, "column seed: '0.5' is neither default nor a whole number from 0"),
        ({"length_parameter": "max_tokens"}, "column length_parameter: 'max_tokens' is given, but a system of ano"),
        ({"family": "openai", "length_parameter": "limit"}, "'limit' is not one of max_completion_tokens, max_tokens"),
        ({"image_format": "gif"}, "column image_format: 'gif' is not one of png, jpeg, webp"),
        ({"image_quality": "90"}, "column image_quality: 90 is given, but a system that sends no jpeg or webp has"),
        ({"image_format": "jpeg", "image_quality": "101"}, "column image_quality: it must be at most 100, not 101"),
        ({"family": "vllm", "thinking_budget": "0"}, "column thinking_budget: 0 is given, but a system of anoth"),
        ({"max_request_mb": "0"}, "column max_request_mb: it must be above 0, not 0"),
        ({"in_flight": "0"}, "column in_flight: it must be at least 1, not 0"),
        ({"kind": "vlm", "family": "", "in_flight": "4", "weights": "a/b"}, "column in_flight: 4 is given, but a"),
        ({"pixels": "64"}, "column pixels: 64 is given, but a system of kind api has none"),
        ({"training": "pretrain", "variant": "uniform"}, "column training: a system behind an API is not trained her"),
    ],
)
def test_a_served_system_that_cannot_work_is_refused(config, tmp_path, changes, said):
    with pytest.raises(StudyError, match=said):
        load_study(with_served(config, tmp_path, **changes))


@pytest.mark.parametrize(
    ("cells", "said"),
    [
        (
            {"kind": "vlm", "family": "llama", "weights": "a/b"},
            "column family: 'llama' is not one of fastvlm, qwen2.5-vl",
        ),
        ({"kind": "vlm", "family": "remote", "file": "x.bin"}, "column file: 'x.bin' is not the config.json"),
        (
            {"kind": "vision", "file": "x.pth"},
            f"column family: {EMPTY} a system of kind vision with training none needs",
        ),
        (
            {"kind": "vision", "family": "hicmae", "file": "x_{fold}.pth"},
            f"column dataset: {EMPTY} a system with a file",
        ),
        ({"kind": "vision", "family": "hicmae", "file": "x.pth", "dtype": "float32"}, "dtype: 'float32' is given"),
        (
            {"kind": "vlm", "weights": "a/b", "temperature": "0"},
            "temperature: 0.0 is given, but a system of kind vlm",
        ),
        (
            {"kind": "vlm", "family": "video-llava", "weights": "a/b", "min_pixels": "100352"},
            "column min_pixels: 100352 is given, but a system of family video-llava has none; leave it empty",
        ),
        (
            {"kind": "vlm", "family": "qwen3-vl", "weights": "a/b", "on_overflow": "cut"},
            "column on_overflow: 'cut' is not one of fail, fewer_frames",
        ),
        (
            {"kind": "vision", "family": "hicmae", "file": "x.pth", "on_overflow": "fail"},
            "column on_overflow: 'fail' is given, but a system of kind vision has none",
        ),
    ],
)
def test_a_system_with_weights_from_outside_that_cannot_work_is_refused(config, tmp_path, cells, said):
    with pytest.raises(StudyError, match=f"row s, .*{said}"):
        load_study(with_cells(config, tmp_path, "systems", {"s": {"training": "none", **cells}}))


CLASSIFIER = {"kind": "vision", "training": "none", "family": "image-classification", "weights": "some/faces",
              "revision": "a" * 40}  # fmt: skip


def with_classifier(config, tmp_path, condition=("fps5", "none", "likelihood"), more=(), **cells):
    """The config with a classifier of the hub, and a condition with it by its frames, context and decision."""
    rows = {"faces": {**CLASSIFIER, **cells}} | dict(more)
    changed = with_cells(config, tmp_path, "systems", rows)
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
    faces = study.systems["faces"]
    assert faces.weights == "some/faces" and study.conditions["c"].system is faces and faces.classifier
    assert faces.folds == [0] and faces.runs == 1


def test_a_classifier_of_the_hub_may_be_calibrated_if_it_knows_all_classes(config, tmp_path):
    condition = ("fps5", "none", "calibrated")
    assert load_study(with_classifier(config, tmp_path, condition)).conditions["c"].decision == "calibrated"
    with pytest.raises(StudyError, match="row c, column decision: faces has no scores of its own for missing labels"):
        load_study(with_classifier(config, tmp_path, condition, missing_labels="allow"))


TUNED = {"kind": "vision", "training": "classifier", "base": "faces", "sampler": "natural", "dataset": "synface"}


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"condition": ("fps5", "none", "reply")}, "row c, column decision: faces is a classifier and gives no reply"),
        ({"condition": ("fps5", "none", "mean")}, "row c, column decision: mean reads labels as words .* faces is"),
        ({"condition": ("fps5", "none", "per-prior")}, "row c, column decision: per-prior reads labels as words"),
        ({"condition": ("fps5", "none", "logit-adjusted")}, "column decision: faces was not trained here"),
        ({"condition": ("keyframes", "msce", "likelihood")}, "column context: faces is a classifier and reads no text"),
        ({"pooling": "median"}, "column pooling: 'median' is not one of mean_probability, mean_logit, max_probability"),
        ({"missing_labels": "ignore"}, "column missing_labels: 'ignore' is not one of error, allow"),
        ({"label_map": "nowhere.txt"}, "row faces, column label_map: .*nowhere.txt"),
        ({"family": "video-classification", "pooling": "mean_logit"}, "column pooling: 'mean_logit' is given"),
        ({"family": "video-classification", "frames": "8"}, "column frames: 8 is given, but a system of family vi"),
        ({"family": "audio-classification"}, "column family: 'audio-classification' is not one of mae-dfer, hicmae"),
        ({"family": ""}, f"column family: {EMPTY} a system of kind vision with training none needs a value"),
        ({"weights": ""}, f"column weights: {EMPTY} a system that is not trained here needs a value"),
        ({"weights": "faces"}, "column weights: 'faces' is not a name on the hub: write owner/model"),
        ({"revision": "main"}, "column revision: 'main' is not a commit"),
        ({"file": "faces.pth"}, "column weights: 'some/faces' is given, but a system with a file has none"),
        ({"batch": "2"}, "column batch: 2 is given, but a system of kind vision has none"),
        ({"dataset": "synface"}, "column dataset: .* a classifier of the hub has none; leave it empty"),
        ({"kind": "vlm"}, "column family: 'image-classification' is not one of fastvlm"),
        ({"training": "classifier", "base": "tower", "sampler": "natural", "dataset": "synface", "weights": "",
          "revision": ""}, "column training: a system of family image-classification is not trained here; write none"),
        ({"family": "mae-dfer", "label_map": "a=b", "weights": "", "revision": "", "file": "x.pth"},
         "column label_map: 'a=b' is given, but a system that is no classifier of the hub has none"),
        ({"more": {"tuned": TUNED}}, "row tuned, column base: faces is a finished classifier; it is not trained here"),
    ],
)  # fmt: skip
def test_a_classifier_of_the_hub_that_cannot_work_is_refused(config, tmp_path, changes, said):
    with pytest.raises(StudyError, match=said):
        load_study(with_classifier(config, tmp_path, **changes))


def test_the_models_describe_the_tables():
    """Their JSON Schemas list the columns, what each means, and the names that the code knows."""
    from emovlm.sampling.frame_samplers import SAMPLERS

    schema = FrameSampler.model_json_schema()
    assert schema["properties"]["kind"]["enum"] == list(SAMPLERS)
    assert schema["properties"]["rate"]["description"] == "frames a second"
    assert schema["required"] == ["sampler", "kind"] and schema["additionalProperties"] is False
    tables = {"datasets": Dataset, "systems": System, "conditions": Condition, "comparisons": Comparison,
              "classes": ClassRow, "sources": Source, "frame_samplers": FrameSampler}  # fmt: skip
    for table, model in tables.items():
        header = Path(ROOT, f"config/{table}.tsv").read_text(encoding="utf-8").splitlines()[0].split("\t")
        assert set(header) <= set(model.model_json_schema()["properties"])


PACKAGE = {"package": "some-texts==1.2", "sha256": "0" * 64, "members": "texts/*.txt"}
BOOKS = {"kind": "google_books", "version": "v3", "n": "1", "files": "a*.gz b*.gz"}


def with_source(config, tmp_path, **cells):
    common = {"source": "s", "language": "en", "corpus": "C", "licence": "CC0-1.0", "citation": "Someone 2020"}
    columns = Path(config["tables"]["sources"]).read_text().splitlines()[0].split("\t")
    row = {**common, **cells}
    return with_table(config, tmp_path, "sources", add(*(row.get(column, "") for column in columns)))


def test_a_source_of_each_kind_says_where_its_counts_come_from(config, tmp_path):
    def read(**cells):
        return load_study(with_source(config, tmp_path, **cells)).sources[-1]

    assert read(kind="wordfreq", source="other").told() == {
        "source": "other", "language": "en", "kind": "wordfreq", "corpus": "C", "licence": "CC0-1.0",
        "citation": "Someone 2020",
    }  # fmt: skip
    books = read(**BOOKS, years="1950-2008", totals="totals.txt")
    assert (books.files, books.n, books.told()["files"]) == (["a*.gz", "b*.gz"], 1, "a*.gz b*.gz")
    assert read(kind="corpus", **PACKAGE, documents="paragraph").members == ["texts/*.txt"]
    assert read(kind="corpus", files="crawl/*.parquet", text="text").text == "text"
    index = read(kind="infini_gram", files="pile/* c4", tokenizer="llama/tokenizer.json", tokens="1e12")
    assert (index.files, index.tokenizer) == (["pile/*", "c4"], "llama/tokenizer.json")


@pytest.mark.parametrize(
    ("cells", "said"),
    [
        ({"kind": "infinigram"}, "column kind: 'infinigram' is not one of published, wordfreq, google_books, corpus"),
        ({"kind": "published"}, f"column column: {EMPTY} a source of kind published needs a value"),
        ({"kind": "wordfreq", "citation": ""}, "column citation: a value is needed, but none is given"),
        ({"kind": "wordfreq", "licence": ""}, "column licence: a value is needed, but none is given"),
        (
            {"kind": "wordfreq", "files": "a.gz"},
            r"column files: \['a.gz'\] is given, but a source of kind wordfreq",
        ),
        ({**BOOKS, "version": ""}, f"column version: {EMPTY} a source of kind google_books needs a value"),
        ({**BOOKS, "version": "v4"}, "column version: 'v4' is not one of v2, v3"),
        ({**BOOKS, "n": "0"}, "column n: it must be at least 1, not 0"),
        ({**BOOKS, "years": "1950"}, "column years: '1950' is not a range of years: write 1950-2008"),
        ({**BOOKS, "years": "2008-1950"}, "column years: 2008-1950 ends before it begins"),
        ({**BOOKS, "text": "text"}, "column text: 'text' is given, but a source of kind google_books has none"),
        ({**BOOKS, "files": ""}, f"column files: {EMPTY} a source of kind google_books needs a value"),
        ({"kind": "corpus"}, f"column files: {EMPTY} a source of kind corpus that is from no package needs a value"),
        ({"kind": "corpus", "files": "a", "members": "b"}, "column members: .* a source from no package has none"),
        ({"kind": "corpus", **PACKAGE, "sha256": ""}, f"column sha256: {EMPTY} a source from a package needs a value"),
        ({"kind": "corpus", **PACKAGE, "files": "a"}, "column files: .* a source from a package has none; leave it"),
        ({"kind": "corpus", **PACKAGE, "package": "some"}, "column package: 'some' is not a pinned package: write nam"),
        ({"kind": "corpus", "files": "a", "documents": "page"}, "column documents: 'page' is not one of line, paragr"),
        ({"kind": "infini_gram"}, f"column files: {EMPTY} a source of kind infini_gram needs a value"),
        (
            {"kind": "infini_gram", "files": "a", "shards": "2"},
            "column shards: 2 is given, but a source of kind inf",
        ),
        (
            {"kind": "infini_gram", "files": "a", "language": "zh"},
            "column language: zh is given, but a source of kind infini_gram can be counted only in en",
        ),
        ({**BOOKS, "tokenizer": "a"}, "column tokenizer: 'a' is given, but a source of kind google_books has none"),
        ({"kind": "wordfreq", "source": "wordfreq"}, r"sources\.tsv: two rows for the source wordfreq in en"),
    ],
)
def test_a_wrong_row_of_a_source_is_named(config, tmp_path, cells, said):
    with pytest.raises(StudyError, match=said):
        load_study(with_source(config, tmp_path, **cells))
