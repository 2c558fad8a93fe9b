"""From answers to verdicts and values: the scripts run one after the other, as the workflow runs them."""

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from tests.scripts import run_script
from tests.study_tables import frequency_of, listed_sources, plain_rows, with_margins
from tests.unit.statistics_answers import draw_answers, manifest_of, stored, truth_of

from emovlm.core.contracts.answers import ANSWERS
from emovlm.core.contracts.data import CLIP_TRUTH, CUES, MANIFEST
from emovlm.core.contracts.frames import SAMPLE
from emovlm.core.contracts.frequency import TERM_FREQUENCY
from emovlm.core.contracts.statistics import COMPARISONS, CONTRASTS, METRICS
from emovlm.core.contracts.training import EXPOSURE, SANITY_CHECKS
from emovlm.core.files import read_json
from emovlm.core.io import read_table, write_table
from emovlm.lexicon.terms import read_classes
from emovlm.statistics.values.entry import entry_of
from emovlm.statistics.values.published_values import published_values, read_published

ROOT = Path(__file__).resolve().parents[2]
PUBLISHED = ROOT / "resources/published"
TABLES = [
    "paper_fps_curve",
    "paper_frame_shuffle",
    "paper_msce",
    "paper_lexical_figure",
    "mafw_recalls",
    "mafw_classes",
]
MINUS = "\N{MINUS SIGN}"
CHECKED = pd.DataFrame(
    [("organism", 1, 0.8), ("organism", 2, 0.9), ("other", 1, 0.7)], columns=["system", "replicate", "value"]
).assign(measure="apex_accuracy", low=lambda t: t["value"] - 0.1, high=lambda t: t["value"] + 0.1, chance=0.1, n=90)
CUED = pd.DataFrame([{"cues": "all", "accuracy": 0.1, "low": 0.07, "high": 0.13, "chance": 0.09, "p": 0.3,
                      "p_holm": 0.9, "n": 495}])  # fmt: skip
VARIANTS = ("rare-frequency", "rare-root", "rare-uniform", "rare-permuted", "rare-swapped", "frequency", "uniform")
READERS = (*(f"{variant}-fps5" for variant in VARIANTS[:5]), "freq-fps5", "unif-fps5")
PRIMARY = {"primary_source": "google-books-2012", "primary_form": "family"}


def sample_of(manifest, rate):
    times, answers = np.arange(0, 3, 1 / rate), manifest
    return pd.DataFrame({
        "clip_id": np.repeat(answers["clip_id"], len(times)), "position": np.tile(np.arange(len(times)), len(answers)),
        "frame_index": np.tile((times * 25).astype(int), len(answers)), "timestamp_s": np.tile(times, len(answers)),
        "role": "frame", "gap": 0,
    })  # fmt: skip


