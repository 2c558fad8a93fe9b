"""Values behind figures and tables beyond their headline numbers: bins, cells, single runs, published twins.

Numbers that say nothing new are left out: cells of confusions that are zero, and runs where there is one.
"""

from collections.abc import Callable, Iterator, Mapping
from itertools import chain

import pandas as pd

from emovlm.statistics.counts import ALL
from emovlm.statistics.values.entry import UNITS, Value, entry_of

Pairs = Iterator[tuple[str, Value]]


def detailed(tables: Mapping[str, object]) -> Pairs:
    """Id and value of every detail; n of a metric's run or failure is clips, of a cell answers.

    Args:
        tables: by name, those of the contracts of the names in ``COLLECTORS``; where one is None or absent there are no
            such values, and other names are not looked at.
    """
    given = ((collector, tables.get(name)) for name, collector in COLLECTORS.items())
    return chain.from_iterable(collector(table) for collector, table in given if table is not None)


def _metrics(table: pd.DataFrame) -> Pairs:
    for row in table.itertuples():
        key = (row.condition,) if row.clips == ALL else (row.condition, row.clips)
        name, source = ".".join(("metric", *key)), f"tables/metrics.csv: {row.condition}, {row.clips}, {row.metric}"
        if row.metric == "accuracy":
            yield f"{name}.failed", entry_of(row.failed, "count", source, n=row.n)
            yield f"{name}.refused", entry_of(row.refused, "count", source, n=row.n)
        if row.replicates > 1:
            unit = UNITS.get(row.metric, "share")
            for bound in ("lowest", "highest"):
                yield f"{name}.{row.metric}.{bound}", entry_of(getattr(row, bound), unit, source, n=row.n)
            both = (row.runs_low, row.runs_high)
            yield f"{name}.{row.metric}.runs", entry_of(row.value, unit, source, *both, row.n)


def _contrasts(table: pd.DataFrame) -> Pairs:
    for row in table.itertuples():
        source = f"tables/contrasts.csv: {row.contrast}, {row.language}"
        for part in ("runs_a", "runs_b", "n_classes"):
            yield f"contrast.{row.contrast}.{row.language}.{part}", entry_of(getattr(row, part), "count", source)


def _event_coverage(table: pd.DataFrame) -> Pairs:
    for sampler, bins in table.groupby("sampler"):
        for number, row in enumerate(bins.sort_values("duration_s").itertuples()):
            name, source = (
                f"event_coverage.{sampler}.bin{number}",
                f"tables/event_coverage.csv: {sampler}, {row.duration_s}",
            )
            yield f"{name}.duration_s", entry_of(row.duration_s, "s", source, n=row.n)
            yield f"{name}.expected", entry_of(row.expected, "share", source, n=row.n)
            yield f"{name}.measured", entry_of(row.measured, "share", source, row.low, row.high, row.n)


def _sanity_checks(table: pd.DataFrame) -> Pairs:
    for (system, measure), runs in table.groupby(["system", "measure"]):
        for row in runs.itertuples() if len(runs) > 1 else ():
            source = f"tables/sanity_checks.csv: {system}, {row.replicate}, {measure}"
            yield f"sanity_check.{system}.{measure}.run{row.replicate}", entry_of(row.value, "share", source, row.low,
                                                                          row.high, row.n)  # fmt: skip


def _runs(table: pd.DataFrame) -> Pairs:
    for (condition, emotion), runs in table.groupby(["condition", "emotion"]):
        for row in runs.itertuples() if len(runs) > 1 else ():
            source = f"tables/per_run.csv: {condition}, {row.replicate}, {emotion}"
            yield f"class.{condition}.{emotion}.run{row.replicate}.f1", entry_of(row.f1, "share", source)


def _confusion(table: pd.DataFrame) -> Pairs:
    totals = table.groupby(["condition", "label"])["n"].sum()
    for row in table[table["n"] > 0].itertuples():
        key = (row.condition, row.label, row.prediction)
        source = f"tables/confusion.csv: {', '.join(key)}"
        yield ".".join(("confusion", *key)), entry_of(row.n, "count", source, n=totals[row.condition, row.label])


def _published_comparison(table: pd.DataFrame) -> Pairs:
    for row in table.itertuples():
        key = (row.condition, row.figure, row.metric)
        name, source = ".".join(("published_comparison", *key)), f"tables/published_comparison.csv: {', '.join(key)}"
        yield f"{name}.value", entry_of(row.value, "share", source, row.low, row.high, row.n)
        yield f"{name}.published", entry_of(row.published, "share", source)


def _reliability(table: pd.DataFrame) -> Pairs:
    for row in table.itertuples():
        name, source = f"reliability.{row.condition}.{row.bin}", f"tables/reliability.csv: {row.condition}, {row.bin}"
        yield f"{name}.confidence", entry_of(row.confidence, "share", source, n=row.n)
        yield f"{name}.accuracy", entry_of(row.accuracy, "share", source, row.low, row.high, row.n)


COLLECTORS: dict[str, Callable[[pd.DataFrame], Pairs]] = {
    "metrics": _metrics,
    "contrasts": _contrasts,
    "event_coverage": _event_coverage,
    "sanity_checks": _sanity_checks,
    "per_run": _runs,
    "confusion": _confusion,
    "published_comparison": _published_comparison,
    "reliability": _reliability,
}
