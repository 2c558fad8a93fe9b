"""A wrong key of the config says so before anything runs: where it is, and what is allowed. Most may be left out."""

from pathlib import Path

import pytest
import yaml
from tests.study_tables import ROOT

from emovlm.core.errors import StudyError
from emovlm.lexicon.terms import FORMS
from emovlm.study.config import Config
from emovlm.study.load import check_config, extended, load_study, read_config


@pytest.fixture
def config(monkeypatch):
    monkeypatch.chdir(ROOT)
    return read_config()


def changed(config, path, value):
    """The config with one value changed, by its dotted key; ``None`` takes it away."""
    *parts, last = path.split(".")
    inner = config
    for part in parts:
        inner = inner[part]
    if value is None:
        del inner[last]
    else:
        inner[last] = value
    return config


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("organism.tower.epoch", 3, r"key organism\.tower\.epoch: there is no such key\. Did you mean epochs\? Allowed "
         "are architecture, channels, "),
        ("reciepes", {}, r"key reciepes: there is no such key\. Did you mean recipes\? Allowed are study, seed"),
        ("synface.corpora.faces.micro_share", 1.5, r"key synface\.corpora\.faces\.micro_share: it must be at most 1, "
         r"not 1\.5"),
        ("organism.tower.channels", None, r"key organism\.tower\.channels: a value is needed, but none is"),
        ("seed", "one", "key seed: 'one' is not a whole number"),
        ("seed", True, "key seed: True is not a whole number"),
        ("seed", 1.5, "key seed: 1.5 is not a whole number"),
        ("lora.learning_rate", "1e-3", "key lora.learning_rate: '1e-3' is not a number"),
        ("study", "My study", "key study: 'My study' is not an id: write lower-case letters, digits and hyphens"),
        ("organism", [1], "key organism: .* is not a group of keys with values"),
        ("permuted_labels", ["test"], "key permuted_labels, item 1: 'test' is not one of pretrain, train"),
        ("permuted_labels", ["train", "train"], "key permuted_labels: 'train' is listed twice"),
        ("statistics.confidence", 0.9, "key statistics.confidence: 0.9 is not one of 0.95"),
        ("statistics.tail", ["joy"], "key statistics.tail: not in config/classes.tsv: joy"),
        ("lexicon.primary_form", "noun phrase", "key lexicon.primary_form: 'noun phrase' is not one of family, n"),
        ("tables.conditions", None, "key tables.conditions: a value is needed, but none is given"),
        ("tables.systems", [], "key tables.systems: it is empty, but a value is needed"),
        ("tables.systems", "config/nowhere.tsv", r"config/nowhere\.tsv: no such table; config key tables\.systems na"),
        ("frames.size", 48, r"key frames\.size: it must be a multiple of 32, not 48"),
        ("organism.dataset", "nope", r"key organism\.dataset: unknown dataset 'nope'\. config/datasets\.tsv has face"),
        ("lora.sampler", "fps6", r"key lora\.sampler: unknown frame sampler 'fps6'\. Did you mean fps5\?"),
        ("classifier.sampler", "fps6", r"key classifier\.sampler: unknown frame sampler 'fps6'"),
        ("enrichment.sampler", "fps5", r"key enrichment\.sampler: fps5 is of kind rate, not between"),
        ("enrichment.keyframes", "fps5", r"key enrichment\.keyframes: fps5 is of kind rate, not keyframes"),
        ("lexicon.primary_source", "bible", r"key lexicon\.primary_source: config/sources\.tsv has no bible for en"),
        ("prompts.motion", "nowhere.txt", r"key prompts\.motion: no such file: nowhere\.txt"),
        ("recipes", {"large": {"sampler": "fps5", "rank": 8}}, r"key recipes\.large\.draws: a value is needed"),
        ("recipes", {"large": {"crop": 0}}, r"key recipes\.large\.sampler: a value is needed, but none is given"),
    ],
)  # fmt: skip
def test_a_wrong_value_is_named_with_its_key(config, key, value, said):
    with pytest.raises(StudyError, match=f"^(config, )?{said}"):
        load_study(changed(config, key, value))


def test_a_file_without_keys_is_no_configuration(tmp_path):
    (tmp_path / "config.yaml").write_text("- a list\n")
    with pytest.raises(StudyError, match=r"config\.yaml: not a configuration; it should have keys and values"):
        read_config(tmp_path)


