"""Evaluation without a workflow: from clips and a model to tables and a page, stopped and gone on."""

import json
import signal
import subprocess
import sys
import time
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from rich.console import Console
from tests.frame_stores import write_store
from tests.tiny_models.classifiers import save_classifier
from tests.tiny_models.models import save_tiny
from tests.unit.evaluated import LABELS, ROOT, command, command_here, environment, make_clips

import emovlm
from emovlm.core.answer_store import AnswerStore
from emovlm.core.contracts.statistics import CONFUSION, METRICS, PER_CLASS
from emovlm.core.errors import StudyError
from emovlm.core.io import read_table
from emovlm.evaluation.folds import Loaded, answer_folds
from emovlm.frames.store import FrameStore
from emovlm.models.torch_setup import torch
from emovlm.statistics.counts import count
from emovlm.statistics.metric_tables import metrics_table

N = 6
QUICK = {"size": 56, "max_new_tokens": 2, "resamples": 50}


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """Six clips in a folder a class, a tiny vision-language model and a tiny classifier."""
    place = tmp_path_factory.mktemp("evaluated")
    make_clips(place / "clips")
    save_tiny("qwen2.5-vl", place / "qwen")
    save_classifier("vit", place / "vit", labels=("angry", "happy", "sad"))
    return place


@pytest.fixture(scope="module")
def results(place):
    """Of the vision-language model, in two conditions."""
    conditions = ["fps5", emovlm.Condition("keyframes", "msce")]
    return emovlm.evaluate(place / "qwen", place / "clips", conditions, place / "out", **QUICK)


def stored(out, name="answers"):
    return [json.loads(line)["key"] for line in (out / f"store/{name}.jsonl").read_text().splitlines()]


def test_every_clip_has_an_answer_in_every_condition(results):
    assert results.answers.groupby("condition")["clip_id"].nunique().to_dict() == {"fps5": N, "keyframes-msce": N}
    assert set(results.answers["status"]) == {"ok"} and set(results.answers["label"]) == set(LABELS)
    assert results.answers.set_index("condition")["n_frames"].groupby(level=0).first().to_dict() == {
        "fps5": 10, "keyframes-msce": 2
    }  # fmt: skip
    scores = results.answers[[f"score_{label}" for label in LABELS]]
    best = scores.idxmax(axis=1).str.removeprefix("score_")
    assert best.tolist() == results.answers["prediction"].tolist()


def test_tables_are_those_that_a_study_makes_of_the_same_answers(results, place):
    mine = results.answers[results.answers["condition"] == "fps5"].drop(columns="condition").reset_index(drop=True)
    settings = {"seed": 2026, "resamples": 50, "confidence": 0.95, "classes": list(LABELS), "tail": []}
    expected = METRICS.conform(metrics_table({"fps5": mine}, settings), "").to_pandas()
    found = results.metrics[results.metrics["condition"] == "fps5"].reset_index(drop=True)
    pd.testing.assert_frame_equal(found, expected)
    assert results.matrix("fps5").to_numpy().tolist() == count(mine, list(LABELS)).total[0].tolist()
    for name, contract in (("metrics", METRICS), ("per_class", PER_CLASS), ("confusion", CONFUSION)):
        pd.testing.assert_frame_equal(read_table(place / f"out/{name}.csv", contract), getattr(results, name))


def test_saved_results_are_read_again_and_make_the_same_page(results, place, tmp_path):
    again = emovlm.Results.load(place / "out")
    assert again.about == results.about and again.pictures == results.pictures
    for name in ("answers", "metrics", "per_class", "confusion"):
        pd.testing.assert_frame_equal(getattr(again, name), getattr(results, name))
    again.save(tmp_path / "copy")
    for name in ("index.html", "metrics.csv", "evaluation.json"):
        assert (tmp_path / "copy" / name).read_bytes() == (place / "out" / name).read_bytes()
    with pytest.raises(StudyError, match="no results of an evaluation"):
        emovlm.Results.load(tmp_path)


def test_the_summary_has_metrics_with_intervals_and_n_classes_and_the_matrix(results):
    console = Console(width=100, record=True, file=open("/dev/null", "w"))  # noqa: SIM115
    results.show(console)
    said = console.export_text()
    first = results.metrics.query("condition == 'fps5' and metric == 'accuracy'").iloc[0]
    assert f"{first['value']:.2f}   [{first['low']:.2f}, {first['high']:.2f}]" in said
    for text in ("qwen on clips", "macro-F1", "UAR", "keyframes-msce: by class", "3 labels, chance 0.33", "precision"):
        assert text in said


