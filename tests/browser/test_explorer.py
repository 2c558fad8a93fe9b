"""The explorer page opens from disk, filters, drills down, and can be used by everyone."""

import json
import re

import pandas as pd
import pytest
from playwright.sync_api import expect

from tests.browser.conftest import REASON
from tests.project import RESULTS

PHONE = {"viewport": {"width": 390, "height": 844}}


@pytest.fixture(scope="module")
def values(project):
    return json.loads((project.path / RESULTS / "values.json").read_text())


@pytest.fixture(scope="module")
def answers(project):
    """Answers of two conditions side by side, with the kind of each clip."""
    root = project.path / RESULTS
    a, b = (
        pd.read_parquet(root / f"answers/{name}.parquet").set_index("clip_id") for name in ("freq-fps1", "natural-fps5")
    )
    truth = pd.read_parquet(root / "raw/synface/truth/clips.parquet").set_index("clip_id")
    return pd.DataFrame({"label": a["label"], "a": a["prediction"], "b": b["prediction"]}).join(
        truth[["micro", "order"]]
    )


def views(answers):
    name = answers.index[0].partition("/")[2]
    return ["#/", "#/conditions", "#/condition/freq-msce", "#/clips?c=freq-fps1&b=natural-fps5&pair=differ",
            f"#/clip/synface/{name}?c=freq-msce"]  # fmt: skip


def test_it_opens_from_disk_and_says_what_it_is(visit, values):
    page = visit().open()
    assert "What the model saw" in page.locator("h1").inner_text()
    assert (
        page.locator("#warning").inner_text()
        == "This is the quick run: it shows that all parts work. Its numbers mean nothing."
    )
    claims = page.locator(".claims > li")
    assert claims.count() == 6
    for claim, row in zip(("L1", "L2", "T1", "T2", "T3", "T4"), claims.all(), strict=True):
        assert values[f"claim.{claim}.verdict"]["text"] in row.inner_text()
        assert values[f"claim.{claim}.effect"]["text"] in row.inner_text()


def test_its_policy_allows_no_connection(visit):
    page = visit().open()
    policy = page.locator("meta[http-equiv]").get_attribute("content")
    assert policy.startswith("default-src 'none'") and "unsafe" not in policy and "http" not in policy
    assert page.locator("script[src], link[href], iframe").count() == 0


def test_every_number_of_a_condition_has_its_id_in_the_values(visit, values):
    page = visit().open("#/condition/freq-fps5")
    numbers = page.locator("button.value").all()
    assert len(numbers) > 50
    for number in numbers:
        name = number.get_attribute("title").partition(",")[0]
        assert number.inner_text() == values[name]["text"]
    page.locator("button.value").first.click()
    expect(page.locator("#said")).to_contain_text("metric.freq-fps5.macro_f1")


@pytest.mark.parametrize(("filters", "passes"), [
    ("c=freq-fps1&label=fear", lambda t: t["label"] == "fear"),
    ("c=freq-fps1&outcome=right", lambda t: t["a"] == t["label"]),
    ("c=freq-fps1&outcome=wrong", lambda t: t["a"] != t["label"]),
    ("c=freq-fps1&outcome=failed", lambda t: t["a"].isna()),
    ("c=freq-fps1&kind=micro", lambda t: t["micro"] & t["order"].isna()),
    ("c=freq-fps1&kind=order", lambda t: t["order"].notna()),
    ("c=freq-fps1&kind=plain", lambda t: ~t["micro"] & t["order"].isna()),
    ("c=freq-fps1&b=natural-fps5&pair=differ", lambda t: t["a"] != t["b"]),
    ("c=freq-fps1&b=natural-fps5&pair=a", lambda t: (t["a"] == t["label"]) & (t["b"] != t["label"])),
    ("c=freq-fps1&b=natural-fps5&pair=neither", lambda t: (t["a"] != t["label"]) & (t["b"] != t["label"])),
])  # fmt: skip
def test_filters_keep_the_clips_that_the_answers_say(visit, answers, filters, passes):
    here = visit()
    page = here.open(f"#/clips?{filters}")
    wanted = [clip.partition("/")[2] for clip in answers.index[passes(answers)]]
    assert here.count() == len(wanted)
    assert page.locator(".card .name").all_inner_texts() == wanted


def test_a_filter_is_in_the_address_and_the_back_button_undoes_it(visit, answers):
    here = visit()
    page = here.open("#/clips?c=freq-fps1")
    page.get_by_label("True class").focus()
    page.get_by_label("True class").select_option("fear")
    page.wait_for_url(re.compile("label=fear"))
    expect(page.locator(".count strong")).to_have_text(str((answers["label"] == "fear").sum()))
    assert page.evaluate("document.activeElement.name") == "label", "focus stays on the filter"
    page.reload()
    page.wait_for_selector(".card")
    assert (
        here.count() == (answers["label"] == "fear").sum() and page.get_by_label("True class").input_value() == "fear"
    )
    page.go_back()
    expect(page.locator(".count strong")).to_have_text(str(len(answers)))
    expect(page.get_by_label("True class")).to_have_value("")


