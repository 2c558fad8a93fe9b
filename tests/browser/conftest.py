"""The explorer page of the quick study in a real browser, Debian's Chromium, which opens it from disk."""

from pathlib import Path

import pandas as pd
import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.project import RESULTS, Project

expect.set_options(timeout=60_000)

CHROMIUM = "/usr/bin/chromium"
REASON = "the model refused: <b>I cannot</b> & will not"
INJECTED = "freq-msce"


@pytest.fixture(scope="session")
def browser():
    """The browser, without a window."""
    if not Path(CHROMIUM).is_file():
        pytest.fail(
            f"no {CHROMIUM}: tests/packages.sh browser installs it (Debian, as root or with sudo)", pytrace=False
        )
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM)
        yield browser
        browser.close()


class Visit:
    """A page that keeps what it asked for and what it complained about."""

    def __init__(self, browser: Browser, folder: Path, **options):
        self.folder, self.requests, self.complaints = folder, [], []
        self.context = browser.new_context(**{"viewport": {"width": 1280, "height": 900}, **options})
        self.page: Page = self.context.new_page()
        self.page.set_default_timeout(60_000)
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.on("console", lambda message: self.complaints.append(message.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def open(self, place: str = "#/") -> Page:
        """Go to a view, as a link to it from elsewhere would."""
        self.page.goto("about:blank")
        self.page.goto(f"{(self.folder / 'index.html').as_uri()}{place}")
        self.page.wait_for_selector("html[data-ready] h1")
        return self.page

    def count(self) -> int:
        """How many clips the list says it has."""
        return int(self.page.locator(".count strong").inner_text())


@pytest.fixture
def visit(browser, project):
    """Visit the finished study's page; whatever a test does there, nothing may be asked of a network or go wrong."""
    visits = []

    def begin(folder: Path | None = None, **options) -> Visit:
        visits.append(Visit(browser, folder or project.path / RESULTS / "explorer", **options))
        return visits[-1]

    yield begin
    for each in visits:
        inside = ("about:blank", each.folder.as_uri())
        assert [url for url in each.requests if not url.startswith(inside)] == []
        assert each.complaints == []
        each.context.close()


@pytest.fixture(scope="session")
def altered(project, tmp_path_factory) -> Project:
    """A copy of the finished study in which one answer was made a failure and one condition right on all clips but two;
    what follows from them is made anew."""
    altered = project.copy(tmp_path_factory.mktemp("altered") / "emovlm")
    path = altered.path / RESULTS / "answers/freq-fps5.parquet"
    answers = pd.read_parquet(path)
    scores = [c for c in answers.columns if c.startswith("score_")]
    answers.loc[0, ["status", "reason"]] = "failed", REASON
    answers.loc[0, ["prediction", "reply", "parsed", "exact", "substring", *scores]] = None
    answers.loc[0, ["n_frames", "n_tokens"]] = 0
    answers.to_parquet(path)
    path = altered.path / RESULTS / f"answers/{INJECTED}.parquet"
    answers = pd.read_parquet(path)
    answers["prediction"], answers["status"], answers["reason"] = answers["label"], "ok", None
    answers.loc[:1, "prediction"] = answers["label"].iloc[2:4].tolist()
    answers.to_parquet(path)
    altered.run()
    return altered
