"""Tables of the docs that follow from the code: registries here; commands, keys and columns in ``reference_schemas``.

``python -m emovlm.report.reference --write docs`` writes them between the marks ``<!-- metrics: begin -->`` and
``<!-- metrics: end -->`` of the pages; a test checks that it was done.
"""

import argparse
import sys
from dataclasses import fields
from pathlib import Path

from emovlm.core.errors import StudyError
from emovlm.core.files import write_text
from emovlm.datasets.registry import DATASET_KINDS
from emovlm.evaluation.contexts import CONTEXTS
from emovlm.evaluation.decisions import DECISIONS
from emovlm.figures.registry import figures
from emovlm.models.vlm.families import FAMILIES
from emovlm.report.explorer_answers import headlines
from emovlm.report.reference_schemas import (
    commands_reference,
    config_reference,
    markdown_table,
    result_tables_reference,
    study_tables_reference,
)
from emovlm.sampling.frame_samplers import SAMPLERS
from emovlm.sampling.training_samplers import TRAINING_SAMPLERS
from emovlm.statistics.metrics import METRICS, Metric
from emovlm.statistics.verdicts import CLAIM_KINDS


def metrics_reference() -> str:
    """A row a metric; twins of answered clips are left out."""
    rows = [
        [f"`{m.name}`", m.label, m.about, m.unit, _bounds(m), _shown(m)]
        for m in METRICS.values() if m.reads != "answered"
    ]  # fmt: skip
    return markdown_table(["metric", "called", "what it is", "unit", "bounds", "shown by"], rows)


def labels_reference() -> str:
    """What the page calls the metrics of its list of conditions, and of the page of a condition alone."""
    others = [m for m in METRICS.values() if not m.headline]
    rows = [
        ["list of conditions, page of a condition", ", ".join(f"{m.label} (`{m.name}`)" for m in headlines())],
        ["page of a condition", ", ".join(f"{m.label} (`{m.name}`)" for m in others)],
    ]
    return markdown_table(["where", "metrics"], rows)


def claims_reference() -> str:
    """A row a kind of claim."""
    rows = [
        [f"`{k.name}`", k.about, ", ".join(f"`{f.name}`" for f in fields(k.keys)), k.supports, k.refutes]
        for k in CLAIM_KINDS.values()
    ]
    return markdown_table(["kind", "what it says", "keys", "evidence is for it", "against it"], rows)


def figures_reference() -> str:
    """A row a figure."""
    rows = [
        [f"`{f.name}`", f.title, f.category, ", ".join(f"`{t}`" if needed else f"(`{t}`)" for t, needed in
                                                       f.tables.items())]
        for f in sorted(figures().values(), key=lambda figure: (figure.category, figure.name))
    ]  # fmt: skip
    return markdown_table(["figure", "shows", "belongs to", "tables (in brackets: optional)"], rows)


def samplers_reference() -> str:
    """A row a kind of frame sampler."""
    return markdown_table(["kind", "frames", "columns that a row needs"],
                  [[f"`{k.name}`", k.about, _columns(k.needs)] for k in SAMPLERS.values()])  # fmt: skip


def training_samplers_reference() -> str:
    """A row a kind of training sampler."""
    return markdown_table(["kind", "draws", "columns that a row needs"],
                  [[f"`{k.name}`", k.about, _columns(k.needs)] for k in TRAINING_SAMPLERS.values()])  # fmt: skip


def datasets_reference() -> str:
    """A row a kind of dataset."""
    rows = [
        [f"`{k.name}`", k.about, f"`{k.lists}`" if k.lists else "the folder itself"] for k in DATASET_KINDS.values()
    ]
    return markdown_table(["kind", "what it is", "its lists"], rows)


def contexts_reference() -> str:
    """A row a context."""
    return markdown_table(["context", "what is shown"], [[f"`{c.name}`", c.about] for c in CONTEXTS.values()])


def decisions_reference() -> str:
    """A row a decision."""
    return markdown_table(["decision", "the answer is"], [[f"`{d.name}`", d.about] for d in DECISIONS.values()])


def families_reference() -> str:
    """A row a family of vision-language models."""
    rows = [
        [f"`{f.name}`", ", ".join(f"`{t}`" for t in f.model_types), "a video" if f.video else "images",
         {"image": "an image", "video": "a video"}[f.alone], f.about]
        for f in FAMILIES.values()
    ]  # fmt: skip
    return markdown_table(["family", "`model_type`", "frames in a row are", "a frame alone is", "remarks"], rows)


# By page and mark: what stands there.
BLOCKS = {
    ("explanation/statistics.md", "metrics"): metrics_reference,
    ("explanation/statistics.md", "kinds of claims"): claims_reference,
    ("reference/explorer.md", "metrics"): labels_reference,
    ("how-to/adding-a-figure.md", "figures"): figures_reference,
    ("how-to/adding-a-sampler.md", "kinds of frame samplers"): samplers_reference,
    ("how-to/adding-a-sampler.md", "kinds of training samplers"): training_samplers_reference,
    ("how-to/adding-a-dataset.md", "kinds of datasets"): datasets_reference,
    ("how-to/adding-a-system.md", "families"): families_reference,
    ("reference/evaluate.md", "contexts"): contexts_reference,
    ("reference/evaluate.md", "decisions"): decisions_reference,
    ("reference/cli.md", "commands"): commands_reference,
    ("reference/config.md", "keys"): config_reference,
    ("reference/study-tables.md", "columns"): study_tables_reference,
    ("reference/result-tables.md", "columns"): result_tables_reference,
}


def written(page: str, text: str) -> str:
    """The text of a page with its blocks as they should be.

    Raises:
        StudyError: a mark is missing.
    """
    for (name, block), reference in BLOCKS.items():
        if name == page:
            begin, end = (f"<!-- {block}: {edge} -->" for edge in ("begin", "end"))
            before, found, rest = text.partition(begin)
            _, closed, after = rest.partition(end)
            if not (found and closed):
                raise StudyError(f"{page}: the marks {begin} and {end} should be there")
            text = f"{before}{begin}\n\n{reference()}\n{end}{after}"
    return text


def _columns(needs: tuple[str, ...]) -> str:
    return ", ".join(f"`{column}`" for column in needs)


def _bounds(metric: Metric) -> str:
    if callable(metric.bounds):
        return f"{metric.bounds(2)[0]:g} to {metric.bounds(2)[1]:g} with 2 classes, {metric.bounds(11)[1]:.2f} with 11"
    return f"{metric.bounds[0]:g} to {metric.bounds[1]:g}"


def _shown(metric: Metric) -> str:
    """Where a metric stands beside the values and the page of a condition."""
    places = ["lists of conditions"] if metric.headline else []
    places += [] if metric.paper == "none" else ["the paper's tables"]
    return ", ".join(places) or "values"


def main() -> None:
    """Write the blocks of all pages."""
    arguments = argparse.ArgumentParser(description="Write the docs' tables that follow from the registries.")
    arguments.add_argument("--write", required=True, type=Path, metavar="FOLDER", help="the docs")
    folder = arguments.parse_args().write
    try:
        for page in sorted({page for page, _ in BLOCKS}):
            path = folder / page
            if not path.is_file():
                raise StudyError(f"{path}: no such page")
            write_text(path, written(page, path.read_text(encoding="utf-8")))
    except StudyError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(1)


if __name__ == "__main__":
    main()