def test_from_a_cell_of_the_confusion_matrix_to_its_clips_and_to_one_of_them(visit, answers):
    here = visit()
    page = here.open("#/condition/freq-fps1")
    label, prediction, n = answers.groupby(["label", "a"]).size().reset_index().iloc[0]
    page.get_by_role("button", name=f"{label} answered as {prediction}: {n} of ").click()
    page.wait_for_selector(".card")
    assert here.count() == n
    assert page.get_by_label("True class").input_value() == label
    assert page.get_by_label("Answer of A").input_value() == prediction
    page.locator(".card").first.click()
    page.wait_for_selector(".answer")
    assert page.locator("h1").inner_text() in answers.index
    assert f"True class\n{label}" in page.locator(".facts").first.inner_text()
    assert prediction in page.locator(".answer").inner_text()
    assert f"Clips (1 of {n})" in page.locator(".walk").inner_text()


def test_a_clip_shows_frames_action_units_samplers_prompt_scores_and_what_others_said(visit, project, answers):
    root, clip = project.path / RESULTS, answers.index[answers["label"] != "neutral"][0]
    page = visit().open(f"#/clip/{clip}?c=freq-msce")
    assert page.locator(".strip .tile").count() > 5
    loaded = page.evaluate("""async () => { const strip = document.querySelector(".strip .tile");
        const url = getComputedStyle(strip).backgroundImage;
        const image = new Image(); image.src = url.slice(5, -2); await image.decode(); return image.naturalWidth; }""")
    assert loaded >= 64
    assert page.locator(".track .event").count() > 1 and page.locator(".track path").count() > 0
    taken = pd.read_parquet(root / "samples/synface/keyframes.parquet").query("clip_id == @clip")
    row = page.locator(".track-name", has_text="keyframes").inner_text()
    assert row.startswith(f"keyframes {len(taken)}")
    texts = pd.read_parquet(root / "texts/motion/organism-frequency/1/synface.parquet").query("clip_id == @clip")
    assert page.locator(".prompt .frame").count() == len(taken)
    assert page.locator(".prompt .text").all_inner_texts() == texts.sort_values("gap")["text"].str.strip().tolist()
    assert "Which emotion" in page.locator(".question").inner_text()
    shares = [float(x) for x in page.locator(".bars td:nth-child(4), .bars td:nth-child(3)").all_inner_texts()[::2]]
    assert len(shares) == 11 and abs(sum(shares) - 1) < 0.06
    others = page.locator(".others button")
    assert others.count() == len(list((root / "answers").glob("*.parquet")))
    assert page.locator(".few .card").count() == 6
    others.filter(has_text="natural-fps5").first.click()
    page.wait_for_url(re.compile("v=natural-fps5"))
    expect(page.get_by_label("Condition", exact=True)).to_have_value("natural-fps5")
    assert page.locator(".prompt .text").count() == 0


def test_the_list_and_a_clip_can_be_reached_and_left_with_the_keyboard_alone(visit):
    page = visit().open("#/clips?c=freq-fps1")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    for _ in range(40):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.className") == "card":
            break
    names = page.locator(".card .name").all_inner_texts()
    focused = "document.activeElement.querySelector('.name')?.textContent"
    assert page.evaluate(focused) == names[0]
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowLeft")
    assert page.evaluate(focused) == names[1]
    page.keyboard.press("End")
    assert page.evaluate(focused) == names[-1]
    page.keyboard.press("Home")
    page.keyboard.press("ArrowDown")
    below = page.evaluate(focused)
    assert below in names[2:]
    outline = page.evaluate("getComputedStyle(document.activeElement).outlineWidth")
    assert float(outline.removesuffix("px")) >= 2, "focus can be seen"
    page.keyboard.press("Enter")
    page.wait_for_selector(".answer")
    assert page.locator("h1").inner_text() == f"synface/{below}"
    assert page.evaluate("document.activeElement.tagName") == "H1", "a screen reader begins with the new heading"
    for _ in range(200):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement === document.body"):
            break
    else:
        pytest.fail("the Tab key does not get to the end of the page")


UNNAMED = """() => [...document.querySelectorAll("a, button, select, input, [role=img], [role=region]")].filter((e) => {
    const labels = [...(e.labels ?? [])].map((l) => l.textContent).join("");
    const label = e.getAttribute("aria-label") || labels || (e.matches("select") ? "" : e.textContent.trim());
    return !label && !e.closest("[hidden], [aria-hidden=true]"); }).map((e) => e.outerHTML)"""
HEADLESS = """() => [...document.querySelectorAll("table")].filter((t) => !t.caption
    || t.querySelectorAll("thead th[scope=col]").length < 2 || !t.querySelector("tbody th[scope=row]")).length"""