def test_wrong_clips_have_pictures_of_the_frames_that_were_shown(results):
    for condition, shown in (("fps5", 8), ("keyframes-msce", 2)):  # of ten frames, eight
        answers = results.answers[results.answers["condition"] == condition]
        wrong = answers.loc[answers["prediction"] != answers["label"], "clip_id"]
        assert set(results.pictures[condition]) == set(wrong) and len(wrong)
        assert {len(pictures) for pictures in results.pictures[condition].values()} == {shown}


def test_started_again_it_asks_nothing_and_with_another_condition_only_what_is_new(results, place):
    before, texts = stored(place / "out"), stored(place / "out", "texts")
    assert len(before) == len(set(before)) == 2 * N and len(texts) == len(set(texts)) == 2 * N
    written = {p: p.stat().st_mtime_ns for p in (place / "out/frames").iterdir()}
    again = emovlm.evaluate(place / "qwen", place / "clips", ["fps5", "keyframes"], place / "out", **QUICK)
    after = stored(place / "out")
    assert after[: 2 * N] == before and len(after) == 3 * N and stored(place / "out", "texts") == texts
    assert {p: p.stat().st_mtime_ns for p in (place / "out/frames").iterdir()} == written
    fps5 = [r.answers[r.answers["condition"] == "fps5"].reset_index(drop=True) for r in (again, results)]
    pd.testing.assert_frame_equal(*fps5)


def test_other_decisions_read_the_scores_that_are_kept(results, place, tmp_path):
    conditions = [emovlm.Condition("fps5", "none", decision) for decision in ("likelihood", "mean", "per-prior")]
    found = emovlm.evaluate(place / "qwen", place / "clips", conditions, tmp_path / "out", **QUICK)
    assert len((tmp_path / "out/store/answers.jsonl").read_text().splitlines()) == N
    scores = [f"score_{label}" for label in LABELS]
    summed, mean, corrected = (
        found.answers.loc[found.answers["condition"] == name, scores].to_numpy(float)
        for name in ("fps5", "fps5-mean", "fps5-per-prior")
    )
    assert summed.tolist() == results.answers.loc[results.answers["condition"] == "fps5", scores].to_numpy().tolist()
    tokens = summed / mean  # each label has as many in every clip
    assert tokens == pytest.approx(np.tile(tokens.round()[0], (N, 1)), abs=1e-3) and tokens.min() >= 1
    assert np.ptp(summed - corrected, axis=0) == pytest.approx(0, abs=1e-3)  # the same prior is taken off every clip


def test_another_prompt_asks_again_and_so_does_a_changed_model(place, tmp_path):
    save_classifier("vit", tmp_path / "vit", labels=LABELS)
    emovlm.evaluate(tmp_path / "vit", place / "clips", out=tmp_path / "out", **QUICK)
    (tmp_path / "prompts").mkdir()
    (tmp_path / "prompts/classify.txt").write_text("Well? {classes}")
    emovlm.evaluate(tmp_path / "vit", place / "clips", out=tmp_path / "out", prompts=tmp_path / "prompts", **QUICK)
    assert len(stored(tmp_path / "out")) == N  # a classifier reads no prompt
    save_classifier("vit", tmp_path / "vit", labels=LABELS, seed=1)
    emovlm.evaluate(tmp_path / "vit", place / "clips", out=tmp_path / "out", **QUICK)
    assert len(stored(tmp_path / "out")) == 2 * N
    save_tiny("qwen2.5-vl", tmp_path / "qwen")
    found = emovlm.evaluate(
        tmp_path / "qwen", place / "clips", out=tmp_path / "vlm", prompts=tmp_path / "prompts", **QUICK
    )
    assert found.about["prompts"]["classify"] == "Well? angry, happy, sad"
    with pytest.raises(StudyError, match=r"none of classify\.txt, describe\.txt, motion\.txt is there"):
        emovlm.evaluate(tmp_path / "qwen", place / "clips", out=tmp_path / "vlm", prompts=tmp_path, **QUICK)


