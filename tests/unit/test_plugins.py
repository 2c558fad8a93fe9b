"""A study's own metric, figure and kind of claim, in one file, are in its tables, values, paper and page."""

import re
import shutil
import sys
import textwrap
from io import BytesIO
from pathlib import Path

import pandas as pd
import pytest
from pypdf import PdfReader
from tests.study_tables import with_cells
from tests.unit.figures_tables import CONFIGURED, ROOT, SETTINGS, study, write_study
from tests.unit.statistics_answers import CLASSES, draw_answers

from emovlm.core.codehash import code_hash
from emovlm.core.errors import StudyError
from emovlm.core.plugins import PREFIX, load_plugins, plugins_of
from emovlm.datasets.manifest import make_manifest
from emovlm.datasets.registry import DATASET_KINDS
from emovlm.figures import style
from emovlm.figures.registry import draw, figures
from emovlm.figures.write import save
from emovlm.report.explorer_answers import metrics_of
from emovlm.report.explorer_page import start
from emovlm.report.typeset import typeset
from emovlm.sampling.frame_samplers import SAMPLERS, Sampler, sample_frames
from emovlm.sampling.training_samplers import TRAINING_SAMPLERS, class_weights
from emovlm.statistics.claims import Results
from emovlm.statistics.metric_tables import metrics_table
from emovlm.statistics.metrics import METRICS
from emovlm.statistics.values.collect import COLLECTORS, PARTS, collect
from emovlm.statistics.verdicts import CLAIM_KINDS, judge
from emovlm.study.load import load_study, read_config

SCRIPTS = ROOT / "workflow/scripts"
CLAIM = {"statement": "No class is always missed.", "kind": "at_least", "margin": 0.01, "condition": "freq-fps5",
         "metric": "worst_recall"}  # fmt: skip


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """The folder of a study, with the plug-in of the tests; what plug-ins add is taken out again."""
    study()  # which other tests share, so it must be drawn without the plug-in
    monkeypatch.chdir(tmp_path)
    shutil.copy(ROOT / "tests/plugin.py", tmp_path / "plugin.py")
    registries = (METRICS, CLAIM_KINDS, figures(), SAMPLERS, TRAINING_SAMPLERS, DATASET_KINDS)
    before = [dict(registry) for registry in registries]
    yield tmp_path
    for registry, entries in zip(registries, before, strict=True):
        registry.clear()
        registry.update(entries)
    for name in [name for name in sys.modules if name.startswith(PREFIX)]:
        del sys.modules[name]


