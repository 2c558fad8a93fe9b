"""Every number that the paper and the page print, by id: ``metric.freq-fps5.macro_f1`` and the like.

A value holds value, low, high, n, unit, source (file and key) and text, which is how it is printed.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import pandas as pd

from emovlm.core.errors import StudyError
from emovlm.statistics.counts import ALL
from emovlm.statistics.lexical.correlation import COVARIATES
from emovlm.statistics.values.details import detailed
from emovlm.statistics.values.entry import UNITS, Value, entry_of
from emovlm.statistics.values.published_values import published_values


@dataclass(frozen=True)
class Tables:
    """What values are collected from: tables of the contracts of the same names, and answers and manifests by id.

    Those with a default may be None: then there are no such values.
    """

    metrics: pd.DataFrame
    per_class: pd.DataFrame
    comparisons: pd.DataFrame
    correlations: pd.DataFrame
    contrasts: pd.DataFrame
    event_coverage: pd.DataFrame
    claims: pd.DataFrame
    reanalysis: pd.DataFrame
    frequency: pd.DataFrame
    answers: dict[str, pd.DataFrame]
    manifests: dict[str, pd.DataFrame]
    sanity_checks: pd.DataFrame | None = None
    cues: pd.DataFrame | None = None
    per_run: pd.DataFrame | None = None
    confusion: pd.DataFrame | None = None
    published_comparison: pd.DataFrame | None = None
    reliability: pd.DataFrame | None = None


def collect(tables: Tables, published: dict[str, pd.DataFrame]) -> dict[str, Value]:
    """All values by id.

    Args:
        tables: the study's own results.
        published: other people's figures, see :func:`emovlm.statistics.values.published_values.published_values`.

    Raises:
        StudyError: two values have one id.
    """
    values: dict[str, Value] = {}
    collectors = (
        _metrics,
        _classes,
        _comparisons,
        _correlations,
        _contrasts,
        _event_coverage,
        _claims,
        _frequency,
        _conditions,
        _datasets,
        _sanity_checks,
        _cues,
        _reanalysis,
    )
    for name, entry in (pair for collector in collectors for pair in collector(tables)):
        _add(values, name, entry)
    for name, entry in detailed(vars(tables)):
        _add(values, name, entry)
    for name, value, unit, source in published_values(published):
        _add(values, name, entry_of(value, unit, source))
    return values


def _add(values: dict[str, Value], name: str, entry: Value) -> None:
    if name in values:
        raise StudyError(f"values: two values are called {name}: {values[name]['source']} and {entry['source']}")
    values[name] = entry


def _metrics(tables: Tables) -> Iterator[tuple[str, Value]]:
    for row in tables.metrics.itertuples():
        key = (row.condition, row.metric) if row.clips == ALL else (row.condition, row.clips, row.metric)
        name, source = ".".join(("metric", *key)), f"tables/metrics.csv: {row.condition}, {row.clips}, {row.metric}"
        yield name, entry_of(row.value, UNITS.get(row.metric, "share"), source, row.low, row.high, row.n)


def _classes(tables: Tables) -> Iterator[tuple[str, Value]]:
    for row in tables.per_class.itertuples():
        name, source = f"class.{row.condition}.{row.emotion}", f"tables/per_class.csv: {row.condition}, {row.emotion}"
        yield f"{name}.f1", entry_of(row.f1, "share", source, row.low, row.high, row.n)
        yield f"{name}.precision", entry_of(row.precision, "share", source, n=row.n)
        yield f"{name}.recall", entry_of(row.recall, "share", source, n=row.n)


def _comparisons(tables: Tables) -> Iterator[tuple[str, Value]]:
    for row in tables.comparisons.itertuples():
        name, source = f"comparison.{row.comparison}", f"tables/comparisons.csv: {row.comparison}"
        unit = UNITS.get(row.metric, "share")
        interval = (row.low, row.high)
        yield f"{name}.difference", entry_of(row.difference, unit, source, *interval, row.n, signed=True, places=3)
        yield f"{name}.p", entry_of(row.p, "p", source, n=row.n)
        yield f"{name}.p_holm", entry_of(row.p_holm, "p", source, n=row.n)
        yield f"{name}.p_mcnemar", entry_of(row.p_mcnemar, "p", source, n=row.n)
        yield f"{name}.margin", entry_of(row.margin, unit, source)
        yield f"{name}.se", entry_of(row.se, unit, source, n=row.n, places=3)
        yield f"{name}.mde", entry_of(row.mde, unit, source, n=row.n, places=3)
        yield f"{name}.power", entry_of(row.power, "share", source, n=row.n)
        runs = (row.runs_low, row.runs_high)
        yield f"{name}.runs", entry_of(row.difference, unit, source, *runs, row.n, signed=True, places=3)
        yield f"{name}.lowest", entry_of(row.lowest, unit, source, n=row.n, signed=True, places=3)
        yield f"{name}.highest", entry_of(row.highest, unit, source, n=row.n, signed=True, places=3)
        yield f"{name}.replicates", entry_of(row.replicates, "count", source)
        yield f"{name}.changed", entry_of(row.changed, "count", source, n=row.n)
        yield f"{name}.changed_share", entry_of(row.changed / row.n, "share", source, n=row.n)


def _correlations(tables: Tables) -> Iterator[tuple[str, Value]]:
    for row in tables.correlations.itertuples():
        key = (row.subject, row.language, row.source, row.form)
        name, source = ".".join(("correlation", *key)), f"tables/correlations.csv: {', '.join(key)}"
        yield f"{name}.rho", entry_of(row.rho, "rho", source, row.rho_low, row.rho_high, row.n_classes)
        yield f"{name}.p", entry_of(row.p, "p", source, n=row.n_classes)
        yield f"{name}.tau", entry_of(row.tau, "tau", source, n=row.n_classes)
        yield f"{name}.p_tau", entry_of(row.p_tau, "p", source, n=row.n_classes)
        for given in COVARIATES:
            rho, p = getattr(row, f"rho_{given}"), getattr(row, f"p_{given}")
            yield f"{name}.{given}", entry_of(rho, "rho", source, n=row.n_classes)
            yield f"{name}.{given}.p", entry_of(p, "p", source, n=row.n_classes)


def _contrasts(tables: Tables) -> Iterator[tuple[str, Value]]:
    for row in tables.contrasts.itertuples():
        name = f"contrast.{row.contrast}.{row.language}"
        source = f"tables/contrasts.csv: {row.contrast}, {row.language}"
        n = row.n_classes
        yield f"{name}.difference", entry_of(row.difference, "rho", source, row.low, row.high, n, signed=True)
        yield f"{name}.p", entry_of(row.p, "p", source, n=n)
        yield f"{name}.rho_a", entry_of(row.rho_a, "rho", source, n=n)
        yield f"{name}.rho_b", entry_of(row.rho_b, "rho", source, n=n)


def _event_coverage(tables: Tables) -> Iterator[tuple[str, Value]]:
    for sampler, bins in tables.event_coverage.groupby("sampler"):
        n, source = bins["n"].sum(), f"tables/event_coverage.csv: {sampler}, all lengths"
        yield f"event_coverage.{sampler}.n", entry_of(n, "count", source)
        for column in ("measured", "expected"):
            yield (
                f"event_coverage.{sampler}.{column}",
                entry_of((bins[column] * bins["n"]).sum() / n, "share", source, n=n),
            )


def _claims(tables: Tables) -> Iterator[tuple[str, Value]]:
    for row in tables.claims.itertuples():
        name, source = f"claim.{row.claim}", f"tables/claims.csv: {row.claim}"
        for part in ("statement", "test", "verdict"):
            yield f"{name}.{part}", entry_of(getattr(row, part), "text", source)
        yield f"{name}.effect", entry_of(row.effect, "effect", source, row.low, row.high, row.n, signed=True, places=3)
        yield f"{name}.p", entry_of(row.p, "p", source, n=row.n)
        yield f"{name}.margin", entry_of(row.margin, "effect", source)


def _frequency(tables: Tables) -> Iterator[tuple[str, Value]]:
    for row in tables.frequency.itertuples():
        key = (row.language, row.source, row.form, row.emotion)
        name, source = ".".join(("frequency", *key)), f"lexicon/frequency.csv: {', '.join(key)}"
        yield f"{name}.count", entry_of(row.count, "count", source)
        yield f"{name}.per_million", entry_of(row.per_million, "per million words", source, places=1)


def _conditions(tables: Tables) -> Iterator[tuple[str, Value]]:
    for condition, frame in tables.answers.items():
        name, source = f"condition.{condition}", f"answers/{condition}.parquet"
        answered = frame[frame["status"] == "ok"]
        n = frame["clip_id"].nunique()
        yield f"{name}.n", entry_of(n, "count", source)
        yield f"{name}.replicates", entry_of(frame["replicate"].nunique(), "count", source)
        yield f"{name}.failed", entry_of(len(frame) - len(answered), "count", source, n=len(frame))
        yield f"{name}.refused", entry_of(frame["refused"].sum(), "count", source, n=len(frame))
        yield f"{name}.frames", entry_of(answered["n_frames"].mean(), "frames a clip", source, n=n, places=1)
        tokens = frame["n_tokens"].sum()
        yield f"{name}.prompt_tokens", entry_of(tokens, "count", source, n=len(frame))
        yield f"{name}.tokens", entry_of(answered["n_tokens"].mean(), "tokens a clip", source, n=n, places=0)


def _datasets(tables: Tables) -> Iterator[tuple[str, Value]]:
    for dataset, manifest in tables.manifests.items():
        source = f"manifests/{dataset}.parquet"
        for split, clips in manifest.groupby("split"):
            yield f"dataset.{dataset}.{split}.n", entry_of(len(clips), "count", source)
            yield f"dataset.{dataset}.{split}.identities", entry_of(clips["identity"].nunique(), "count", source)
            for label, of_class in clips.groupby("label"):
                yield f"dataset.{dataset}.{split}.{label}.n", entry_of(len(of_class), "count", source)


def _sanity_checks(tables: Tables) -> Iterator[tuple[str, Value]]:
    if tables.sanity_checks is None:
        return
    for (system, measure), runs in tables.sanity_checks.groupby(["system", "measure"]):
        name, source = f"sanity_check.{system}.{measure}", f"tables/sanity_checks.csv: {system}, {measure}"
        one = runs.iloc[0]
        interval = (one["low"], one["high"]) if len(runs) == 1 else (None, None)  # a mean of intervals is none
        yield name, entry_of(runs["value"].mean(), "share", source, *interval, n=one["n"])
        yield f"{name}.chance", entry_of(runs["chance"].mean(), "share", source, n=one["n"])


def _cues(tables: Tables) -> Iterator[tuple[str, Value]]:
    if tables.cues is None:
        return
    for row in tables.cues.itertuples():
        name, source = f"cue.{row.cues}", f"tables/cues.csv: {row.cues}"
        yield f"{name}.accuracy", entry_of(row.accuracy, "share", source, row.low, row.high, row.n)
        yield f"{name}.chance", entry_of(row.chance, "share", source, n=row.n)
        yield f"{name}.p", entry_of(row.p, "p", source, n=row.n)
        yield f"{name}.p_holm", entry_of(row.p_holm, "p", source, n=row.n)


def _reanalysis(tables: Tables) -> Iterator[tuple[str, Value]]:
    for row in tables.reanalysis.itertuples():
        name, source = f"reanalysis.{row.dataset}.{row.kind}", f"tables/reanalysis.csv: {row.dataset}, {row.kind}"
        for part in ("n", "falls", "ties"):
            yield f"{name}.{part}", entry_of(getattr(row, part), "count", source, n=row.n)
        for part in ("mean", "median", "lowest", "highest"):
            yield f"{name}.{part}", entry_of(getattr(row, part), "share", source, n=row.n, signed=True, places=3)
        for part in ("p_sign", "p_flip", "p_least", "p_difference"):
            if pd.notna(getattr(row, part)):
                yield f"{name}.{part}", entry_of(getattr(row, part), "p", source, n=row.n)