def test_a_stopped_evaluation_goes_on_at_the_clip(place, tmp_path):
    asked = ["evaluate", place / "qwen", place / "clips", "--out", "out", "--frames", "all", "--frames", "fps5",
             "--size", "56", "--max-new-tokens", "64", "--resamples", "50"]  # fmt: skip
    process = subprocess.Popen(
        [sys.executable, "-m", "emovlm.cli", *map(str, asked)], cwd=tmp_path, env=environment(), text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # shells ignore it in background jobs
    )  # fmt: skip
    store = tmp_path / "out/store/answers.jsonl"
    while process.poll() is None and not (store.is_file() and store.stat().st_size):
        time.sleep(0.005)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate()
    assert process.returncode == 130 and said.splitlines()[-1] == "stopped; to continue, run the same command", said
    assert "Traceback" not in said and not (tmp_path / "out/answers.parquet").exists()
    before = stored(tmp_path / "out")
    assert 1 <= len(before) < 2 * N
    done = command_here(*asked, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    after = stored(tmp_path / "out")
    assert after[: len(before)] == before and len(after) == len(set(after)) == 2 * N
    assert "page: out/index.html" in done.stdout and (tmp_path / "out/index.html").is_file()


MINE = """
import numpy as np
from emovlm.sampling.frame_samplers import SAMPLERS, Sampler
from emovlm.statistics.metrics import class_recall, register_metric


def first(times, fps, row):
    return np.arange(row["count"]), np.zeros(row["count"], int)


SAMPLERS.add(Sampler("first", "the first frames", first, needs=("count",)))
register_metric("worst_recall", "Worst recall", "Recall of the class that is recognised least.")(
    lambda counts: np.nanmin(class_recall(counts), axis=-1))
"""


def test_a_plugin_adds_a_sampler_and_a_metric(place, tmp_path):
    (tmp_path / "mine.py").write_text(MINE)
    (tmp_path / "mine.tsv").write_text("sampler\tkind\tcount\nfirst2\tfirst\t2\n")
    asked = ["evaluate", place / "vit", place / "clips", "--out", "out", "--samplers", "mine.tsv", "--frames", "first2",
             "--size", "56", "--resamples", "50"]  # fmt: skip
    refused = command_here(*asked, cwd=tmp_path)
    assert refused.returncode == 1 and "column kind: 'first' is not one of rate" in refused.stderr
    done = command(*asked, "--plugin", "mine.py", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    metrics = pd.read_csv(tmp_path / "out/metrics.csv").set_index("metric")["value"]
    assert metrics["worst_recall"] == pd.read_csv(tmp_path / "out/per_class.csv")["recall"].min()
    assert set(pd.read_parquet(tmp_path / "out/answers.parquet")["n_frames"]) == {2}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"model": "vit"}, r"holds another evaluation \(its model is .*qwen', not .*vit'\) and nothing is overwritten"),
        ({"data": "other"}, "its data is"),
        ({"labels": [*LABELS, "bored"]}, "its labels is"),
        ({"split": "train"}, "no clips of split train"),
    ],
)
def test_the_folder_of_another_evaluation_is_left_as_it_is(results, place, change, said):
    make_clips(place / "other", n=1, frames=4)
    before = {p: p.read_bytes() for p in (place / "out").rglob("*") if p.is_file()}
    labels, split = change.get("labels"), change.get("split", "test")
    with pytest.raises(StudyError, match=said):
        emovlm.evaluate(place / change.get("model", "qwen"), place / change.get("data", "clips"), out=place / "out",
                        labels=labels, split=split, **QUICK)  # fmt: skip
    assert {p: p.read_bytes() for p in (place / "out").rglob("*") if p.is_file()} == before


def test_a_folder_with_other_files_is_left_as_it_is(place, tmp_path):
    (tmp_path / "thesis.tex").write_text("all my work")
    with pytest.raises(StudyError, match=r"holds other files \(thesis\.tex for example\) and nothing is overwritten"):
        emovlm.evaluate(place / "vit", place / "clips", out=tmp_path, **QUICK)
    with pytest.raises(StudyError, match=r"thesis\.tex: a file; name a folder"):
        emovlm.evaluate(place / "vit", place / "clips", out=tmp_path / "thesis.tex", **QUICK)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]