def test_what_a_plugin_adds_reaches_values_paper_and_page(folder):
    load_plugins(["plugin.py"])
    load_plugins(["plugin.py"])  # once is enough
    classes = list(dict.fromkeys(study()["per_class"]["emotion"]))
    answers = {"freq-fps5": draw_answers(seed=1, n=132, skill=0.6, classes=classes)}
    found = metrics_table(answers, {**SETTINGS, "classes": classes}).query("metric == 'worst_recall'")
    assert set(found["clips"]) == {"all", "micro", "order", "plain"}
    tables = {**study(), "metrics": pd.concat([study()["metrics"], found])}
    claims, evidence = judge({"alpha": 0.05, "claims": {"my-claim": CLAIM}}, Results(tables, SETTINGS))
    tables |= {"claims": pd.concat([study()["claims"], claims]), "evidence": pd.concat([study()["evidence"], evidence])}
    values = collect({name: tables[name] for name in {*PARTS, *COLLECTORS} & {*tables}}, {})
    shown = values["metric.freq-fps5.worst_recall"]
    assert shown["unit"] == "share" and shown["value"] == found.query("clips == 'all'")["value"].item()
    assert values["claim.my-claim.verdict"]["text"] == evidence["standing"].item()
    assert values["evidence.my-claim.worst_recall.what"]["text"] == "worst_recall of freq-fps5 at least 0.01"

    page = {row["metric"]: row["label"] for row in metrics_of("freq-fps5", values)}
    assert page["worst_recall"] == "Worst recall"
    about = {"study": "quick", "seed": 1, "datasets": [], "conditions": {"columns": ["condition"], "rows": []},
             "samplers": [], "claims": ["my-claim"]}  # fmt: skip
    (claim,) = start(about, values, tables["evidence"])["claims"]
    assert claim["evidence"][0]["decisive"] and claim["evidence"][0]["effect"]["text"].startswith("+")

    everything = {**study()["values"], **values}
    changed = {name: tables[name] for name in ("metrics", "claims", "evidence")}
    paths = write_study(folder, **changed, values=everything)
    with style.context():
        save(draw("worst_classes", {"metrics": paths["metrics"]}, {}), folder / "worst.pdf", folder / "worst.png")
    named = {name: paths[name] for name in (*PARTS, "metrics", "evidence", "conditions", "frame_samplers",
                                            "paper_frame_shuffle", "sanity_checks") if name in paths}  # fmt: skip
    words = {name: figure.words for name, figure in figures().items()}
    out = folder / "paper.pdf"
    pictures = {"worst_classes": str(folder / "worst.pdf")}
    typeset(ROOT / "paper/paper.typ", paths["values"], paths["run"], named, pictures, CONFIGURED, out, words)
    text = " ".join(" ".join(p.extract_text() for p in PdfReader(BytesIO(out.read_bytes())).pages).split())
    for words in ("No class is always missed.", "worst_recall of freq-fps5 at least 0.01", "tab-evidence",
                  "Worst recall: Recall of the class that is recognised least.", "Further figures",
                  "Worst classes. Recall of the class that each condition recognises least."):  # fmt: skip
        assert words in text, words


def documented(page):
    """The Python code of a page of the docs."""
    blocks = re.findall(r"```python\n(.*?)```", (ROOT / "docs/how-to" / page).read_text(encoding="utf-8"), re.S)
    return "\n".join(textwrap.dedent(block) for block in blocks)


def test_samplers_and_datasets_of_the_docs_are_read_by_the_study(folder):
    for page in ("adding-a-sampler.md", "adding-a-dataset.md"):
        name = page.removesuffix(".md").replace("-", "_")
        Path(f"{name}.py").write_text(documented(page))
    load_plugins(["adding_a_sampler.py", "adding_a_dataset.py"])

    clips = pd.DataFrame({"clip_id": ["d/1", "d/2"], "status": "ok", "fps": 25.0, "n_frames": [6, 2]})
    frames = pd.DataFrame({"clip_id": ["d/1"] * 6 + ["d/2"] * 2, "frame_index": [*range(6), 0, 1]})
    frames["timestamp_s"] = frames["frame_index"] / 25
    shown = sample_frames({"sampler": "first4", "kind": "first", "count": 4}, None, 1, clips, frames)
    assert shown.groupby("clip_id")["frame_index"].apply(list).to_dict() == {"d/1": [0, 1, 2, 3], "d/2": [0, 1]}
    assert class_weights({"kind": "inverse"}, {"joy": 30, "fear": 10}) == pytest.approx({"joy": 0.25, "fear": 0.75})
    Path("data").mkdir()
    Path("data/list.txt").write_text("0001.mp4;joy\n0002.mp4;calm\n")
    row = {"dataset": "own", "kind": "listed", "words": {"joy": "happiness"}}
    assert make_manifest(row, Path("data"))[["clip_id", "path", "label"]].to_numpy().tolist() == [
        ["own/0001", "0001.mp4", "happiness"]
    ]
    Path("data/list.txt").write_text("../0001.mp4;joy\n")
    with pytest.raises(StudyError, match=r"list\.txt, line 1"):
        make_manifest(row, Path("data"))


