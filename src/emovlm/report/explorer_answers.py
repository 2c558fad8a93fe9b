"""What was answered, for the explorer page: of all conditions of a dataset in short, of each condition in full."""

from functools import cache
from typing import Any

import numpy as np
import pandas as pd

from emovlm.core.contracts.answers import ANSWERS, REPLIES, TEXTS
from emovlm.core.contracts.frames import SAMPLE
from emovlm.core.contracts.statistics import COMPARISONS, CONFUSION
from emovlm.core.errors import StudyError
from emovlm.core.io import read_table
from emovlm.core.progress import track
from emovlm.core.prompts import read_prompt
from emovlm.evaluation.contexts import CONTEXTS, build_parts, shuffle_texts
from emovlm.figures.labels import metric_label
from emovlm.report.explorer_clips import tested_clips
from emovlm.report.explorer_data import NOT_ASKED, Words, letters, packed, write_data
from emovlm.statistics.counts import ALL, FLAGS
from emovlm.statistics.metrics import METRICS, Metric

PARTS = (ALL, *FLAGS)
COUNTS = {
    "failed": "Failures", "refused": "Failures that are refusals", "cut": "Share of answers whose reply was cut",
}  # fmt: skip


def write_answers(
    dataset: str, conditions: list[dict[str, str]], classes: list[str], paths: dict[str, dict[str, str]],
    values: dict[str, dict], out: dict[str, str], out_all: str,
) -> None:  # fmt: skip
    """Write one file a condition, and one with the answers of all.

    Args:
        conditions: rows of ``conditions.tsv`` on this dataset, each with ``prompt``, a key of ``paths["prompts"]``.
        classes: of the dataset, in the study's order.
        paths: files by kind and name: ``answers`` by condition; ``manifests`` by dataset; ``clips``, the clip index, by
            dataset and shard (``synface/0``); ``samples`` by dataset and sampler; ``texts`` by kind, system, run and
            dataset (``motion/organism/1/synface``, ``truth/synface``); ``prompts``; ``tables``, that is confusion and
            comparisons.
        values: ``values.json``.
        out: the files to write, by condition.

    Raises:
        StudyError: an answer is to a clip that the dataset has not, or a table does not fit.
    """
    index = [path for name, path in paths["clips"].items() if name.startswith(f"{dataset}/")]
    tested = tested_clips(paths["manifests"][dataset], index)["clip_id"].tolist()
    confusion = dict(iter(read_table(paths["tables"]["confusion"], CONFUSION).groupby("condition")))
    planned = paths["tables"].get("comparisons")
    comparisons = (
        pd.DataFrame(columns=list(COMPARISONS.columns)) if planned is None else read_table(planned, COMPARISONS)
    )
    read_sample = cache(lambda name: _grouped(read_table(paths["samples"][f"{dataset}/{name}"], SAMPLE)))
    read_texts = cache(lambda name: _grouped(read_table(paths["texts"][f"{name}/{dataset}"], TEXTS)))
    short: dict[str, list[str]] = {}
    for row in track(conditions, "write", "conditions"):
        name = row["condition"]
        answers = read_table(paths["answers"][name], ANSWERS)
        if unknown := sorted(set(answers["clip_id"]) - set(tested)):
            raise StudyError(f"{paths['answers'][name]}: {unknown[0]} is not among the clips of {dataset}")
        runs = {int(r): of.set_index("clip_id").reindex(tested) for r, of in answers.groupby("replicate")}
        full = {
            "runs": list(runs),
            **_columns(runs, classes),
            "question": read_prompt(paths["prompts"][row["prompt"]], classes),
            **_told(row, runs, read_sample, read_texts),
            "metrics": metrics_of(name, values),
            "per_class": _per_class(name, classes, values),
            "confusion": _confusion(confusion[name]),
            "comparisons": _comparisons(name, comparisons, values),
        }
        write_data(out[name], f"answers/{name}", full)
        short[name] = full["predictions"]
    write_data(out_all, f"{dataset}/answers", short)


def _grouped(table: pd.DataFrame) -> dict[str, pd.DataFrame]:
    return dict(iter(table.groupby("clip_id")))


def _columns(runs: dict[int, pd.DataFrame], classes: list[str]) -> dict[str, Any]:
    """Answers by run, in the order of the clips."""
    replies, reasons = Words(), Words()
    scored = [f"score_{c}" for c in classes]
    found: dict[str, Any] = {
        k: [] for k in ("predictions", *REPLIES, "scores", "reply", "reason", "cut", "frames", "tokens", "folds")
    }
    for answers in runs.values():
        asked = answers["status"].notna()
        right = answers["prediction"].where(answers["status"] == "ok")
        found["predictions"].append(_row_of_letters(right, asked, classes))
        for column in REPLIES:
            found[column].append(_row_of_letters(answers[column], asked, classes))
        has = set(scored) <= set(answers.columns) and answers[scored].notna().any(axis=None)
        found["scores"].append(packed(answers[scored].to_numpy(float), "<f4") if has else None)
        found["reply"].append([replies.number(t) if pd.notna(t) else -1 for t in answers["reply"]])
        found["reason"].append({i: reasons.number(t) for i, t in enumerate(answers["reason"]) if pd.notna(t)})
        found["cut"].append(np.flatnonzero(answers["cut"].eq(True)).tolist())
        for column, key in (("n_frames", "frames"), ("n_tokens", "tokens"), ("fold", "folds")):
            found[key].append(_short(answers[column].fillna(0).astype(int).tolist()))
    return {**found, "replies": replies.listed, "reasons": reasons.listed}


