"""Check whether the study can run here, and say how to get what is missing. Nothing is spent."""

import math
import os
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from emovlm.core.errors import StudyError
from emovlm.datasets.manifest import make_manifest
from emovlm.datasets.published_counts import count_clips, report
from emovlm.datasets.registry import DATASET_KINDS, MANIFEST_COLUMNS
from emovlm.models.architectures import DFER
from emovlm.models.hub import is_fetched, missing_from_cache
from emovlm.models.hub_classifier.labels import CLASSIFIERS, label_settings, labels_of_folder, match_labels
from emovlm.models.remote.permission import why_not
from emovlm.planning.cost import disk, folder_here
from emovlm.provenance.audit.pins import mismatches
from emovlm.provenance.records.surroundings import environment
from emovlm.study.rows import Dataset
from emovlm.study.study import Study
from emovlm.study.systems import System

OK, WARNING, MISSING = "ok", "warning", "missing"
GIB = 2**30
SOME_ENVIRONMENT = "envs/evaluation.yaml"


@dataclass(frozen=True)
class Finding:
    """What one look found: about what, how it stands (``ok``, ``warning`` or ``missing``), and what to do."""

    about: str
    state: str
    says: str
    do: str = ""


def examine(study: Study, results: Path) -> Iterator[Finding]:
    """Look at everything that the study needs, cheapest first.

    Args:
        results: the folder of its results.
    """
    needed = {*study.asked, *(system.base for system in study.asked if system.base is not None)}
    yield from _environment()
    yield from _keys(study)
    for dataset in study.tested:
        if not dataset.rendered:
            yield _dataset(study, dataset, results)
    for system in sorted(needed, key=lambda system: system.name):
        if system.from_outside:
            yield from _weights(study, system, results)
            if system.family in CLASSIFIERS:
                yield from _labels(study, system, results)
    yield from _inputs(study)
    yield _gpu(needed)
    yield _disk(study, results)


def _environment() -> Iterator[Finding]:
    version = sys.version.split()[0]
    if sys.version_info[:2] != (3, 11):
        yield Finding("Python", MISSING, f"this is {version}", "use Python 3.11")
    wrong = [says for file, says in mismatches(environment(SOME_ENVIRONMENT)) if file != SOME_ENVIRONMENT]
    if wrong:
        more = f", and {len(wrong) - 1} more" if len(wrong) > 1 else ""
        yield Finding("packages", MISSING, wrong[0].replace("it ran with", "here is") + more, "make setup")
    else:
        yield Finding("packages", OK, f"Python {version} and the packages that are pinned")


def _keys(study: Study) -> Iterator[Finding]:
    for system in (system.name for system in study.asked if system.served):
        access = study.config.api[system]
        variable = access.key_variable
        budget = ", ".join(f"{value:g} {unit}" for unit, value in access.budget.told().items() if "per" not in unit)
        if variable and not os.environ.get(variable, "").strip():
            yield Finding(system, MISSING, f"no key in the environment variable {variable}", f"export {variable}=...")
        else:
            yield Finding(system, OK, f"{'a key is there' if variable else 'it needs no key'}; the budget is {budget}")


def _dataset(study: Study, dataset: Dataset, results: Path) -> Finding:
    name, folder = dataset.name, Path(dataset.folder.replace("<results>", str(results)))
    get = f"ask the owners for {name} ({dataset.licence}), unpack it, and write its place in {dataset.cell('folder')}"
    if not folder.is_dir():
        return Finding(name, MISSING, f"{folder} is not there", get)
    cells = dataset.told()
    told = {key: cells[key] for key in MANIFEST_COLUMNS if key in cells}
    subset = Path(dataset.subset) if dataset.subset else None
    published = DATASET_KINDS[dataset.kind].published_counts
    try:
        manifest = make_manifest({**told, "words": dataset.words, "seed": study.config.seed}, folder, subset)
        counts = count_clips(manifest, Path(published) if published else None)
    except StudyError as error:
        return Finding(name, MISSING, str(error), get)
    absent = [path for path in manifest["path"] if not (folder / path).exists()]
    if absent:
        says = f"{len(absent)} of {len(manifest)} clips have no file, the first is {absent[0]}"
        return Finding(name, MISSING if len(absent) == len(manifest) else WARNING, says, "complete the folder")
    differs = (counts["difference"].fillna(0) != 0).any()
    tested = int((manifest["split"] == "test").sum())
    says = f"{report(name, counts).removeprefix(f'{name}: ')}; {tested} are evaluated"
    return Finding(name, WARNING if differs else OK, says, "is it the whole dataset?" if differs else "")


