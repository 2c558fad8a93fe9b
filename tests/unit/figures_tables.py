"""A small drawn study for the tests of figures and paper: every table that they read, from the study's own code."""

from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import yaml
from tests.unit.statistics_answers import draw_answers, manifest_of

from emovlm.core.config import read_rows
from emovlm.core.contracts.statistics import HITS
from emovlm.core.io import write_json, write_table
from emovlm.figures.tables import CONTRACTS, load
from emovlm.lexicon.frequency import count_terms
from emovlm.lexicon.terms import read_lexicon
from emovlm.statistics.claims import Results, judge
from emovlm.statistics.comparisons import compare
from emovlm.statistics.correlation import correlate
from emovlm.statistics.metrics import confusion_table, metrics_table, per_class_table
from emovlm.statistics.profiles import measured_profiles, published_profiles
from emovlm.statistics.published import NEEDED, read_published
from emovlm.statistics.values import Tables, collect

ROOT = Path(__file__).resolve().parents[2]
CONFIG = ("conditions", "systems", "frame_samplers")
SETTINGS = {
    "seed": 1,
    "resamples": 100,
    "confidence": 0.95,
    "lexicon": {"primary_source": "google-books-2012", "primary_form": "family"},
}
CONFIGURED = {
    "study": "embedded", "seed": 2026, "alpha": 0.05, "image_size": 112, "frame_size": 64, "micro_share": 0.15,
    "resamples": 100, "source": "google-books-2012", "form": "family",
}  # fmt: skip
SOURCES = ("google-books-2012", "google-books-fiction")
CLIP = "synface/00007"


def source_of(name):
    """Where a config table or a published table lies."""
    return ROOT / (f"config/{name}.tsv" if name in CONFIG else f"resources/published/{name}.csv")


@cache
def study(skip=frozenset()):
    """All tables by name, ``answers`` and ``manifests`` among them; conditions in ``skip`` are left out."""
    lexicon = read_lexicon(ROOT / "config/lexicon.tsv")
    classes = [row["emotion"] for row in lexicon]
    tables = {name: load(name, source_of(name)) for name in CONFIG}
    tables["conditions"] = tables["conditions"][~tables["conditions"]["condition"].isin(skip)].reset_index(drop=True)
    names = list(tables["conditions"]["condition"])
    answers = {c: draw_answers(seed=k, n=132, skill=0.25 + k / 40, classes=classes) for k, c in enumerate(names)}
    manifest = manifest_of(next(iter(answers.values())))
    claims = yaml.safe_load((ROOT / "config/claims.yaml").read_text(encoding="utf-8"))
    planned = [
        r for r in read_rows(ROOT / "config/comparisons.tsv", "comparisons") if r["a"] in names and r["b"] in names
    ]
    sources = [r for r in read_rows(ROOT / "config/sources.tsv", "sources") if r["source"] in SOURCES]
    counts = ROOT / "resources/published"
    settings = {**SETTINGS, "classes": classes, "margins": {k: v["margin"] for k, v in claims["claims"].items()}}
    kinds = {c: "vision" if c.startswith("videomae") else "vlm" for c in ("freq-fps5", "unif-fps5", "videomae-natural")}
    published = read_published({name: str(source_of(name)) for name in NEEDED})
    tables |= {
        **published,
        "metrics": metrics_table(answers, settings),
        "per_class": per_class_table(answers, settings),
        "confusion": confusion_table(answers, settings),
        "comparisons": compare(answers, planned, settings),
        "frequency": pd.concat(
            [count_terms(row, lexicon, counts / f"term_counts_{row['language']}.csv") for row in sources]
        ),
        "hits": hits(),
        "manifest": manifest,
        "answers": {c: frame.drop(columns="identity") for c, frame in answers.items()},
        "manifests": {
            "synface": pd.concat([manifest, manifest.assign(split="train", clip_id=manifest["clip_id"] + "t")])
        },
    }
    profiles = [
        measured_profiles(tables["per_class"], {c: kind for c, kind in kinds.items() if c in names}),
        published_profiles(published["paper_lexical_figure"], published["mafw_recalls"], lexicon),
    ]
    tables["correlations"] = correlate(pd.concat(profiles), tables["frequency"])
    claims["claims"] = {k: v for k, v in claims["claims"].items() if not skip or v["kind"] == "hits"}
    results = Results(tables["comparisons"], tables["per_class"], tables["frequency"], tables["hits"], settings)
    tables["claims"] = judge(claims, results)
    collected = {name: tables[name] for name in Tables.__dataclass_fields__}
    tables["values"] = collect(Tables(**collected), published)
    return tables


def hits():
    """HITS of three rates and two lengths; measured shares differ from the expected ones."""
    rows = []
    for rate in (1.0, 5.0, 25.0):
        for length in (0.28, 0.44):
            expected = min(1.0, rate * length)
            measured = min(1.0, expected + 0.05)
            rows.append(
                (f"fps{rate:g}", rate, length, expected, measured, measured - 0.1, min(1.0, measured + 0.1), 20)
            )
    return pd.DataFrame(rows, columns=list(HITS.columns))


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


def write_study(folder, skip=frozenset(), **changed):
    """Write a study's tables below ``folder``; returns their paths by name. ``changed`` replaces tables."""
    tables = {**study(skip), **changed}
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
    return paths