def test_the_metric_the_figure_and_the_claim_of_the_docs_can_be_loaded(folder):
    for page in ("adding-a-metric.md", "adding-a-figure.md", "adding-a-claim.md"):
        Path(f"{page[:-3].replace('-', '_')}.py").write_text(documented(page))
    load_plugins(["adding_a_metric.py", "adding_a_figure.py", "adding_a_claim.py"])
    assert "worst_recall" in METRICS and "accuracies" in figures() and "at_least" in CLAIM_KINDS
    rows = {"condition": "c", "clips": "all", "metric": ["uar"], "value": 0.5, "low": 0.4, "high": 0.6, "n": 10}
    keys = {"condition": "c", "metric": "uar"}
    for margin, standing in ((0.3, "supported"), (0.5, "undecided"), (0.7, "not supported")):
        claim = {"statement": "So.", "kind": "at_least", "margin": margin, **keys}
        claims, _ = judge({"alpha": 0.05, "claims": {"A": claim}}, Results({"metrics": pd.DataFrame(rows)}, SETTINGS))
        assert claims["verdict"].tolist() == [standing]


def test_rows_may_be_of_a_kind_that_a_plugin_adds(folder, monkeypatch):
    monkeypatch.chdir(ROOT)
    values = with_cells(read_config(), folder, "frame_samplers", {"first4": {"kind": "first", "count": "4"}})
    with pytest.raises(StudyError, match="column kind: 'first' is not one of rate, keyframes"):
        load_study(values)
    SAMPLERS.add(Sampler("first", "the first `count` frames", lambda times, fps, row: None, needs=("count", "rate")))
    with pytest.raises(StudyError, match="row first4, column rate: the cell is empty, but a sampler of kind first"):
        load_study(values)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("def broken(:\n", r"plug-in mine\.py, line 1: SyntaxError"),
        ("x = 1\nnothing\n", r"plug-in mine\.py, line 2: NameError: name 'nothing' is not defined"),
        (
            "from emovlm.statistics.metrics import register_metric\n\n"
            "@register_metric('uar', 'UAR', 'Mine.')\ndef mine(counts): return counts\n",
            r"plug-in mine\.py, line 3: StudyError: there is already a metric called 'uar'",
        ),
    ],
)
def test_an_error_in_a_plugin_names_its_line(folder, text, message):
    (folder / "mine.py").write_text(text)
    with pytest.raises(StudyError, match=message):
        load_plugins(["mine.py"])


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("gone.py", "config, key plugins: gone.py: no such Python file"),
        ("../outside.py", r"a plug-in must lie inside the study's folder"),
        ("my-plugin.py", "letters, digits and underscores"),
        ("other/plugin.py", "there is already a plug-in called plugin"),
    ],
)
def test_a_plugin_that_cannot_be_one_is_named(folder, path, message):
    (folder / "other").mkdir()
    for name in ("my-plugin.py", "other/plugin.py", "../outside.py"):
        (folder / name).write_text("")
    with pytest.raises(StudyError, match=message):
        load_plugins(["plugin.py", path])


def test_a_plugin_belongs_to_the_scripts_that_read_a_registry_it_fills(folder):
    (folder / "metric_only.py").write_text("from emovlm.statistics.metrics import register_metric\n")
    both = ["plugin.py", "metric_only.py"]
    wanted = {"compute_metrics": both, "collect_values": both, "show_answers": both, "typeset_paper": both,
              "draw_figure": both,
              "judge_claims": both, "answer_clips": [], "render_clips": [], "sample_frames": []}  # fmt: skip
    for script, plugins in wanted.items():
        assert plugins_of(SCRIPTS / f"{script}.py", both) == plugins, script
    script = SCRIPTS / "compute_metrics.py"
    assert code_hash(script) != code_hash(script, "plugin.py") != code_hash(script, *both)


def test_a_metric_that_loses_the_runs_is_an_error(folder):
    (folder / "mine.py").write_text(
        "from emovlm.statistics.metrics import register_metric\n"
        "register_metric('all_clips', 'All', 'All clips together.')(lambda counts: counts.sum())\n"
    )
    load_plugins(["mine.py"])
    with pytest.raises(StudyError, match=r"the metric all_clips gave values of shape \(\) .* last two axes"):
        metrics_table({"c": draw_answers(seed=1, n=22)}, {**SETTINGS, "classes": CLASSES})