def _weights(study: Study, row: System, results: Path) -> Iterator[Finding]:
    system = row.name
    if row.family == "remote" and Path(row.file).is_file():
        allowed = study.config.allow_remote_code.get(system)
        if refusal := why_not(system, Path(row.file).parent, allowed):
            says, do = refusal.removeprefix(f"system {system}: ").split(". ", 1)
            yield Finding(system, MISSING, says, do)
            return
    if row.file is None and row.revision is None:
        pin = f"write the commit that you mean in {row.cell('revision')}"
        yield Finding(system, WARNING, f"{row.weights} is not pinned; the study fetches its main branch", pin)
    if row.file is not None:
        files = [row.file.format(fold=fold) for fold in row.folds]
        absent = [file for file in files if not Path(file).is_file()]
        if absent:
            get = "its authors hand it out (docs/how-to/paper-study.md says where); put it there"
            yield Finding(system, MISSING, f"{absent[0]} is not there", get)
        else:
            what = (
                f"a model in {row.folder}" if row.folder else f"{len(files)} checkpoint{'s' if len(files) > 1 else ''}"
            )
            yield Finding(system, OK, what)
        return
    named = f"{row.weights} at {(row.revision or 'no commit')[:12]}"
    if is_fetched(row.told(), results / "models" / system / "1"):
        yield Finding(system, OK, f"{named}: fetched")
    elif not (lacking := missing_from_cache(row.weights, row.revision)):
        yield Finding(system, OK, f"{named}: in the cache")
    else:
        offline = os.environ.get("HF_HUB_OFFLINE", "0") not in ("", "0")
        says = f"{named}: not here ({lacking[0]})"
        do = "make prefetch_weights" + (", without HF_HUB_OFFLINE" if offline else "; or the study fetches it")
        yield Finding(system, MISSING if offline else WARNING, says, do)


def _labels(study: Study, system: System, results: Path) -> Iterator[Finding]:
    """Do a classifier's labels fit the classes of each dataset that it is asked about? Where its files are here."""
    fetched = results / "models" / system.name / "1"
    folder = folder_here(system, fetched)
    labels = labels_of_folder(folder) if folder else None
    for dataset in _asked_about(study, system) if labels else ():
        about = f"{system.name} on {dataset.name}"
        told = label_settings(system.told(), [row.told() for row in study.class_rows], study.terms)
        allow = system.missing_labels == "allow"
        try:
            found = match_labels(
                labels, dataset.classes, told["label_words"], told.get("label_map"), allow_missing=allow
            )
            yield Finding(about, OK, str(found))
        except StudyError as error:
            says, do = str(error).rsplit(". ", 1)
            yield Finding(about, MISSING, says, f"{do[0].lower()}{do[1:]} (docs/how-to/adding-a-classifier.md)")


def _asked_about(study: Study, system: System) -> list[Dataset]:
    """The datasets whose clips a system is asked about."""
    return [d for d in study.tested if any(row.system is system for row in study.conditions_on(d))]


def _inputs(study: Study) -> Iterator[Finding]:
    """Check that networks trained on aligned faces are shown aligned faces."""
    for system in sorted(study.asked, key=lambda system: system.name):
        for dataset in _asked_about(study, system) if system.family in DFER else ():
            if dataset.form != "frames" or dataset.fit != "stretch":
                released = system.training == "none"
                says = "it was pretrained on frames of faces, and is fine-tuned on other frames"
                if released:
                    says = "its weights were fine-tuned on frames of faces; its answers to other frames are not valid"
                do = "name a dataset with form frames and fit stretch in conditions.tsv (docs/how-to/paper-study.md)"
                yield Finding(f"{system.name} on {dataset.name}", WARNING, says, do)


def _gpu(needed: Iterable[System]) -> Finding:
    asked = {system.name: system.memory_gb or 0 for system in needed}
    most = max(asked, key=lambda name: (asked[name], name))
    if not asked[most]:
        return Finding("GPU", OK, "no system needs one")
    cards = gpu_memory()
    if not cards:
        says = f"none on this machine; {most} needs {asked[most]:g} GB"
        do = "run on a cluster (docs/tutorials/running-on-slurm.md), or a machine with one"
        return Finding("GPU", WARNING, says, do)
    if max(cards) < asked[most]:
        says = f"{max(cards):.0f} GB; {most} needs {asked[most]:g} GB"
        return Finding("GPU", MISSING, says, "use a larger card, or leave the system out of conditions.tsv")
    return Finding("GPU", OK, f"{max(cards):.0f} GB; {most} needs {asked[most]:g} GB")


def gpu_memory() -> list[float]:
    """Memory of each NVIDIA card of this machine in GB; none where there is no driver."""
    if not shutil.which("nvidia-smi"):
        return []
    asked = ["nvidia-smi", "--query-gpu=memory.total", "--format=csv,noheader,nounits"]
    done = subprocess.run(asked, capture_output=True, text=True, check=False)
    return [float(line) * 2**20 / 1e9 for line in done.stdout.splitlines() if line.strip().isdigit()]


def _disk(study: Study, results: Path) -> Finding:
    needed = disk(study)
    place = next(folder for folder in (results, *results.resolve().parents) if folder.is_dir())
    known = {what: size for what, size in needed.items() if not math.isnan(size)}
    free, total = shutil.disk_usage(place).free, sum(known.values())
    says = f"{free / GIB:,.0f} GiB free, about {total / GIB:,.0f} GiB needed (most by {max(known, key=known.get)})"
    if unknown := sorted(set(needed) - set(known)):
        says += f", and the {', '.join(unknown)}, whose size is not known"
    if free < total:
        do = "free space, or choose h264 or webp (datasets.tsv, column encoding) or smaller frames (column size)"
        return Finding("disk", MISSING, says, do)
    return Finding("disk", OK, says)