def test_clips_that_do_not_decode_are_failures_and_if_none_does_that_is_an_error(place, tmp_path):
    clips = make_clips(tmp_path / "clips", n=1, frames=8)
    (clips / "sad/0.mp4").write_bytes(b"no video")
    found = emovlm.evaluate(place / "vit", clips, out=tmp_path / "out", **QUICK)
    failed = found.answers.set_index("clip_id").loc["clips/sad/0"]
    assert (failed["status"], failed["reason"]) == ("failed", "the file cannot be opened as a video")
    assert found.matrix().loc["sad"].tolist() == [0, 0, 0, 1]
    for path in clips.rglob("*.mp4"):
        path.write_bytes(b"")
    with pytest.raises(StudyError, match="none of the 3 clips can be decoded; clips/angry/0: the file is empty"):
        emovlm.evaluate(place / "vit", clips, out=tmp_path / "other", **QUICK)


class Full:
    """A system whose prompts do not fit into the card's memory."""

    def answer(self, parts, classes, max_new_tokens):
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 GiB. GPU 0 has a total of 8.00 GiB.")


def test_a_card_that_is_too_small_is_an_error_that_names_what_takes_less(tmp_path):
    write_store({"d/a": torch.zeros(2, 4, 4, 3, dtype=torch.uint8).numpy()}, tmp_path / "0.safetensors")
    clips = pd.DataFrame({"clip_id": ["d/a"], "dataset": "d", "identity": "d/a", "flag": None, "label": "sad",
                          "status": "ok", "reason": None, "fold": 0})  # fmt: skip
    sample = pd.DataFrame(
        {"clip_id": "d/a", "position": [0, 1], "frame_index": [0, 1], "timestamp_s": [0, 1], "gap": 0}
    )
    params = {"context": "none", "decision": "likelihood", "classes": ["sad"], "max_new_tokens": 1, "replicate": 1}
    frames, store = FrameStore([tmp_path / "0.safetensors"]), AnswerStore(tmp_path / "a.jsonl")
    with pytest.raises(StudyError, match=r"too little memory \(CUDA out of memory\).*batch.*frames.*pixels.*dtype"):
        answer_folds(lambda _: Loaded(Full(), "", ""), {"0": ""}, clips, sample, None, frames, store, "?", params)


def test_the_page_holds_all_it_needs_and_texts_as_text(results, tmp_path):
    said = "</script><img src=x onerror=alert(1)>"
    results = replace(results, answers=results.answers.assign(reply=said))
    results.save(tmp_path)
    page = (tmp_path / "index.html").read_text()
    assert page.count("</script>") == 2 and "<img" not in page and "\\u003cimg src=x" in page
    policy = page.split('Content-Security-Policy" content="')[1].split('"')[0]
    assert policy.startswith("default-src 'none'; script-src 'sha256-") and "img-src data:;" in policy
    for outside in ("http://", "https://", " src=", "href="):
        assert outside not in page.split("<style>")[0] + page.split("</style>")[1].split("<script")[0]


def test_importing_the_package_imports_no_library():
    code = "import sys, emovlm; print(*({'torch', 'pandas', 'numpy', 'rich'} & set(sys.modules)), emovlm.__version__)"
    done = subprocess.run([sys.executable, "-c", code], env=environment(), capture_output=True, text=True, check=True)
    assert done.stdout.strip() == emovlm.__version__
    with pytest.raises(AttributeError, match="no attribute 'assess'"):
        emovlm.assess  # noqa: B018


def test_the_command_says_what_is_wrong_and_no_more(tmp_path):
    done = command("evaluate", "model", tmp_path, "--out", "out", cwd=tmp_path)
    assert done.returncode == 1 and done.stderr.startswith(f"error: {tmp_path}: no clips found")
    assert len(done.stderr.splitlines()) == 1 and not (tmp_path / "out").exists()


def test_example_clips_are_rendered_into_a_new_folder(wheel_path, tmp_path):
    done = command("example", "clips", "clips", "--wheel", wheel_path, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert len(list((tmp_path / "clips").glob("*/*.mp4"))) == 20
    assert {path.name for path in (tmp_path / "clips").iterdir()} == {
        "anger",
        "happiness",
        "neutral",
        "sadness",
        "surprise",
    }
    again = command("example", "clips", "clips", "--wheel", wheel_path, cwd=tmp_path)
    assert again.returncode == 1 and "not an empty folder" in again.stderr


def test_default_prompts_are_those_of_the_papers_study():
    for name in ("classify", "describe", "motion"):
        own = (ROOT / f"src/emovlm/evaluation/prompts/{name}.txt").read_text()
        assert own == (ROOT / f"config/paper/prompts/{name}.txt").read_text()
