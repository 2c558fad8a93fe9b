"""``emovlm new``: a small study of one's own clips and models, as a configuration and tables to run and edit."""

import os
import re
import shutil
from collections.abc import Iterable, Mapping, Sequence
from importlib.resources import files
from itertools import combinations
from pathlib import Path
from typing import Any

from emovlm.core.errors import StudyError
from emovlm.core.files import write_text
from emovlm.models.hub_classifier.labels import CLASSIFIERS, labels_of_folder, match_labels
from emovlm.sampling.sampler_names import named_sampler
from emovlm.standalone.decoded import CLIPS_A_SHARD
from emovlm.standalone.given_data import Data, read_data
from emovlm.standalone.given_model import Model, find_model
from emovlm.study.load import load_study, read_config

COLUMNS = {
    "datasets": ("dataset", "kind", "form", "folder", "classes", "fps", "n_shards", "licence", "pictures", "about"),
    "systems": ("system", "kind", "training", "family", "weights", "revision", "file", "dtype", "frames", "on_overflow",
                "pixels", "min_pixels", "batch", "batch_tokens", "pooling", "label_map", "missing_labels", "about"),
    "frame_samplers": ("sampler", "kind", "rate", "count", "base", "about"),
    "conditions": ("condition", "system", "dataset", "frames", "context", "decision", "about"),
    "comparisons": ("comparison", "a", "b", "clips", "metric", "test", "family", "about"),
}  # fmt: skip
METRIC = "macro_f1"
"""What planned comparisons are of, by default."""
FRAMES = ("fps5",)
"""The frames that models are shown, by default."""
OWN = ("classes", "folder")
"""Layouts of one's own clips: their frames are shown on the page, which nobody else gets."""
CONFIG = """\
# The study "{name}": what is asked, about which clips, and where results go. `emovlm new` has made it; edit it freely.
# Run it in the folder of the clone:  snakemake --configfile {folder}/config.yaml
study: {name}                # its name, on the report and on the page
seed: 2026                   # of all random draws: bootstraps, shuffled frames

pathvars:                    # folders that files are written to
  results: {folder}/results                # everything that the study makes
  logs: {folder}/results/logs              # what each job says
  benchmarks: {folder}/results/benchmarks  # time and memory of each job

tables:                      # rows of these tables are what is asked; add, change or delete rows
  datasets: {folder}/datasets.tsv               # clips
  classes: {folder}/classes.tsv                 # the classes that models choose from
  systems: {folder}/systems.tsv                 # models
  frame_samplers: {folder}/frame_samplers.tsv   # which frames of a clip a model sees
  conditions: {folder}/conditions.tsv           # which model is asked about which clips, and what it sees
{comparisons}
frames:
  size: 224                  # px, side of the square frames that clips are decoded to; a multiple of 32
  timeout_s: 60              # a clip that takes longer to decode counts as failed
  memory_gb: 4               # so does one that takes more memory, in 10^9 bytes

prompts:
  classify: {folder}/prompts/classify.txt       # the question; {{classes}} stands for the names of the classes

evaluation:
  max_new_tokens: 16         # of a free reply; scores come from the likelihoods of the classes' names

statistics:
  resamples: 2000            # of the bootstrap, from which the intervals come
  confidence: 0.95           # of the intervals

paper:
  source: paper/report.typ   # what the PDF is set from
"""
COMPARED = "  comparisons: {folder}/comparisons.tsv         # pairs of conditions whose difference is tested\n"


def new_study(
    folder: str | Path,
    data: str | Path,
    models: Sequence[str],
    frames: Sequence[str] = (),
    labels: Sequence[str] | None = None,
    image_rate: float | None = None,
    **settings: Any,
) -> list[Path]:
    """Write a study of some models on some clips; run it in the root of the clone, where ``Snakefile`` is.

    Args:
        folder: of the study, made here. Its name is the study's.
        data: clips, as :func:`emovlm.standalone.given_data.read_data` takes them.
        models: as :func:`emovlm.standalone.given_model.find_model` takes them.
        frames: names of frame samplers; ``FRAMES`` if there are none.
        labels: that the models choose from; those of the clips if not given.
        image_rate: frames a second of clips that are folders of images.
        settings: columns of ``systems.tsv`` for all models.

    Returns:
        The files.

    Raises:
        StudyError: the folder exists, this is not the root of the clone, or data, a model or a sampler is not as it
            should be. Then nothing is written.
    """
    if not Path("Snakefile").is_file():
        raise StudyError("no Snakefile here: run emovlm new in the folder of the clone, from which studies are run")
    folder = Path(_from_root(folder))
    if folder.exists():
        raise StudyError(f"{folder}: the folder exists already and is not overwritten; name another one")
    if not models:
        raise StudyError("no model: name at least one (--model)")
    found = read_data(data, labels)
    systems = [_system(find_model(model, found.classes, **settings), found) for model in models]
    _unique([row["system"] for row in systems], "--model")
    tables = _tables(found, systems, list(dict.fromkeys(frames)) or list(FRAMES), image_rate)
    texts = {
        "config.yaml": CONFIG.format(
            name=_id(folder.name), folder=folder.as_posix(),
            comparisons=COMPARED.format(folder=folder.as_posix()) if tables["comparisons"] else "",
        ),
        "prompts/classify.txt": (files("emovlm.evaluation") / "prompts" / "classify.txt").read_text(encoding="utf-8"),
        "classes.tsv": _classes(found),
        **{f"{name}.tsv": _text(COLUMNS[name], rows) for name, rows in tables.items() if rows},
    }  # fmt: skip
    try:
        for name, text in texts.items():
            write_text(folder / name, text)
        load_study(read_config(".", [str(folder / "config.yaml")]))
    except StudyError:
        shutil.rmtree(folder)
        raise
    return [folder / name for name in texts]


