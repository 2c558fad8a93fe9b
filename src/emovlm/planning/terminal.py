"""Findings of the doctor, and costs, on the terminal."""

from collections.abc import Iterable

import numpy as np
import pandas as pd
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from emovlm.models.flops import Gpu
from emovlm.planning.cost import AS, SHARE_MEASURED
from emovlm.planning.doctor import MISSING, OK, WARNING, Finding

MARKS = {OK: "[green]✓[/green]", WARNING: "[yellow]![/yellow]", MISSING: "[red]✗[/red]"}


def show_findings(findings: Iterable[Finding], console: Console) -> bool:
    """Print each finding as it comes; is nothing missing?"""
    states = []
    for finding in findings:
        states.append(finding.state)
        about = f"{MARKS[finding.state]} [bold]{escape(finding.about)}[/bold]"
        console.print(f"{about}: {escape(finding.says)}", soft_wrap=True)
        if finding.do:
            console.print(f"  → {escape(finding.do)}", soft_wrap=True)
    missing = states.count(MISSING)
    console.print(f"[red]{missing} missing[/red]" if missing else "[green]the study can run here[/green]")
    return not missing


def show_costs(costs: pd.DataFrame, disk: dict[str, float], gpu: Gpu, by: list[str], console: Console) -> None:
    """Print what a study takes, a row for each value of the columns ``by``."""
    if costs.empty:
        console.print("no system of this study needs a GPU")
        return
    console.print(f"on {gpu.name}: {gpu.flops / 1e12:.0f} TFLOP/s and {gpu.bandwidth / 1e9:.0f} GB/s sustained")
    table = Table(*by, "jobs", "GPU hours", "longest job, min", "tokens read", "tokens written")
    for column in table.columns[len(by) :]:
        column.justify = "right"
    costs = costs.assign(longest=costs["seconds"] / 60)

    def known(values: pd.Series) -> float:
        """The sum of the values that are known; nan if none is."""
        return values.sum(min_count=1)

    summed = {"jobs": "sum", "hours": known, "longest": "max", "read": known, "written": known}
    rows = costs.groupby(by, sort=False).agg(summed)
    for name, row in [*rows.iterrows(), ("all", costs.agg(summed))]:
        keys = list(name) if isinstance(name, tuple) else [name] + [""] * (len(by) - 1)
        table.add_row(
            *map(str, keys), f"{row['jobs']:,.0f}", _number(row["hours"], ",.1f"), _number(row["longest"], ".0f"),
            _number(row["read"] / 1e6, ",.1f", " M"), _number(row["written"] / 1e6, ",.2f", " M"),
            end_section=name == rows.index[-1],
        )  # fmt: skip
    console.print(table)
    if unknown := list(dict.fromkeys(costs.loc[costs[["hours", "read"]].isna().any(axis=1), "system"])):
        console.print(
            f"? and not in the sums: {', '.join(unknown)}, whose size is not known. Fetch the weights (make "
            "prefetch_weights), or add a row to resources/models.csv",
            soft_wrap=True,
        )
    for what, size in sorted(disk.items(), key=lambda pair: -np.nan_to_num(pair[1])):
        console.print(f"disk: {_number(size / 2**30, '8,.1f'):>8} GiB  {what}")
    console.print(f"disk: {np.nansum(list(disk.values())) / 2**30:8,.1f} GiB  all")
    if any(AS in what for what in disk):
        console.print(SHARE_MEASURED, soft_wrap=True)


def _number(value: float, form: str, unit: str = "") -> str:
    return "?" if np.isnan(value) else f"{value:{form}}{unit}"