def read_by_organisms(classes):
    """EXPOSURE of the variants that the planned slopes are of, and two runs."""
    rows = [
        {"variant": variant, "replicate": run, "emotion": emotion, "counted": (k * step % 11 + 1) ** 2, "samples": 900,
         "recorded": (k * step % 11 + 1) ** 2, "per_million": 1.0}
        for step, variant in enumerate(VARIANTS, start=1) for run in (1, 2)
        for k, emotion in enumerate(classes)
    ]  # fmt: skip
    return pd.DataFrame(rows)


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    """The default study's own conditions, comparisons and claims, on drawn answers; paths of all tables by name."""
    folder = tmp_path_factory.mktemp("study")
    classes = [row["emotion"] for row in read_classes()]
    conditions = plain_rows(ROOT / "config/conditions.tsv")
    claims = yaml.safe_load((ROOT / "config/claims.yaml").read_text(encoding="utf-8"))
    paths = {}
    for number, row in enumerate(conditions):
        answers = draw_answers(seed=number, n=165, skill=0.3 + number / 80, classes=classes, replicates=2)
        answers.loc[:32, "cut"] = True
        paths[row["condition"]] = folder / f"{number}.parquet"
        write_table(stored(answers), paths[row["condition"]], ANSWERS)
    write_table(manifest_of(answers), folder / "manifest.parquet", MANIFEST)
    write_table(truth_of(answers), folder / "truth.parquet", CLIP_TRUTH)
    write_table(sample_of(manifest_of(answers), 1), folder / "fps1.parquet", SAMPLE)
    write_table(CHECKED, folder / "checks.csv", SANITY_CHECKS)
    write_table(CUED, folder / "cues.csv", CUES)
    write_table(read_by_organisms(classes), folder / "exposure.csv", EXPOSURE)
    counted = [row for row in listed_sources() if row["kind"] == "published"][:2]
    write_table(frequency_of(counted), folder / "frequency.csv", TERM_FREQUENCY)

    settings = {"seed": 1, "resamples": 200, "confidence": 0.95, "classes": classes, "tail": ["contempt"]}
    names = ("metrics", "per_class", "per_run", "confusion", "reliability", "comparisons", "event_coverage",
             "correlations", "specifications", "estimator_agreement", "concordance", "contrasts", "slopes", "doses",
             "claims", "evidence", "frequency", "reanalysis")  # fmt: skip
    files = {name: folder / f"{name}.csv" for name in names}

    def some(*names):
        return {name: files[name] for name in names}

    def published(*names):
        return {"published": {name: PUBLISHED / f"{name}.csv" for name in names}}

    given = {"answers": paths, "manifests": {"synface": folder / "manifest.parquet"}}
    planned = {
        "comparisons": with_margins(plain_rows(ROOT / "config/comparisons.tsv"), claims),
        "alpha": claims["alpha"],
        "flips": 200,
    }
    kinds = {"freq-fps5": "vlm", "videomae-natural": "vision"}
    coverage = {"rates": {"fps1": 1}, "bins": 3, "confidence": 0.95, "splits": ["test"]}
    judged = ("metrics", "comparisons", "slopes", "event_coverage")
    sloped = with_margins(plain_rows(ROOT / "config/slopes.tsv"), claims)
    variants = dict(zip(READERS, VARIANTS, strict=True))
    used = {name: paths[name] for name in [*READERS, "videomae-balanced"]}
    fitted = {"slopes": sloped, "variants": variants}
    collected = {
        **some(
            *judged,
            "doses",
            "correlations",
            "contrasts",
            "specifications",
            "estimator_agreement",
            "concordance",
            "per_class",
            "claims",
            "evidence",
            "frequency",
            "reanalysis",
        ),
        **published(*TABLES),
        **given,
    }
    optional = {
        "sanity_checks": folder / "checks.csv",
        "cues": folder / "cues.csv",
        **some("per_run", "confusion"),
    }
    jobs = [
        ("compute_metrics", {"answers": paths},
         ["metrics", "per_class", "per_run", "confusion", "reliability"], settings),
        ("compare_conditions", {"answers": paths}, ["comparisons"], {**settings, **planned}),
        ("correlate_frequency",
         {"classes": files["per_class"], **some("frequency"), "class_words": ROOT / "config/classes.tsv",
          **published("paper_lexical_figure", "mafw_recalls", "mafw_classes")},
         ["correlations", "specifications"], {**settings, **PRIMARY, "kinds": kinds, "alpha": claims["alpha"]}),
        ("compare_estimators", some("frequency"), ["estimator_agreement", "concordance"],
         {**settings, "form": PRIMARY["primary_form"]}),
        ("contrast_variants", {"runs": files["per_run"], **some("frequency")}, ["contrasts"],
         {**settings, **PRIMARY, "claim": claims["claims"]["L1"]}),
        ("fit_slopes", {"answers": used, "exposure": folder / "exposure.csv", **some("frequency")}, ["slopes", "doses"],
         {**settings, **PRIMARY, **fitted}),
        ("reanalyse_published", published("paper_frame_shuffle"), ["reanalysis"], {}),
        ("measure_event_coverage",
         {"samples": {"fps1": folder / "fps1.parquet"}, "truth": folder / "truth.parquet"},
         ["event_coverage"], coverage),
        ("judge_claims", some(*judged), ["claims", "evidence"], {**settings, "claims": claims}),
    ]  # fmt: skip
    for name, inputs, outputs, params in jobs:
        assert run_script(name, inputs=inputs, outputs=some(*outputs), params=params).stderr == ""
    for inputs, file in (({**collected, **optional}, "values.json"), (collected, "fewer.json")):
        assert run_script("collect_values", inputs=inputs, outputs={"values": folder / file}).stderr == ""
    return {**files, "values": read_json(folder / "values.json"), "given": given, "folder": folder}


