"""The page of an evaluation in a real browser: 10,000 clips, two conditions, hostile texts."""

import numpy as np
import pandas as pd
import pytest

from emovlm.frames.store import FrameStore
from emovlm.standalone.pictures import CLIPS, pictures_of
from emovlm.standalone.results import results_of
from tests.browser.conftest import Visit
from tests.frame_stores import write_store

LABELS = ["anger", "fear & <b>dread</b>", "happiness", "neutral"]
N = 10_000
HOSTILE = '</script><img src=x onerror="document.title=1">'


def draw_condition(seed: int) -> pd.DataFrame:
    draw = np.random.default_rng(seed)
    label = np.array(LABELS)[np.arange(N) % 4]
    scores = draw.normal(0, 1, (N, 4)) + 1.5 * (label[:, None] == np.array(LABELS))
    names = [f"clips/{k:05}" for k in range(N)]
    frame = pd.DataFrame({
        "clip_id": names, "dataset": "clips", "identity": names, "flag": None, "replicate": 1, "fold": 0,
        "label": label, "status": "ok", "reason": None, "refused": False, "cut": False,
        "prediction": np.array(LABELS)[scores.argmax(1)], "reply": HOSTILE, "parsed": None, "exact": None,
        "substring": None, "n_frames": 3, "n_tokens": 9,
        **{f"score_{name}": scores[:, k] for k, name in enumerate(LABELS)},
    })  # fmt: skip
    failed = ["prediction", "reply", *(f"score_{name}" for name in LABELS)]
    frame.loc[:9, ["status", "reason", "n_frames"]] = "failed", "the file is missing", 0
    frame.loc[:9, failed] = None
    return frame


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    folder = tmp_path_factory.mktemp("page")
    answers = {"fps5": draw_condition(1), "all": draw_condition(2)}
    draw = np.random.default_rng(3)
    write_store(
        {f"clips/{k:05}": draw.integers(0, 256, (3, 32, 32, 3), np.uint8) for k in range(N)}, folder / "0.safetensors"
    )
    sample = pd.DataFrame({
        "clip_id": np.repeat(answers["fps5"]["clip_id"], 3), "position": np.tile([0, 1, 2], N),
        "frame_index": np.tile([0, 1, 2], N),
    })  # fmt: skip
    pictures = {
        name: pictures_of(of, sample, FrameStore([folder / "0.safetensors"]), 2) for name, of in answers.items()
    }
    conditions = [
        {"name": name, "frames": name, "context": "none", "decision": "likelihood", "sampler": {"sampler": name}}
        for name in answers
    ]
    about = {
        "model": "/models/tiny <b>one", "data": "/data/clips", "kind": "classes", "split": "test", "fold": None,
        "labels": LABELS, "clips": N, "version": "0", "system": {"family": "qwen2.5-vl"}, "conditions": conditions,
        "prompts": {"classify": HOSTILE}, "size": 32, "seed": 1, "resamples": 20, "confidence": 0.95,
    }  # fmt: skip
    found = results_of(about, answers, pictures)
    found.save(folder)
    return folder, found


@pytest.fixture
def visit(results, browser):
    """Open the page; whatever a test does there, nothing may be asked of a network or go wrong."""
    visits = []

    def begin(**options):
        visits.append(Visit(browser, results[0], **options))
        return visits[-1].open("")

    yield begin
    for each in visits:
        assert {url for url in each.requests if not url.startswith("data:")} <= {(each.folder / "index.html").as_uri()}
        assert each.complaints == []
        each.context.close()


def test_metrics_matrix_and_texts_are_there_and_texts_are_text(visit, results):
    page = visit()
    assert page.locator("h1").inner_text() == "tiny <b>one on clips"
    row = results[1].metrics.query("condition == 'fps5' and metric == 'uar'").iloc[0]
    assert f"{row['value']:.2f} [{row['low']:.2f}, {row['high']:.2f}]" in page.locator("main table").first.inner_text()
    assert page.locator(".confusion td").count() == 20
    assert page.locator(".confusion th span").all_inner_texts() == [*LABELS, "failed"]
    assert page.locator("b", has_text="dread").count() == 0 and page.title().startswith("tiny")
    assert HOSTILE in page.locator(".clip .said").first.inner_text()


def test_a_cell_shows_its_clips_and_filters_and_order_hold(visit, results):
    page = visit()
    answers = results[1].answers.query("condition == 'fps5'")
    label, prediction = LABELS[0], LABELS[2]
    n = ((answers["label"] == label) & (answers["prediction"] == prediction)).sum()
    page.get_by_label(f"{n} clips with the label {label} and the prediction {prediction}").click()
    assert page.get_by_role("status").inner_text().startswith(f"{n} clips of")
    page.get_by_label("Order").select_option("clip")
    ids = page.locator(".clip .id").all_inner_texts()
    assert len(ids) == 30 and ids == sorted(ids)
    page.get_by_role("button", name="Show 30 more").click()
    assert page.locator(".clip").count() == 60
    page.get_by_label("Prediction", exact=True).select_option("failed")
    page.get_by_label("Label", exact=True).select_option("")
    assert page.get_by_role("status").inner_text().startswith("10 clips of")
    assert page.locator(".clip .said").first.inner_text() == "the file is missing"
    page.get_by_label("Clip or reply contains").fill("00003")
    assert page.locator(".clip").count() == 1


def test_pictures_are_capped_by_a_rule_that_is_stated_and_go_to_the_worst(visit, results):
    page = visit()
    assert {len(pictures) for pictures in results[1].pictures.values()} == {CLIPS // 2}
    assert f"Pictures are kept of {CLIPS // 2} clips" in page.locator("#wrong").inner_text()
    page.locator(".clip img").first.scroll_into_view_if_needed()
    page.wait_for_function("document.querySelector('.clip img').naturalWidth === 32")
    assert page.locator(".clip").first.locator("img").count() == 3
    assert (results[0] / "index.html").stat().st_size < 12e6


def test_another_condition_shows_its_own_clips(visit, results):
    page = visit()
    page.get_by_role("button", name="all", exact=True).click()
    answers = results[1].answers.query("condition == 'all'")
    wrong = (answers["prediction"] != answers["label"]).sum()
    assert f"{wrong:,} of 10,000 clips" in page.locator("#wrong").inner_text()


@pytest.mark.parametrize("options", [{"viewport": {"width": 390, "height": 844}}, {"color_scheme": "dark"}])
def test_nothing_is_cut_off_on_a_phone_and_text_is_readable_in_the_dark(visit, options):
    page = visit(**options)
    assert not page.evaluate("document.documentElement.scrollWidth > innerWidth")
    light = page.evaluate("getComputedStyle(document.body).backgroundColor")
    page.locator("#theme").click()
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") != light