def _tables(found: Data, systems: list[dict], frames: list[str], image_rate: float | None) -> dict[str, list[dict]]:
    """The rows of each table."""
    samplers: dict[str, dict] = {}
    for name in frames:
        row, base = named_sampler(name)
        for each in filter(None, (base, row)):
            samplers.setdefault(each["sampler"], {**each, "sampler": _id(each["sampler"])})
            if "base" in each:
                samplers[each["sampler"]]["base"] = _id(each["base"])
    dataset = {
        "dataset": _id(found.name), "kind": found.kind, "folder": _from_root(found.folder),
        "form": "" if found.form == "clips" else found.form, "fps": image_rate or "",
        "classes": "" if _own_words(found) else f"labels-{_id(found.name)}",
        "n_shards": -(-len(found.manifest) // CLIPS_A_SHARD), "licence": "not stated",
        "pictures": "private" if found.kind in OWN else "",
    }  # fmt: skip
    shown = [_id(name) for name in frames]
    conditions = [
        {"condition": f"{system['system']}-{name}", "system": system["system"], "dataset": dataset["dataset"],
         "frames": name, "context": "none", "decision": "likelihood"}
        for system in systems for name in shown
    ]  # fmt: skip
    names = [system["system"] for system in systems]
    pairs = [("models", f"{a}-{name}", f"{b}-{name}") for name in shown for a, b in combinations(names, 2)]
    pairs += [("frames", f"{name}-{a}", f"{name}-{b}") for name in names for a, b in combinations(shown, 2)]
    comparisons = [
        {"comparison": f"{a}-vs-{b}", "a": a, "b": b, "clips": "all", "metric": METRIC, "test": "difference",
         "family": family}
        for family, a, b in pairs
    ]  # fmt: skip
    return {"datasets": [dataset], "systems": systems, "frame_samplers": list(samplers.values()),
            "conditions": conditions, "comparisons": comparisons}  # fmt: skip


def _system(model: Model, found: Data) -> dict[str, Any]:
    """The row of a model.

    Raises:
        StudyError: it is a classifier whose labels do not fit the classes.
    """
    row = {key: value for key, value in model.row.items() if key in COLUMNS["systems"]}
    label_map = dict(row.pop("label_map", {}))
    if row["family"] in CLASSIFIERS and (labels := labels_of_folder(model.folder)):
        allow = row.get("missing_labels") == "allow"
        try:
            match = match_labels(labels, found.classes, model.row["label_words"], label_map, allow)
        except StudyError as error:
            raise StudyError(f"{model.name}: {error}") from None
        # A class need not be one of the lexicon: what a label stands for by another word is said.
        label_map |= {labels[number]: name for name, numbers in match.numbers.items() for number in numbers
                      if labels[number].casefold() != _id(name)}  # fmt: skip
    if label_map:
        row["label_map"] = ";".join(f"{label}={name and _id(name)}" for label, name in label_map.items())
    weights, at, revision = model.name.partition("@")
    place = {"weights": weights, "revision": revision} if at else {"file": f"{_from_root(model.folder)}/config.json"}
    return {**row, "system": _id(row["system"]), "training": "none", **place}


def _classes(found: Data) -> str:
    """The classes by ids, and the data's own words for them where they are other words."""
    ids = [_id(name) for name in found.classes]
    _unique(ids, "classes")
    if _own_words(found):
        return _text(["emotion"], [{"emotion": name} for name in ids])
    column = f"labels-{_id(found.name)}"
    words = {name: word for word, name in found.words.items()}
    return _text(["emotion", column], [{"emotion": _id(name), column: words.get(name, name)} for name in found.classes])


def _own_words(found: Data) -> bool:
    """Whether the data calls each class by its id."""
    return all(_id(name) == name for name in found.classes) and all(word == name for word, name in found.words.items())


def _id(name: str) -> str:
    """A name as an id: lower-case letters, digits and hyphens."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-") or "unnamed"


def _unique(names: Sequence[str], where: str) -> None:
    """Check that ids differ.

    Raises:
        StudyError: two are the same.
    """
    if doubled := [name for name in names if names.count(name) > 1]:
        raise StudyError(f"{where}: two are called {doubled[0]!r}; rename one of them, because ids must be unique")


def _from_root(path: str | Path) -> str:
    """A path relative to the root of the clone where it lies below it, and absolute elsewhere."""
    full = os.path.abspath(path)
    inside = os.path.relpath(full)
    return Path(full if inside.startswith("..") else inside).as_posix()


def _text(columns: Iterable[str], rows: Sequence[Mapping[str, Any]]) -> str:
    """A tab-separated table. Columns that no row fills are left out, but for the remarks (``about``)."""
    used = [c for c in columns if c == "about" or any(str(row.get(c, "")) for row in rows)]
    lines = ["\t".join(used), *("\t".join(_cell(row.get(c, "")) for c in used) for row in rows)]
    return "".join(f"{line}\n" for line in lines)


def _cell(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)
