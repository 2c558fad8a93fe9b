"""Write docs/reference/benchmarks.md of the committed figures, benchmarks/figures/*.json: a table a benchmark.

PYTHONPATH=src:. python -m benchmarks.page
"""

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchmarks.catalogue import BENCHMARKS, FIGURES, ROOT, Benchmark
from benchmarks.measured import wrapped

from emovlm.core.errors import StudyError
from emovlm.core.files import read_json, write_text

PAGE = ROOT / "docs/reference/benchmarks.md"
Json = dict[str, Any]
FIELDS = {"benchmark", "commit", "date", "gpu", "machine", "versions", "rows", "notes"}
ROW_FIELDS = {"what", "study", "study_range", "instead", "instead_range", "instead_name", "unit", "ratio", "runs",
              "limit", "also"}  # fmt: skip
TOP = """# Benchmarks

<!-- Written by `python -m benchmarks.page` from benchmarks/figures/; edit those files instead. -->

Each benchmark is a command that measures the study's way and what one would use instead, side by
side in one run. `make benchmark` runs all that can run on your machine, and rewrites this page. It
names what it skips.

Figures are medians of n runs, with their range in brackets. A ratio says how many times better the
study is. Below 1, the study is slower or larger. The limit is the best that could be reached, where
it is known. Ratios carry over to other machines better than seconds.
"""
END = """## All benchmarks

`make benchmark ONLY="NAME NAME"` runs some of them. A benchmark that needs an environment of its
own, or the code of another commit, runs by itself. `python -m benchmarks.page` then writes this
page:

```
PYTHONPATH=src:. python benchmarks/NAME.py --help
PYTHONPATH=src:. python benchmarks/NAME.py --json benchmarks/figures/NAME.json
PYTHONPATH=src:. python -m benchmarks.page
```
"""


def read_figures(folder: Path) -> dict[str, Json]:
    """The files of figures, by benchmark.

    Raises:
        StudyError: a file is of no benchmark, or is not of the shape that ``benchmarks/measured.py`` describes.
    """
    found = {path.stem: _checked(path) for path in sorted(folder.glob("*.json"))}
    return {name: found[name] for name in BENCHMARKS if name in found}


def page(figures: Mapping[str, Json]) -> str:
    """The text of the page."""
    listed = _table(
        ["benchmark", "what it measures", "minutes", "needs"],
        [[f"`{b.name}`", b.title, f"{b.minutes:g}" if b.minutes else "–", b.need.words if b.need else "–"]
         for b in BENCHMARKS.values()],
    )  # fmt: skip
    topics = (_topic(BENCHMARKS[name], each) for name, each in figures.items())
    return wrapped("\n".join([TOP, *topics, END, listed]))


def _topic(benchmark: Benchmark, figures: Json) -> str:
    """A heading, a sentence, a table, where it was measured, and notes."""
    rows = figures["rows"]
    shown = {
        "what": [each["what"] for each in rows],
        "study": [_median(each, "study") + (f"; {each['also']}" if each["also"] else "") for each in rows],
        "instead": [_median(each, "instead") + (f" ({each['instead_name']})" if each["instead_name"] else "")
                    for each in rows],
        "ratio": [_number(each["ratio"]) for each in rows],
        "limit": [_limit(each) for each in rows],
        "n": ["?" if each["runs"] is None else str(each["runs"]) for each in rows],
    }  # fmt: skip
    for side in ("study", "what"):  # a row of the same work says so, so that what it is compared with stands out
        shown[side] = [
            "same" if k and rows[k]["what"] == rows[k - 1]["what"] and cell == shown[side][k - 1] else cell
            for k, cell in enumerate(shown[side])
        ]
    told = {name: cells for name, cells in shown.items() if any(cell != "–" for cell in cells)}
    parts = [f"## {benchmark.title}\n", f"{benchmark.about}\n", _table(list(told), zip(*told.values(), strict=True))]
    return "\n".join([*parts, *(f"- {note}" for note in [*figures["notes"], _where(figures)]), ""])


def _where(figures: Json) -> str:
    """Commit, date, machine and versions, in a sentence."""
    machine = figures["machine"]
    memory = f", {machine['memory_gib']:g} GiB" if machine["memory_gib"] else ""
    gpu = f", {figures['gpu']}" if figures["gpu"] else ""
    versions = dict(figures["versions"])
    told = ", ".join([f"Python {versions.pop('python')}", *(f"{name} {version}" for name, version in versions.items())])
    script = f"benchmarks/{figures['benchmark']}.py"
    by = f"Measured by `{script}`" if (ROOT / script).is_file() else "Measured"
    return (
        f"{by}, commit {figures['commit']}, {figures['date']}; "
        f"{machine['processor']}, {machine['cores']} cores{memory}{gpu}; {told}."
    )


def _median(row: Json, side: str) -> str:
    if row[side] is None:
        return "–"
    spread = row[f"{side}_range"]
    return f"{_number(row[side])} {row['unit']}" + (f" [{_number(spread[0])}, {_number(spread[1])}]" if spread else "")


def _limit(row: Json) -> str:
    if not row["limit"]:
        return "–"
    value = row["limit"]["value"]
    return row["limit"]["words"] + ("" if value is None else f": {_number(value)} {row['unit']}")


def _number(value: float | None) -> str:
    """Three digits, thousands apart."""
    if value is None:
        return "–"
    rounded = float(f"{value:.3g}")
    return f"{rounded:,.0f}" if abs(rounded) >= 100 else f"{rounded:g}"


def _table(heads: list[str], rows: Any) -> str:
    lines = [heads, ["---"] * len(heads), *([cell.replace("|", "\\|") for cell in row] for row in rows)]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _checked(path: Path) -> Json:
    try:
        figures = read_json(path)
    except ValueError as error:
        raise StudyError(f"{path}: not JSON ({error}); run the benchmark again") from None
    if path.stem not in BENCHMARKS:
        raise StudyError(f"{path}: benchmarks/catalogue.py has no benchmark {path.stem}; add it there, or delete this")
    for where, fields, wanted in [
        ("the file", figures, FIELDS),
        *((f"row {k}", row, ROW_FIELDS) for k, row in enumerate(figures["rows"], 1)),
    ]:
        if wrong := sorted(wanted ^ set(fields)):
            raise StudyError(f"{path}: {where} should have the fields {', '.join(sorted(wanted))}; see {wrong[0]}")
    return figures


def main() -> None:
    try:
        write_text(PAGE, page(read_figures(FIGURES)))
    except StudyError as error:
        sys.exit(f"error: {error}")


if __name__ == "__main__":
    main()