# Text whose colour has less contrast to what is behind it than WCAG 2.2 asks for (AA), as ratio and text.
FAINT = """() => {
    const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
    const rgba = (colour) => {
        canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = colour; canvas.fillRect(0, 0, 1, 1);
        return [...canvas.getImageData(0, 0, 1, 1).data].map((v, i) => (i < 3 ? v : v / 255)); };
    const linear = (v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
    const light = (rgb) => { const [r, g, b] = rgb.map((v) => linear(v / 255));
        return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
    const over = (top, below) => below.map((v, i) => top[i] * top[3] + v * (1 - top[3]));
    const behind = (e) => { const chain = [];
        for (; e; e = e.parentElement) chain.push(rgba(getComputedStyle(e).backgroundColor));
        return chain.reverse().reduce((below, top) => over(top, below), [255, 255, 255]); };
    const found = [];
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
        const e = walker.currentNode.parentElement;
        if (!walker.currentNode.textContent.trim() || !e.checkVisibility({ opacityProperty: true })) continue;
        if (e.closest("script, option, :disabled, .off, .unseen")) continue;
        const style = getComputedStyle(e), size = parseFloat(style.fontSize);
        const needed = size >= 24 || (size >= 18.66 && style.fontWeight >= 700) ? 3 : 4.5;
        const below = behind(e), text = light(over(rgba(style.color), below)), ground = light(below);
        const ratio = (Math.max(text, ground) + 0.05) / (Math.min(text, ground) + 0.05);
        if (ratio < needed) found.push(`${ratio.toFixed(2)}: ${walker.currentNode.textContent.trim().slice(0, 40)}`);
    }
    return found; }"""


def test_every_control_has_a_name_and_every_table_its_heads(visit, answers):
    here = visit()
    for place in views(answers):
        page = here.open(place)
        page.wait_for_function("!document.querySelector('main[aria-busy]')")
        assert page.evaluate(UNNAMED) == [] and page.evaluate(HEADLESS) == 0, place
        for landmark in ("main", "header", "nav[aria-label]", "footer"):
            assert page.locator(landmark).count() >= 1
        assert page.locator("h1").count() == 1


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_has_enough_contrast_in_light_and_dark(visit, answers, scheme):
    here = visit(color_scheme=scheme)
    for place in views(answers):
        assert here.open(place).evaluate(FAINT) == [], place


def test_the_theme_follows_the_system_until_one_is_chosen(visit):
    here = visit(color_scheme="dark")
    page = here.open()
    ground = "getComputedStyle(document.body).backgroundColor"
    dark = page.evaluate(ground)
    page.get_by_role("button", name="Colours: auto").click()
    light = page.evaluate(ground)
    assert light != dark
    here.open("#/conditions")
    assert page.evaluate(ground) == light, "the choice stays"
    page.get_by_role("button", name="Colours: light").click()
    assert page.evaluate(ground) == dark


def test_nothing_scrolls_sideways_at_the_width_of_a_phone(visit, answers):
    here = visit(**PHONE)
    for place in views(answers):
        assert here.open(place).evaluate("document.documentElement.scrollWidth") <= 390, place


def test_right_and_wrong_are_told_by_a_sign_and_a_word_too(visit):
    page = visit().open("#/clips?c=freq-fps1&outcome=wrong")
    assert page.locator(".card .mark").first.text_content().startswith("✗ ")
    assert "wrong" in page.locator(".card .mark").first.text_content()
    assert page.locator(".count").get_attribute("aria-live") == "polite"


def test_a_view_that_does_not_exist_is_explained(visit):
    page = visit().open("#/clip/synface/99999")
    assert "There is no clip synface/99999" in page.locator("[role=alert]").inner_text()


def test_a_gated_dataset_gives_placeholders_and_the_page_says_why(visit, gated, answers):
    folder = gated.path / RESULTS / "explorer"
    assert list(folder.rglob("*.webp")) == [], "pictures made under the other licence are gone"
    here = visit(folder)
    page = here.open("#/clips")
    assert (
        "the licence of synface (MAFW-EULA) does not allow passing on its pictures"
        in page.locator(".gated").inner_text()
    )
    assert page.locator(".card .blank").count() == here.count() == len(answers)
    page = here.open(f"#/clip/{answers.index[0]}?c=freq-msce")
    assert page.locator(".blank").count() > 5 and page.locator(".track path").count() > 0
    assert not any(url.endswith(".webp") for url in here.requests)


def test_a_failure_is_a_row_with_its_reason_as_text(visit, altered, answers):
    here = visit(altered.path / RESULTS / "explorer")
    page = here.open("#/clips?c=freq-fps5&outcome=failed")
    assert here.count() == 1
    assert "no answer" in page.locator(".card .mark").text_content()
    page.locator(".card").click()
    page.wait_for_selector(".reason")
    assert REASON in page.locator(".reason").inner_text(), "no markup of the data becomes markup of the page"
    assert "There are no class scores" in page.locator(".two").inner_text()
    page = here.open("#/condition/freq-fps5")
    assert page.get_by_role("link", name="Failures (1)").is_visible()
    values = json.loads((altered.path / RESULTS / "values.json").read_text())
    assert page.locator("button.value").first.inner_text() == values["metric.freq-fps5.macro_f1"]["text"]
    label = answers["label"].iloc[0]
    assert page.get_by_role("button", name=f"{label} answered as failed: 1 of ").is_visible()
