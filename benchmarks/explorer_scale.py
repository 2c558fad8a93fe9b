"""The explorer page of a made-up dataset: how long it takes to build, how large it is, how fast it filters in Chromium.

PYTHONPATH=src:. python benchmarks/explorer_scale.py; it needs Debian's Chromium: tests/packages.sh browser
"""

import tempfile
import time
from pathlib import Path
from statistics import median

import pandas as pd
from benchmarks.measured import Figures, arguments
from playwright.sync_api import sync_playwright
from tests.browser.conftest import CHROMIUM
from tests.made_up_study import CLASSES, DATASET, make_up

from emovlm.core.contracts.statistics import EVIDENCE
from emovlm.report.explorer_answers import write_answers
from emovlm.report.explorer_clips import write_clips, write_pictures
from emovlm.report.explorer_page import build, start

# Goes to a view and waits until it is there and painted; milliseconds.
GO = """async ([hash, wanted]) => { const begun = performance.now(); location.hash = hash;
    while (!document.querySelector(wanted)) await new Promise(requestAnimationFrame);
    await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
    return performance.now() - begun; }"""
# Puts filters one after another, and waits each time until the list has changed and is painted; milliseconds.
FILTER = """async (labels) => { const found = []; const box = document.querySelector("select[name=label]");
    for (const label of labels) { const begun = performance.now();
        box.value = label; box.dispatchEvent(new Event("change"));
        const same = () => document.querySelector(".card .label").textContent !== label;
        while (same()) await new Promise(requestAnimationFrame);
        await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
        found.push(performance.now() - begun); }
    return found; }"""
ALONE = """async (want) => {
    const [clips, answers] = await Promise.all(["made/clips", "made/answers"].map(explorer.load));
    const begun = performance.now(); for (let k = 0; k < 100; k++) explorer.filter(clips, answers, want);
    return (performance.now() - begun) / 100; }"""


def built(folder: Path, clips: int, conditions: int) -> dict[str, float]:
    """Seconds of each step of the build, of the page in ``folder/page``."""
    made, data, seconds = make_up(folder / "tables", clips, conditions), folder / "page/data", {}
    parts, sheets = -(-clips // 50), -(-clips // 500)
    place = f"{data}/{DATASET}"
    about = {"dataset": DATASET, "licence": "CC0-1.0", "size": 32}
    details, strips = ([f"{place}/{kind.format(k)}" for k in range(parts)] for kind in ("{}.js", "strips.{}.webp"))
    thumbs = [f"{place}/thumbs.{k}.webp" for k in range(sheets)]
    out = {row["condition"]: f"{data}/answers/{row['condition']}.js" for row in made.conditions}
    first = {
        "study": "made up", "seed": 1, "claims": [], "samplers": list(made.samples),
        "datasets": [{"dataset": DATASET, "licence": "CC0-1.0", "pictures": True}],
        "conditions": {"columns": list(made.conditions[0]), "rows": [list(r.values()) for r in made.conditions]},
    }  # fmt: skip
    source = Path("explorer/index.html")
    steps = {
        "clips": lambda: write_clips(about, CLASSES, made.sources, made.samples, f"{place}/clips.js", details, sheets),
        "pictures": lambda: write_pictures(made.sources, [made.store], 32, strips, thumbs),
        "answers": lambda: write_answers(
            DATASET, made.conditions, CLASSES, made.paths, made.values, out, f"{place}/answers.js"
        ),
        "page": lambda: build(
            source,
            [str(p) for p in source.parent.iterdir() if p != source],
            start(first, made.values, pd.DataFrame(columns=list(EVIDENCE.columns))),
            folder / "page/index.html",
        ),
    }
    for name, step in steps.items():
        begun = time.perf_counter()
        step()
        seconds[name] = time.perf_counter() - begun
    return seconds


def main() -> None:
    parser = arguments(__doc__)
    parser.add_argument("--clips", type=int, default=5000)
    parser.add_argument("--conditions", type=int, default=60)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary, sync_playwright() as driver:
        folder = Path(temporary)
        seconds = built(folder, given.clips, given.conditions)
        files = [p for p in (folder / "page").rglob("*") if p.is_file()]
        size = {
            kind: sum(p.stat().st_size for p in files if p.suffix == kind) / 1e6 for kind in (".html", ".js", ".webp")
        }
        print(f"{given.clips} clips, {given.conditions} conditions: {len(files)} files,",
              ", ".join(f"{mb:.1f} MB {kind}" for kind, mb in size.items()))  # fmt: skip
        print("build:", ", ".join(f"{name} {s:.1f} s" for name, s in seconds.items()))
        browser = driver.chromium.launch(executable_path=CHROMIUM)
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        begun = time.perf_counter()
        page.goto((folder / "page/index.html").as_uri())
        page.wait_for_selector("h1")
        print(f"open the page: {time.perf_counter() - begun:.2f} s")
        print(f"to the clips, reading all answers: {page.evaluate(GO, ['#/clips?c=c001', '.card']):.0f} ms")
        labels, want = [*CLASSES[1:], CLASSES[0]], {"c": "c001", "b": "c002", "pair": "differ", "outcome": "wrong"}
        filters = [time for _ in range(given.rounds) for time in page.evaluate(FILTER, labels)]
        print(f"filter and paint: median {median(filters):.0f} ms, slowest {max(filters):.0f} ms")
        alone = [page.evaluate(ALONE, want) for _ in range(given.rounds)]
        print(f"the filter alone, two conditions: {median(alone):.2f} ms")
        clips = []
        for k in range(given.rounds):
            page.evaluate(GO, ["#/clips?c=c001", ".card"])
            clip = f"#/clip/{DATASET}/{given.clips // 2 + 50 * k:05}?c=c001"
            clips.append(page.evaluate(GO, [clip, ".bars"]))
        print(f"to a clip: {median(clips):.0f} ms")
        version = browser.version
        browser.close()
    figures = Figures("explorer_scale", ("playwright",))
    many = f"{given.clips:,} clips in {given.conditions} conditions"
    figures.row(f"filter and paint, {many}", filters, "ms")
    figures.row("filter alone, two conditions", alone, "ms")
    figures.row("open a clip", clips, "ms")
    figures.row("build the page", sum(seconds.values()), "s")
    figures.note(f"Chromium {version}; {len(files)} files, {sum(size.values()):.0f} MB.")
    figures.write(given.json)


if __name__ == "__main__":
    main()
