"""A small drawn study for the tests of figures and paper: every table that they read, from the study's own code."""

from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import yaml
from tests.study_tables import frequency_of, listed_sources, plain_rows, with_margins
from tests.unit.drawn_records import drawn_account
from tests.unit.statistics_answers import draw_answers, manifest_of, stored

from emovlm.core.contracts.data import CUES
from emovlm.core.contracts.statistics import EVENT_COVERAGE, RELIABILITY
from emovlm.core.contracts.training import SANITY_CHECKS
from emovlm.core.files import write_json
from emovlm.core.io import write_table
from emovlm.figures.estimators import DRAWN
from emovlm.figures.tables import CONTRACTS, load
from emovlm.lexicon.estimator import primary_frequency
from emovlm.lexicon.terms import read_classes
from emovlm.statistics.claims import Results
from emovlm.statistics.comparisons import SIDES, compare
from emovlm.statistics.exposure_slopes import doses_table, slopes_table
from emovlm.statistics.lexical.agreement import agree, concord
from emovlm.statistics.lexical.contrasts import contrast_variants
from emovlm.statistics.lexical.correlation import correlate
from emovlm.statistics.lexical.profiles import measured_profiles, published_profiles
from emovlm.statistics.lexical.specifications import specify
from emovlm.statistics.metric_tables import confusion_table, metrics_table, per_class_table, per_run_table
from emovlm.statistics.reanalysis import reanalyse
from emovlm.statistics.values.collect import COLLECTORS, PARTS, collect
from emovlm.statistics.values.published_values import NEEDED, read_published
from emovlm.statistics.verdicts import judge

ROOT = Path(__file__).resolve().parents[2]
CONFIG = ("conditions", "systems", "frame_samplers")
PRIMARY = {"source": "google-books-2012", "form": "family"}
SETTINGS = {
    "seed": 1, "resamples": 100, "flips": 100, "confidence": 0.95, "alpha": 0.05,
    "tail": ["contempt", "helplessness", "disappointment"],
    "lexicon": {f"primary_{key}": value for key, value in PRIMARY.items()},
}  # fmt: skip
CONFIGURED = {
    "study": "embedded", "seed": 2026, "replicates": 1, "alpha": 0.05, "confidence": 0.95, "image_size": 112,
    "frame_size": 64, "resamples": 100, "naming": 0.25, "frames_at_most": 8, "tail": SETTINGS["tail"], **PRIMARY,
}  # fmt: skip
# What the quick study leaves out, and more.
SKIPPED = frozenset(
    {row["condition"] for row in plain_rows(ROOT / "config/conditions.tsv")}
    - {row["condition"] for row in plain_rows(ROOT / "config/quick/conditions.tsv")}
    | {"freq-fps25", "unif-fps5-shuffled", "balanced-fps5", "freq-msce", "unif-msce"}
)
SOURCES = ("google-books-2012", "google-books-fiction")
CLIP = "synface/00007"


def source_of(name):
    """Where a config table or a published table lies."""
    return ROOT / (f"config/{name}.tsv" if name in CONFIG else f"resources/published/{name}.csv")