def _row_of_letters(named: pd.Series, asked: pd.Series, classes: list[str]) -> str:
    row = letters([n if pd.notna(n) else None for n in named], classes)
    return "".join(letter if was else NOT_ASKED for letter, was in zip(row, asked, strict=True))


def _short(numbers: list[int]) -> list[int] | int:
    """One number, if all are the same."""
    return numbers[0] if len(set(numbers)) == 1 else numbers


def _told(row: dict[str, str], runs: dict[int, pd.DataFrame], read_sample: Any, read_texts: Any) -> dict[str, Any]:
    """The texts of the prompts, where there are any, by run and clip.

    A prompt is a list of numbers: 0, 1, ... are frames in the order shown; -1, -2, ... are the texts 0, 1, ....
    It is built by the function that built it for the system.
    """
    kind = CONTEXTS[row["context"]].texts
    if kind is None:
        return {"prompts": None, "texts": []}
    words, prompts = Words(), []
    for run, answers in runs.items():
        texts = read_texts("truth" if kind == "truth" else f"{kind}/{row['system']}/{run}")
        prompts.append([_prompt(clip, row, read_sample(row["frames"]), texts, words) for clip in answers.index])
    return {"prompts": prompts, "texts": words.listed}


def _prompt(
    clip: str, row: dict[str, str], sample: dict[str, pd.DataFrame], texts: dict[str, pd.DataFrame], words: Words
) -> list[int] | None:
    """One prompt; None where there was none, for the clip has no frames or the system refused to write the texts."""
    if clip not in sample:
        return None
    told = texts.get(clip, next(iter(texts.values())).iloc[:0] if texts else None)
    if told is None or told["reason"].notna().any():
        return None
    if row["context"] == "msce-shuffled":
        told = shuffle_texts(told, clip)
    seen = sample[clip].sort_values("position")
    parts = build_parts(np.zeros((len(seen), 1, 1, 3), np.uint8), seen, told, "", row["context"])[:-1]
    frames = iter(range(len(seen)))
    return [-1 - words.number(part) if isinstance(part, str) else next(frames) for part in parts]


def shown(name: str, values: dict[str, dict]) -> dict[str, Any] | None:
    """A value as the page shows it: its id, text, number, interval and n; None if there is no such value."""
    found = values.get(name)
    return found and {"id": name, **{k: found[k] for k in ("text", "value", "low", "high", "n")}}


def metrics_of(condition: str, values: dict[str, dict]) -> list[dict[str, Any]]:
    """The metrics of a condition that ``values.json`` has, and its failures, on all clips and on those of each kind."""
    names = {metric.name: metric.label for metric in [*headlines(), *METRICS.values()]} | COUNTS
    rows = (
        {"metric": name, "label": label, "values": {
            part: shown(".".join(filter(None, (f"metric.{condition}", "" if part == ALL else part, name))), values)
            for part in PARTS}}
        for name, label in names.items()
    )  # fmt: skip
    return [row for row in rows if any(row["values"].values())]


def headlines() -> list[Metric]:
    """The few metrics that lists of conditions show, the first one first."""
    return sorted((metric for metric in METRICS.values() if metric.headline), key=lambda metric: metric.headline)


def _per_class(condition: str, classes: list[str], values: dict[str, dict]) -> list[dict[str, Any]]:
    rows = ({k: shown(f"class.{condition}.{c}.{k}", values) for k in ("f1", "recall", "precision")} for c in classes)
    return [{"emotion": c, **row} for c, row in zip(classes, rows, strict=True)]


def _confusion(table: pd.DataFrame) -> list[list[Any]]:
    """Label, answer and number of answers, where there are any."""
    kept = table[table["n"] > 0]
    return kept[["label", "prediction", "n"]].values.tolist()


def _comparisons(condition: str, table: pd.DataFrame, values: dict[str, dict]) -> list[dict[str, Any]]:
    """The planned comparisons that a condition is part of; with several runs their intervals and p include runs."""
    mine = table[(table[["a", "b", "minus_a", "minus_b"]] == condition).any(axis=1)]
    return [
        {**{k: getattr(row, k) for k in ("comparison", "a", "b", "clips", "test")},
         "claim": None if pd.isna(row.claim) else row.claim,
         "metric": metric_label(row.metric),
         **{k: shown(f"comparison.{row.comparison}.{part}", values)
            for k, part in zip(("difference", "p"), ("difference", "p_holm") if pd.isna(row.runs_low) else
                               ("runs", "p_runs"), strict=True)}}
        for row in mine.itertuples()
    ]  # fmt: skip
