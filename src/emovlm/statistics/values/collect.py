"""Every number that the paper and the page print, by id: ``metric.freq-fps5.macro_f1`` and the like.

A value holds value, low, high, n, unit, source (file and key) and text, which is how it is printed. Most tables need no
code: the key of their contract names a row, and ``PARTS`` says which columns become values. The others have a function.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain

import pandas as pd

from emovlm.core.contracts.frequency import TERM_FREQUENCY
from emovlm.core.contracts.results import RESULT_TABLES
from emovlm.core.errors import StudyError
from emovlm.statistics.counts import ALL, frames_shown
from emovlm.statistics.lexical.correlation import COVARIATES
from emovlm.statistics.metrics import METRICS
from emovlm.statistics.values.entry import Value, entry_of
from emovlm.statistics.values.published_values import published_values

Pairs = Iterator[tuple[str, Value]]
OF_METRIC = "unit of the row's metric"
PER_TENFOLD = "recall per tenfold exposure"


@dataclass(frozen=True)
class Part:
    """A column of a table as a value, ``<prefix>.<key of the row>.<name>``.

    Attributes:
        column: where the value is.
        unit: of the value; ``OF_METRIC`` for that of the metric that the row names.
        name: last part of the id, the column's if empty.
        interval: the columns of its interval.
        n: the column of its n; none if empty.
        signed, places: how it is printed.
        optional: left out where the cell is empty.
    """

    column: str
    unit: str = "share"
    name: str = ""
    interval: tuple[str, str] | None = None
    n: str = "n"
    signed: bool = False
    places: int = 2
    optional: bool = False


ENDS = ("low", "high")
# By table: the prefix of the ids, and the columns that become values.
PARTS: dict[str, tuple[str, list[Part]]] = {
    "per_class": ("class", [Part("f1", interval=ENDS), Part("precision"), Part("recall")]),
    "comparisons": ("comparison", [
        Part("difference", OF_METRIC, interval=ENDS, signed=True, places=3),
        *(Part(column, "p") for column in ("p", "p_holm", "p_runs", "p_flip_runs", "p_mcnemar")),
        Part("margin", OF_METRIC, n=""),
        *(Part(column, OF_METRIC, places=3) for column in ("se", "mde")),
        Part("power"),
        Part("difference", OF_METRIC, "runs", ("runs_low", "runs_high"), signed=True, places=3),
        *(Part(column, OF_METRIC, signed=True, places=3) for column in ("lowest", "highest")),
        Part("replicates", "count", n=""),
        Part("changed", "count"),
    ]),
    "correlations": ("correlation", [
        Part("rho", "rho", interval=("rho_low", "rho_high"), n="n_classes"),
        Part("tau", "tau", n="n_classes"),
        *(Part(column, "p", n="n_classes") for column in ("p", "p_tau")),
        *(Part(f"rho_{given}", "rho", given, n="n_classes") for given in COVARIATES),
        *(Part(f"p_{given}", "p", f"{given}.p", n="n_classes") for given in COVARIATES),
    ]),
    "estimator_agreement": ("agreement", [
        *(Part(column, column, n="n_classes", optional=True) for column in ("rho", "tau")),
    ]),
    "concordance": ("concordance", [
        *(Part(column, "count", n="") for column in ("estimators", "pairs", "complete", "n_classes")),
        Part("rho_median", "rho", "rho", ("rho_lowest", "rho_highest"), n="pairs", optional=True),
        Part("w", "W", n="complete", optional=True),
        Part("p", "p", n="complete", optional=True),
    ]),
    "specifications": ("specification", [
        *(Part(column, "count", n="") for column in ("estimators", "n_least", "n_most")),
        Part("rho_median", "rho", "rho", ("rho_lowest", "rho_highest"), n="estimators"),
        *(Part(column, n="estimators") for column in ("positive", "significant")),
        Part("rho_primary", "rho", "primary", n="estimators", optional=True),
        Part("below_primary", n="estimators", optional=True),
        Part("p", "p", n="estimators"),
    ]),
    "slopes": ("slope", [
        Part("estimate", PER_TENFOLD, interval=ENDS, signed=True, places=3),
        Part("estimate", PER_TENFOLD, "runs", ("runs_low", "runs_high"), signed=True, places=3),
        *(Part(column, PER_TENFOLD, signed=True, places=3) for column in ("lowest", "highest")),
        *(Part(column, "p") for column in ("p", "p_runs", "p_flip_runs")),
        Part("logit", "logit per tenfold exposure", interval=("logit_low", "logit_high"), signed=True),
        Part("margin", PER_TENFOLD, n=""),
        *(Part(column, "count", n="") for column in ("n_classes", "replicates")),
    ]),
    "doses": ("dose", [Part("recall", interval=ENDS), Part("exposure", "count", n="", places=0)]),
    "contrasts": ("contrast", [
        Part("difference", "rho", interval=ENDS, n="n_classes", signed=True),
        Part("p", "p", n="n_classes"),
        *(Part(column, "rho", n="n_classes") for column in ("rho_a", "rho_b")),
        *(Part(column, "count", n="") for column in ("runs_a", "runs_b", "n_classes")),
    ]),
    "claims": ("claim", [
        *(Part(column, "text", n="") for column in ("statement", "test", "verdict")),
        Part("says", "text", n="", optional=True),
        Part("effect", "effect", interval=ENDS, signed=True, places=3),
        Part("p", "p"),
        Part("margin", "effect", n=""),
    ]),
    "frequency": ("frequency", [
        Part("count", "count", n=""), Part("per_million", "per million words", n="", places=1),
    ]),
    "cues": ("cue", [Part("accuracy", interval=ENDS), Part("chance"), Part("p", "p"), Part("p_holm", "p")]),
    "reanalysis": ("reanalysis", [
        *(Part(column, "count") for column in ("n", "falls", "ties")),
        *(Part(column, signed=True, places=3) for column in ("mean", "median", "lowest", "highest")),
        *(Part(column, "p", optional=True) for column in ("p_sign", "p_flip", "p_least", "p_difference")),
    ]),
    "published_comparison": ("published_comparison", [Part("value", interval=ENDS), Part("published", n="")]),
    "reliability": ("reliability", [Part("confidence"), Part("accuracy", interval=ENDS)]),
}  # fmt: skip
CONTRACTS = {**RESULT_TABLES, "frequency": TERM_FREQUENCY}


def collect(tables: Mapping[str, object], published: dict[str, pd.DataFrame]) -> dict[str, Value]:
    """All values by id.

    Args:
        tables: the study's own results by name: tables of ``CONTRACTS``, and ``answers`` and ``manifests`` by id. Where
            one is absent there are no such values.
        published: other people's figures, see :func:`emovlm.statistics.values.published_values.published_values`.

    Raises:
        StudyError: two values have one id.
    """
    values: dict[str, Value] = {}
    simple = (_rows(name, tables[name]) for name in PARTS if name in tables)
    others = (collector(tables[name]) for name, collector in COLLECTORS.items() if name in tables)
    theirs = ((name, entry_of(value, unit, source)) for name, value, unit, source in published_values(published))
    for name, entry in chain(*simple, *others, theirs):
        if name in values:
            raise StudyError(f"values: two values are called {name}: {values[name]['source']} and {entry['source']}")
        values[name] = entry
    return values


def _rows(name: str, table: pd.DataFrame) -> Pairs:
    """The values of a table whose columns are listed in ``PARTS``."""
    prefix, parts = PARTS[name]
    for row in table.to_dict("records"):
        key = [str(row[column]) for column in CONTRACTS[name].key]
        source = _source(name, *key)
        for part in parts:
            value = row[part.column]
            if part.optional and pd.isna(value):
                continue
            unit = METRICS[row["metric"]].unit if part.unit == OF_METRIC else part.unit
            interval = [row[column] for column in part.interval or ()] or [None, None]
            n = row[part.n] if part.n else None
            entry = entry_of(value, unit, source, *interval, n, signed=part.signed, places=part.places)
            yield ".".join([prefix, *key, part.name or part.column]), entry


def _source(table: str, *key: object) -> str:
    folder = "lexicon" if table == "frequency" else "tables"
    return f"{folder}/{table}.csv: {', '.join(map(str, key))}"


def _metrics(table: pd.DataFrame) -> Pairs:
    """Each metric with its interval; beside accuracy the failures; of several runs the range and the interval."""
    for row in table.itertuples():
        of = ".".join(["metric", row.condition] + ([] if row.clips == ALL else [row.clips]))
        source, unit = _source("metrics", row.condition, row.clips, row.metric), METRICS[row.metric].unit
        yield f"{of}.{row.metric}", entry_of(row.value, unit, source, row.low, row.high, row.n)
        if row.metric == "accuracy":
            yield f"{of}.failed", entry_of(row.failed, "count", source, n=row.n)
            yield f"{of}.refused", entry_of(row.refused, "count", source, n=row.n)
            yield f"{of}.cut", entry_of(row.cut / (row.n * row.replicates), "share", source, n=row.n)
        if row.replicates > 1:
            for bound in ("lowest", "highest"):
                yield f"{of}.{row.metric}.{bound}", entry_of(getattr(row, bound), unit, source, n=row.n)
            both = (row.runs_low, row.runs_high)
            yield f"{of}.{row.metric}.runs", entry_of(row.value, unit, source, *both, row.n)


def _runs(table: pd.DataFrame) -> Pairs:
    """F1 of single runs, where there are several."""
    for (condition, emotion), runs in table.groupby(["condition", "emotion"]):
        for row in runs.itertuples() if len(runs) > 1 else ():
            source = _source("per_run", condition, row.replicate, emotion)
            yield f"class.{condition}.{emotion}.run{row.replicate}.f1", entry_of(row.f1, "share", source)


def _confusion(table: pd.DataFrame) -> Pairs:
    """The cells that are not zero; n is the answers with that label."""
    totals = table.groupby(["condition", "label"])["n"].sum()
    for row in table[table["n"] > 0].itertuples():
        key = (row.condition, row.label, row.prediction)
        entry = entry_of(row.n, "count", _source("confusion", *key), n=totals[row.condition, row.label])
        yield ".".join(("confusion", *key)), entry


def _changed(table: pd.DataFrame) -> Pairs:
    """The share of answers that differ in a comparison."""
    for row in table.itertuples():
        entry = entry_of(row.changed / row.n, "share", _source("comparisons", row.comparison), n=row.n)
        yield f"comparison.{row.comparison}.changed_share", entry


def _event_coverage(table: pd.DataFrame) -> Pairs:
    """The share of events of all lengths together, and of each group of lengths."""
    for sampler, bins in table.groupby("sampler"):
        name, source = f"event_coverage.{sampler}", _source("event_coverage", sampler, "all lengths")
        n = bins["n"].sum()
        yield f"{name}.n", entry_of(n, "count", source)
        for column in ("measured", "expected"):
            yield f"{name}.{column}", entry_of((bins[column] * bins["n"]).sum() / n, "share", source, n=n)
        for number, row in enumerate(bins.sort_values("duration_s").itertuples()):
            of, source = f"{name}.bin{number}", _source("event_coverage", sampler, row.duration_s)
            yield f"{of}.duration_s", entry_of(row.duration_s, "s", source, n=row.n)
            yield f"{of}.expected", entry_of(row.expected, "share", source, n=row.n)
            yield f"{of}.measured", entry_of(row.measured, "share", source, row.low, row.high, row.n)


def _evidence(table: pd.DataFrame) -> Pairs:
    """Each piece of evidence of a claim by the id of the piece."""
    for row in table.itertuples():
        name, source = f"evidence.{row.claim}.{row.evidence}", _source("evidence", row.claim, row.place)
        for part in ("what", "standing", *(["says"] if isinstance(row.says, str) else [])):
            yield f"{name}.{part}", entry_of(getattr(row, part), "text", source)
        yield f"{name}.effect", entry_of(row.effect, "effect", source, row.low, row.high, row.n, signed=True, places=3)
        yield f"{name}.p", entry_of(row.p, "p", source, n=row.n)


def _sanity_checks(table: pd.DataFrame) -> Pairs:
    """The mean over runs, and single runs where there are several."""
    for (system, measure), runs in table.groupby(["system", "measure"]):
        name, source = f"sanity_check.{system}.{measure}", _source("sanity_checks", system, measure)
        one = runs.iloc[0]
        interval = (one["low"], one["high"]) if len(runs) == 1 else (None, None)  # a mean of intervals is none
        yield name, entry_of(runs["value"].mean(), "share", source, *interval, n=one["n"])
        yield f"{name}.chance", entry_of(runs["chance"].mean(), "share", source, n=one["n"])
        for row in runs.itertuples() if len(runs) > 1 else ():
            source = _source("sanity_checks", system, row.replicate, measure)
            yield f"{name}.run{row.replicate}", entry_of(row.value, "share", source, row.low, row.high, row.n)


def _conditions(answers: dict[str, pd.DataFrame]) -> Pairs:
    """How much was asked and answered, by condition."""
    for condition, frame in answers.items():
        name, source = f"condition.{condition}", f"answers/{condition}.parquet"
        answered = frame[frame["status"] == "ok"]
        n = frame["clip_id"].nunique()
        yield f"{name}.n", entry_of(n, "count", source)
        yield f"{name}.replicates", entry_of(frame["replicate"].nunique(), "count", source)
        yield f"{name}.failed", entry_of(len(frame) - len(answered), "count", source, n=len(frame))
        yield f"{name}.refused", entry_of(frame["refused"].sum(), "count", source, n=len(frame))
        yield f"{name}.cut", entry_of(frame["cut"].mean(), "share", source, n=len(frame))
        shown = frames_shown(frame)
        yield f"{name}.frames", entry_of(shown["shown"], "frames a clip", source, n=n, places=1)
        for bound in ("min", "max"):
            yield f"{name}.frames_{bound}", entry_of(shown[f"shown_{bound}"], "count", source, n=n)
        tokens = frame["n_tokens"].sum()
        yield f"{name}.prompt_tokens", entry_of(tokens, "count", source, n=len(frame))
        yield f"{name}.tokens", entry_of(answered["n_tokens"].mean(), "tokens a clip", source, n=n, places=0)


def _datasets(manifests: dict[str, pd.DataFrame]) -> Pairs:
    """Clips and people by dataset, split and class."""
    for dataset, manifest in manifests.items():
        source = f"manifests/{dataset}.parquet"
        for split, clips in manifest.groupby("split"):
            yield f"dataset.{dataset}.{split}.n", entry_of(len(clips), "count", source)
            yield f"dataset.{dataset}.{split}.identities", entry_of(clips["identity"].nunique(), "count", source)
            for label, of_class in clips.groupby("label"):
                yield f"dataset.{dataset}.{split}.{label}.n", entry_of(len(of_class), "count", source)


COLLECTORS: dict[str, Callable[..., Pairs]] = {
    "metrics": _metrics,
    "per_run": _runs,
    "confusion": _confusion,
    "comparisons": _changed,
    "event_coverage": _event_coverage,
    "evidence": _evidence,
    "sanity_checks": _sanity_checks,
    "answers": _conditions,
    "manifests": _datasets,
}