def test_later_files_override_earlier_ones_as_snakemake_merges_them(config):
    from snakemake.utils import update_config

    merged = yaml.safe_load(Path("config.yaml").read_text())
    for file in ("config/quick.yaml", "config/paper.yaml", "config/paper-tiny.yaml"):
        update_config(merged, yaml.safe_load(Path(file).read_text()))
    assert merged.pop("extends") == "config.yaml"
    assert read_config(".", ["config/quick.yaml", "config/paper.yaml", "config/paper-tiny.yaml"]) == merged
    assert read_config(".", ["config/quick.yaml"])["lexicon"] == read_config()["lexicon"]


@pytest.fixture
def files(tmp_path):
    """Writes configurations that change one another."""

    def write(**files):
        for name, values in files.items():
            (tmp_path / f"{name}.yaml").write_text(yaml.safe_dump(values))
        return tmp_path

    return write


def test_a_file_stands_alone_or_over_what_it_extends(files):
    root = files(
        config={"study": "default", "seed": 1, "frames": {"size": 64}},
        alone={"study": "alone"},
        large={"extends": "config.yaml", "study": "large", "frames": {"size": 224}},
        larger={"extends": "large.yaml", "frames": {"timeout_s": 5}},
        other={"extends": "config.yaml", "seed": 2},
    )
    assert read_config(root) == {"study": "default", "seed": 1, "frames": {"size": 64}}
    assert read_config(root, ["alone.yaml"]) == {"study": "alone"}
    chained = {"study": "large", "seed": 1, "frames": {"size": 224, "timeout_s": 5}}
    assert read_config(root, ["larger.yaml"]) == read_config(root, ["large.yaml", "larger.yaml"]) == chained
    assert extended(root, ["larger.yaml"]) == ["config.yaml", "large.yaml"]
    # What two files extend lies below both, and does not come again between them.
    assert extended(root, ["larger.yaml", "other.yaml"]) == ["config.yaml", "large.yaml"]
    assert read_config(root, ["larger.yaml", "other.yaml"]) == {**chained, "seed": 2}


@pytest.mark.parametrize(
    ("extends", "said"),
    [
        ("b.yaml", r"b\.yaml, key extends: a circle of files: a\.yaml -> b\.yaml -> \./a\.yaml"),
        ("a.yaml", r"a\.yaml, key extends: a circle of files: a\.yaml -> a\.yaml"),
        ("c.yaml", r"a\.yaml, key extends: no such file: c\.yaml"),
        (["b.yaml"], r"a\.yaml, key extends: \['b\.yaml'\] is not the name of a file"),
    ],
)
def test_a_file_cannot_extend_itself_or_what_is_not_there(files, extends, said):
    root = files(a={"extends": extends}, b={"extends": "./a.yaml"})
    with pytest.raises(StudyError, match=f"^{said}$"):
        read_config(root, ["a.yaml"])


def test_what_is_left_out_has_a_default_and_what_is_null_is_left_out():
    tables = {name: f"{name}.tsv" for name in ("datasets", "systems", "frame_samplers", "conditions", "classes")}
    config = check_config({"study": "mine", "tables": tables, "prompts": {"classify": "ask.txt"}, "organism": None})
    assert (config.seed, config.replicates, config.permuted_labels) == (1, 1, [])
    assert config.pathvars.told() == {"results": "results", "logs": "results/logs", "benchmarks": "results/benchmarks"}
    assert (config.frames.size, config.frames.timeout_s, config.evaluation.max_new_tokens) == (224, 60, 16)
    assert config.statistics.told() == {"resamples": 2000, "flips": 20000, "confidence": 0.95, "tail": []}
    assert config.organism is config.synface is config.lora is config.enrichment is config.lexicon is None
    assert config.recipes == config.api == config.prompt_sets == {}


def test_values_are_told_as_they_were_written(config):
    """So that what a job is given, and with it whether it is done again, depends on the file alone."""
    told = check_config(config).told()

    def written(values, told):
        if isinstance(values, dict):
            return all(written(value, told[key]) for key, value in values.items())
        return (values, type(values)) == (told, type(told)) or [values] == told

    assert written(config, told)


def test_the_model_describes_the_config():
    schema = Config.model_json_schema()
    assert {"study", "tables", "prompts"} == set(schema["required"]) and schema["additionalProperties"] is False
    assert schema["$defs"]["WordFrequency"]["properties"]["primary_form"]["enum"] == list(FORMS)
    assert schema["$defs"]["Frames"]["properties"]["size"]["default"] == 224
