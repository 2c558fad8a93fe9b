"""Typeset the paper with Typst, from a staged copy of its source and its inputs.

The staging folder gives Typst a root of its own: the paper reads ``/inputs/...`` and nothing else, so
that equal inputs give equal bytes wherever the project lies.
"""

import shutil
import tempfile
from pathlib import Path
from typing import Any

import typst

from emovlm.core.errors import StudyError
from emovlm.core.files import atomic, read_json, write_json
from emovlm.core.hashing import sha256_file
from emovlm.figures.labels import SYSTEMS
from emovlm.report.references import check_references, placed
from emovlm.statistics.metrics import METRICS, Metric


def typeset(
    source: str | Path,
    values: str | Path,
    run: str | Path,
    tables: dict[str, str],
    figures: dict[str, str],
    config: dict[str, Any],
    out: str | Path,
    words: dict[str, dict[str, str]],
    prompts: dict[str, str] | None = None,
) -> None:
    """Typeset ``source`` as a PDF.

    Args:
        source: the main Typst file; its folder is copied with it.
        values: ``values.json``.
        run: ``run.json``, the account of the run.
        tables: CSV or TSV files by the name under which the paper asks for them.
        figures: PDF or PNG pictures by name; the paper says of a missing one that it was not drawn.
        config: the study's configuration, as far as the paper prints it.
        out: the PDF.
        words: title, caption and alt text of each figure.
        prompts: text files by the name under which the paper prints them.

    Raises:
        StudyError: an input is missing, the paper needs a value that does not exist, or Typst reports an error.
    """
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        stage(root, source, values, run, tables, figures, config, words, prompts)
        pages = compile_staged(root, Path(source).name)
    with atomic(out) as temporary:
        temporary.write_bytes(pages)


def stage(
    root: Path,
    source: str | Path,
    values: str | Path,
    run: str | Path,
    tables: dict[str, str],
    figures: dict[str, str],
    config: dict[str, Any],
    words: dict[str, dict[str, str]],
    prompts: dict[str, str] | None = None,
) -> None:
    """Copy the paper's folder to ``root/paper`` and its inputs to ``root/inputs``; arguments as in :func:`typeset`."""
    source, values, run = Path(source), Path(values), Path(run)
    for path in map(Path, (source, values, run, *tables.values(), *figures.values(), *(prompts or {}).values())):
        if not path.is_file():
            raise StudyError(f"{path}: no such file; the paper is made from it")
    check_references(source, read_json(values) | read_json(run)["values"])
    shutil.copytree(source.parent, root / "paper")
    given = {"tables": tables, "figures": figures, "prompts": prompts or {}}
    copied = {kind: _copy(files, root, kind) for kind, files in given.items()}
    shutil.copyfile(values, root / "inputs" / "values.json")
    shutil.copyfile(run, root / "inputs" / "run.json")
    described = {
        **copied, "config": config, "labels": SYSTEMS, "values_sha256": sha256_file(values), "words": words,
        "metrics": [_described(metric) for metric in METRICS.values()], "placed": placed(source),
    }  # fmt: skip
    write_json(root / "inputs" / "inputs.json", described)


def _described(metric: Metric) -> dict[str, str]:
    """What the paper says of a metric, and where its table of all conditions shows it."""
    return {"name": metric.name, "label": metric.label, "short": metric.short or metric.label, "about": metric.about,
            "paper": metric.paper}  # fmt: skip


def compile_staged(root: Path, main: str) -> bytes:
    """The PDF of a staged paper, set in Typst's own fonts and without a date."""
    compiler = typst.Compiler(root=str(root), ignore_system_fonts=True)
    try:
        return compiler.compile(str(root / "paper" / main), format="pdf", timestamp=0)
    except typst.TypstError as error:
        hints = "".join(f"; hint: {hint}" for hint in error.hints)
        raise StudyError(f"Typst could not set {main}: {error.message}{hints}\n{error.diagnostic}") from None


def _copy(files: dict[str, str], root: Path, kind: str) -> dict[str, str]:
    folder = root / "inputs" / kind
    folder.mkdir(parents=True, exist_ok=True)
    staged = {name: f"/inputs/{kind}/{name}{Path(path).suffix}" for name, path in files.items()}
    for name, path in files.items():
        shutil.copyfile(path, root / staged[name].lstrip("/"))
    return staged