def test_every_kind_of_number_has_an_id(study):
    wanted = {
        "metric.freq-fps5.macro_f1",
        "agreement.en.google-books-2012.adjective.en.google-books-2012.noun.rho",
        "concordance.en.noun.estimators",
        "specification.freq-fps5.all.rho",
        "specification.videomae-natural.en.p",
        "specification.Qwen2.5-VL/MAFW.en.primary",
        "class.freq-fps5.anger.f1",
        "comparison.shuffle-videomae.difference",
        "comparison.shuffle-videomae.p_holm",
        "comparison.shuffle-videomae.changed",
        "comparison.shuffle-videomae.lowest",
        "comparison.shuffle-videomae.highest",
        "comparison.shuffle-videomae.replicates",
        "comparison.shuffle-videomae.mde",
        "comparison.shuffle-videomae.se",
        "comparison.shuffle-videomae.power",
        "comparison.shuffle-videomae.p_mcnemar",
        "comparison.shuffle-videomae.runs",
        "metric.freq-fps5.accuracy_answered",
        "metric.freq-fps5.ece",
        "condition.freq-fps5.refused",
        "condition.freq-fps5.cut",
        "metric.freq-fps5.order.cut",
        "metric.freq-fps5.tail_recall",
        "metric.freq-fps5.order.accuracy",
        "metric.freq-fps5.micro.macro_f1",
        "metric.freq-fps5.plain.macro_f1",
        "condition.freq-fps5.replicates",
        "correlation.freq-fps5.en.google-books-2012.family.given_size",
        "correlation.freq-fps5.en.google-books-2012.family.tau",
        "correlation.freq-fps5.en.google-books-2012.family.p_tau",
        "reanalysis.mafw.vlm.falls",
        "reanalysis.dfew.vision.p_sign",
        "reanalysis.both.all.p_difference",
        "correlation.freq-fps5.en.google-books-2012.family.given_size.p",
        "correlation.freq-fps5.en.google-books-2012.family.given_size_and_reliability",
        "contrast.intervention.en.difference",
        "slope.naming.estimate",
        "slope.words.p_runs",
        "dose.freq-fps5.anger.recall",
        "contrast.intervention.zh.p",
        "contrast.permuted.en.rho_a",
        "contrast.control.en.rho_b",
        "sanity_check.organism.apex_accuracy",
        "sanity_check.organism.apex_accuracy.chance",
        "correlation.freq-fps5.en.google-books-2012.family.rho",
        "correlation.Gemini2.5-Flash/DFEW.zh.google-books-2012.family.p",
        "event_coverage.fps1.measured",
        "claim.T2.verdict",
        "claim.L1.effect",
        "frequency.en.google-books-2012.family.fear.per_million",
        "condition.freq-fps5.failed",
        "condition.freq-fps5.frames",
        "condition.freq-fps5.frames_min",
        "condition.freq-fps5.frames_max",
        "condition.freq-fps5.prompt_tokens",
        "class.freq-fps5.anger.run2.f1",
        "event_coverage.fps1.bin0.measured",
        "metric.freq-fps5.order.failed",
        "metric.freq-fps5.uar.lowest",
        "contrast.control.en.runs_a",
        "dataset.synface.test.n",
        "dataset.synface.test.identities",
        "published.fps.Qwen2.5-VL.5.macro_f1",
        "published.shuffle.HiCMAE.shuffled.dfew.macro_recall",
        "published.msce.Qwen2.5-VL.mafw.msce.macro_f1",
    }
    assert wanted <= set(study["values"])


def test_every_value_has_all_its_parts_and_says_where_it_is_from(study):
    for name, entry in study["values"].items():
        assert set(entry) == {"value", "low", "high", "n", "unit", "source", "text"}, name
        assert entry["source"] and entry["text"] and "/tmp" not in entry["source"], name


def test_values_repeat_the_tables(study):
    rows = read_table(study["metrics"], METRICS).set_index(["condition", "clips", "metric"]).loc["freq-fps5"]
    for clips, name, n in (("all", "macro_f1", 165), ("order", "order.macro_f1", 33)):
        row, entry = rows.loc[(clips, "macro_f1")], study["values"][f"metric.freq-fps5.{name}"]
        assert [entry[part] for part in ("value", "low", "high", "n")] == [row["value"], row["low"], row["high"], n]
        assert entry["text"] == f"{row['value']:.2f} [{row['low']:.2f}, {row['high']:.2f}]"
        assert entry["source"] == f"tables/metrics.csv: freq-fps5, {clips}, macro_f1"
    for name, value, n in (("metric.freq-fps5.cut", 33 / 330, 165), ("condition.freq-fps5.cut", 33 / 330, 330)):
        assert (study["values"][name]["value"], study["values"][name]["n"]) == (value, n)
        assert study["values"][name]["text"] == "0.10"
    comparison = read_table(study["comparisons"], COMPARISONS).set_index("comparison").loc["shuffle-videomae"]
    for part in ("difference", "lowest", "highest", "replicates", "changed"):
        assert study["values"][f"comparison.shuffle-videomae.{part}"]["value"] == comparison[part]
    contrast = (
        read_table(study["contrasts"], CONTRASTS).query("contrast == 'intervention' and language == 'en'").iloc[0]
    )
    entry = study["values"]["contrast.intervention.en.difference"]
    assert [entry[part] for part in ("value", "low", "high", "n")] == [*contrast[["difference", "low", "high"]], 11]