@cache
def study(skip=frozenset(), replicates=1):
    """All tables by name, ``answers`` and ``manifests`` among them; conditions in ``skip`` are left out."""
    classes = [row["emotion"] for row in read_classes()]
    tables = {name: load(name, source_of(name)) for name in CONFIG}
    tables["conditions"] = tables["conditions"][~tables["conditions"]["condition"].isin(skip)].reset_index(drop=True)
    names = list(tables["conditions"]["condition"])
    answers = {
        c: draw_answers(seed=k, n=132, skill=0.25 + k / 60, classes=classes, replicates=replicates)
        for k, c in enumerate(names)
    }
    manifest = manifest_of(next(iter(answers.values())))
    claims = yaml.safe_load((ROOT / "config/claims.yaml").read_text(encoding="utf-8"))
    planned = [
        row for row in plain_rows(ROOT / "config/comparisons.tsv")
        if {row[side] for side in SIDES if side in row} <= {*names}
    ]  # fmt: skip
    counted = [r for r in listed_sources() if r["source"] in SOURCES]
    settings = {**SETTINGS, **SETTINGS["lexicon"], "classes": classes}
    kinds = tables["systems"].set_index("system")["kind"]
    about = tables["conditions"].set_index("condition")
    lexical = {c: kinds[about.loc[c, "system"]] for c in names if "L1" in about.loc[c, "claims"]}
    published = read_published({name: str(source_of(name)) for name in NEEDED})
    tables |= {
        **published,
        "metrics": metrics_table(answers, settings),
        "per_class": per_class_table(answers, settings),
        "per_run": per_run_table(answers, settings),
        "confusion": confusion_table(answers, settings),
        "comparisons": compare(answers, with_margins(planned, claims), settings),
        "frequency": frequency_of(counted).loc[lambda table: table["form"].isin(DRAWN)],
        "event_coverage": event_coverage(),
        "reliability": reliability_bins(names),
        "reanalysis": reanalyse(published["paper_frame_shuffle"]),
        "sanity_checks": checks(replicates),
        "cues": cues(),
        "manifest": manifest,
        "answers": {c: stored(frame) for c, frame in answers.items()},
        "manifests": {
            "synface": pd.concat(
                [manifest.assign(split=s, clip_id=manifest["clip_id"] + s) for s in ("test", "train", "validation")]
            )
        },
    }
    profiles = [
        measured_profiles(tables["per_class"], lexical),
        published_profiles(published["paper_lexical_figure"], published["mafw_recalls"], read_classes()),
    ]
    profiles = pd.concat(profiles)
    tables["correlations"] = correlate(profiles, tables["frequency"], published["mafw_classes"], settings)
    tables["specifications"] = specify(profiles, tables["frequency"], tables["correlations"], settings)
    tables["estimator_agreement"] = agree(tables["frequency"], PRIMARY["form"])
    tables["concordance"] = concord(tables["frequency"], tables["estimator_agreement"], settings)
    within = {c for row in plain_rows(ROOT / "config/slopes.tsv") if row["kind"] == "within" for c in
              row["conditions"].split()} & {*names}  # fmt: skip
    read = {c: exposure_of(k, classes, replicates) for k, c in enumerate(sorted(within))}
    sloped = with_margins(plain_rows(ROOT / "config/slopes.tsv"), claims)
    words = primary_frequency(tables["frequency"], settings).set_index("emotion")["count"]
    asked = [row for row in sloped if {*row["conditions"].split(), row.get("minus", names[0])} <= {*names}]
    tables["slopes"] = slopes_table(answers, read, words, asked, settings)
    variants = {c: tables["systems"].set_index("system")["variant"][about.loc[c, "system"]] for c in read}
    tables["doses"] = doses_table(answers, read, variants, settings)
    tables["contrasts"] = contrast_variants(tables["per_run"], tables["frequency"], claims["claims"]["L1"], settings)
    claims["claims"] = {k: v for k, v in claims["claims"].items() if not skip or v["kind"] == "event_coverage"}
    tables["claims"], tables["evidence"] = judge(claims, Results(tables, settings))
    tables["values"] = collect({name: tables[name] for name in {*PARTS, *COLLECTORS} & {*tables}}, published)
    return tables


def exposure_of(number, classes, replicates):
    """How often captions name each class, by run: the same counts, dealt out anew by number."""
    counts = np.random.default_rng(number).permutation([3, 5, 8, 20, 40, 60, 110, 160, 250, 420, 1300])
    return pd.DataFrame({run: counts + run for run in range(1, replicates + 1)}, index=classes)


