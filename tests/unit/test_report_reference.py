"""The docs' tables are those of the registries."""

import pytest
from tests.conftest import ROOT

from emovlm.core.errors import StudyError
from emovlm.datasets.registry import DATASET_KINDS
from emovlm.evaluation.contexts import CONTEXTS
from emovlm.evaluation.decisions import DECISIONS
from emovlm.figures.registry import figures
from emovlm.models.vlm.families import FAMILIES
from emovlm.report.reference import BLOCKS, written
from emovlm.sampling.frame_samplers import SAMPLERS
from emovlm.sampling.training_samplers import TRAINING_SAMPLERS
from emovlm.statistics.metrics import METRICS
from emovlm.statistics.verdicts import CLAIM_KINDS

PAGES = {page: (ROOT / "docs" / page).read_text(encoding="utf-8") for page, _ in BLOCKS}


@pytest.mark.parametrize("page", PAGES)
def test_the_committed_docs_are_what_the_command_writes(page):
    message = "run: python -m emovlm.report.reference --write docs"
    assert written(page, PAGES[page]) == PAGES[page], message


def test_every_entry_is_in_the_docs():
    for page, names in (
        ("explanation/statistics.md", [*METRICS, *CLAIM_KINDS]),
        ("how-to/adding-a-figure.md", figures()),
        ("how-to/adding-a-sampler.md", [*SAMPLERS, *TRAINING_SAMPLERS]),
        ("how-to/adding-a-dataset.md", DATASET_KINDS),
        ("how-to/adding-a-system.md", FAMILIES),
        ("reference/evaluate.md", [*CONTEXTS, *DECISIONS]),
    ):
        assert [name for name in names if f"`{name}`" not in PAGES[page]] == []


def test_a_page_without_its_marks_is_named():
    text = PAGES["explanation/statistics.md"].replace("<!-- metrics: end -->", "")
    with pytest.raises(StudyError, match=r"statistics\.md: the marks <!-- metrics: begin --> and"):
        written("explanation/statistics.md", text)