def test_values_of_a_condition_are_of_clips_and_its_failures_of_all_runs(study):
    answers = read_table(study["folder"] / "0.parquet", ANSWERS)
    values = {part: study["values"][f"condition.freq-fps1.{part}"]["value"] for part in ("n", "failed", "replicates")}
    assert values == {"n": 165, "failed": (answers["status"] == "failed").sum(), "replicates": 2}


def test_checks_are_means_over_runs_with_an_interval_only_of_a_single_run(study):
    values = study["values"]
    assert values["sanity_check.organism.apex_accuracy"]["value"] == pytest.approx(0.85)
    assert values["sanity_check.organism.apex_accuracy"]["low"] is None
    assert values["sanity_check.other.apex_accuracy"]["text"] == "0.70 [0.60, 0.80]"
    assert values["sanity_check.other.apex_accuracy.chance"]["value"] == 0.1


def test_cues_are_carried_over(study):
    values = study["values"]
    assert values["cue.all.accuracy"]["text"] == "0.10 [0.07, 0.13]"
    assert [values[f"cue.all.{part}"]["value"] for part in ("chance", "p", "p_holm")] == [0.09, 0.3, 0.9]


def test_without_an_optional_table_only_its_values_are_not_there(study):
    optional = re.compile(r"sanity_check\.|cue\.|confusion\.|class\..*\.run\d+\.f1$")
    expected = {name for name in study["values"] if not optional.match(name)}
    assert set(read_json(study["folder"] / "fewer.json")) == expected


def test_drawn_answers_do_not_support_the_lexical_claim(study):
    assert study["values"]["claim.L1.verdict"]["value"] != "supported"


def test_published_figures_are_carried_over_exactly():
    tables = read_published({name: PUBLISHED / f"{name}.csv" for name in TABLES})
    values = {name: (value, source) for name, value, _, source in published_values(tables)}
    assert values["published.fps.Qwen2.5-VL.5.macro_f1"] == (
        0.2768, "resources/published/paper_fps_curve.csv: Qwen2.5-VL, 5"
    )  # fmt: skip
    assert values["published.shuffle.MAE-DFER.shuffled.mafw.macro_f1"][0] == 0.3041
    assert values["published.msce.Qwen2.5-VL.dfew.msce.macro_f1"][0] == 0.4820
    assert values["published.recall.ViT.contempt"][0] == pytest.approx(0.0127)
    assert values["published.mafw.disappointment.clips"][0] == 182
    gemini = [value for name, (value, _) in values.items() if name.startswith("published.f1.Gemini2.5-Flash.mafw.")]
    whole = values["published.shuffle.Gemini2.5-Flash.ordered.mafw.macro_f1"][0]
    assert len(gemini) == 11 and np.mean(gemini) == pytest.approx(whole, abs=0.015)  # as well as a picture can be read


@pytest.mark.parametrize(
    ("arguments", "options", "text"),
    [
        ((0.2731, "share", "s"), {"low": 0.2312, "high": 0.3149}, "0.27 [0.23, 0.31]"),
        ((-0.0123, "share", "s"), {"low": -0.03, "high": 0.0054, "signed": True, "places": 3},
         f"{MINUS}0.012 [{MINUS}0.030, +0.005]"),
        ((-0.0001, "share", "s"), {"signed": True, "places": 3}, "0.000"),
        ((0.0004, "p", "s"), {}, "< 0.001"),
        ((0.25, "p", "s"), {}, "0.250"),
        ((1234567, "count", "s"), {}, "1\N{NARROW NO-BREAK SPACE}234\N{NARROW NO-BREAK SPACE}567"),
        ((float("nan"), "rho", "s"), {}, "not defined"),
        (("undecided", "text", "s"), {}, "undecided"),
        ((np.int64(3), "count", "s"), {"low": float("nan"), "high": float("nan")}, "3"),
    ],
)  # fmt: skip
def test_how_a_value_is_printed(arguments, options, text):
    assert entry_of(*arguments, **options)["text"] == text


def test_unknown_published_tables_are_named(study):
    inputs = {"classes": study["per_class"], "frequency": study["frequency"],
              "class_words": ROOT / "config/classes.tsv", "published": {"a": "b", "c": "d", "e": "f"}}  # fmt: skip
    outputs = {"correlations": study["folder"] / "no.csv"}
    error = run_script("correlate_frequency", inputs=inputs, outputs=outputs, params={"kinds": {}}).stderr
    assert error.startswith("error: unknown table of published figures 'a'; there are paper_fps_curve")