def checks(replicates):
    """SANITY_CHECKS of the three organisms."""
    rows = [
        (f"organism-{variant}", run, measure, value + run / 100, value - 0.05, value + 0.06, chance, 165)
        for variant in ("frequency", "uniform", "permuted")
        for run in range(1, replicates + 1)
        for measure, value, chance in (
            ("apex_accuracy", 0.71, 1 / 11), ("apex_accuracy_frequent", 0.81, 1 / 11),
            ("caption_precision", 0.86, 0.31), ("caption_recall", 0.77, 0.27),
        )
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=list(SANITY_CHECKS.columns))


def cues():
    """CUES of two groups at chance."""
    rows = [("pose", 0.10, 0.07, 0.13, 1 / 11, 0.31, 0.62, 495), ("all", 0.09, 0.06, 0.12, 1 / 11, 0.52, 0.62, 495)]
    return pd.DataFrame(rows, columns=list(CUES.columns))


def reliability_bins(conditions):
    """RELIABILITY of ten bins a condition, the first with three answers; conditions grow more confident."""
    rows = [
        (condition, k, k / 10 + 0.05, share := (k + 0.5) / (10 + place), max(0.0, share - 0.1), share + 0.05, 3 + 2 * k)
        for place, condition in enumerate(conditions) for k in range(10)
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=list(RELIABILITY.columns))


def event_coverage():
    """EVENT_COVERAGE of three rates and two lengths; measured shares differ from the expected ones."""
    rows = []
    for rate in (1.0, 5.0, 25.0):
        for length in (0.28, 0.44):
            expected = min(1.0, rate * length)
            measured = min(1.0, expected + 0.05)
            rows.append(
                (f"fps{rate:g}", rate, length, expected, measured, measured - 0.1, min(1.0, measured + 0.1), 20)
            )
    return pd.DataFrame(rows, columns=list(EVENT_COVERAGE.columns))


def sample(frames, role="frame"):
    """SAMPLE of one clip at 25 frames a second, ``frames`` in the order shown."""
    frames = list(frames)
    return pd.DataFrame({
        "clip_id": CLIP, "position": range(len(frames)), "frame_index": frames,
        "timestamp_s": np.array(frames) / 25, "role": role, "gap": 0,
    })  # fmt: skip


def clip_truth():
    """CLIP_TRUTH of one clip with a micro-expression, and FRAME_TRUTH with a strong blink beside it."""
    truth = pd.DataFrame([{
        "clip_id": CLIP, "identity": "p1", "label": "fear", "split": "test", "micro": True, "order": None,
        "onset_s": 1.0, "apex_s": 1.1, "apex_end_s": 1.2, "offset_s": 1.4, "yaw_deg": 0.0,
        "blinks": 1, "frames_sha256": "",
    }])  # fmt: skip
    frames = np.arange(50)
    frame_truth = pd.DataFrame({
        "clip_id": CLIP, "frame_index": frames, "timestamp_s": frames / 25,
        "au_AU4": np.where((frames > 25) & (frames < 35), 0.5, 0.0), "au_AU45": 1.0,
    })  # fmt: skip
    return truth, frame_truth


def write_study(folder, skip=frozenset(), replicates=1, **changed):
    """Write a study's tables below ``folder``; returns their paths by name. ``changed`` replaces tables."""
    tables = {**study(skip, replicates), **changed}
    paths = {name: str(source_of(name)) for name in [*CONFIG, *NEEDED]}
    for name in CONTRACTS:
        if name in tables and name not in paths:
            paths[name] = str(folder / f"{name}.csv")
            write_table(tables[name], paths[name], CONTRACTS[name])
    if skip:
        paths["conditions"] = str(folder / "conditions.tsv")
        tables["conditions"].to_csv(paths["conditions"], sep="\t", index=False)
    paths["values"] = str(folder / "values.json")
    write_json(paths["values"], tables["values"])
    paths["run"] = str(folder / "run.json")
    write_json(paths["run"], drawn_account(tables["values"]))
    return paths
