"""Can the study run here? What is missing is said before anything is spent, with how to get it."""

import math
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from emovlm.core.config import Study
from emovlm.core.errors import StudyError
from emovlm.datasets.manifest import make_manifest
from emovlm.datasets.published_counts import count_clips, report
from emovlm.datasets.registry import PUBLISHED_COUNTS
from emovlm.models.hub import cached_folder, is_fetched, missing_from_cache
from emovlm.models.hub_classifier.labels import CLASSIFIERS, label_settings, labels_of_folder, match_labels
from emovlm.models.remote.permission import why_not
from emovlm.planning.cost import disk
from emovlm.provenance.audit.pins import mismatches
from emovlm.provenance.records.surroundings import environment

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
    tested = {row["system"] for row in study.conditions.values()}
    needed = {*tested, *(study.systems[name]["base"] for name in tested if "base" in study.systems[name])}
    yield from _environment()
    yield from _keys(study, tested)
    for dataset in sorted({row["dataset"] for row in study.conditions.values()}):
        if study.datasets[dataset]["kind"] != "synface":
            yield _dataset(study, dataset, results)
    for system in sorted(needed):
        row = study.systems[system]
        if row["training"] == "none" and row["kind"] != "api":
            yield from _weights(study, system, results)
            if row.get("family") in CLASSIFIERS:
                yield from _labels(study, system, results)
    yield _gpu(study, needed)
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


def _keys(study: Study, tested: set[str]) -> Iterator[Finding]:
    for system in sorted(name for name in tested if study.systems[name]["kind"] == "api"):
        access = study.config["api"][system]
        variable = access.get("key_variable")
        budget = ", ".join(f"{value:g} {unit}" for unit, value in access["budget"].items() if "per" not in unit)
        if variable and not os.environ.get(variable, "").strip():
            yield Finding(system, MISSING, f"no key in the environment variable {variable}", f"export {variable}=...")
        else:
            yield Finding(system, OK, f"a key is there; the budget is {budget}")


def _dataset(study: Study, name: str, results: Path) -> Finding:
    row = study.datasets[name]
    folder = Path(row["folder"].replace("<results>", str(results)))
    place = f"{study.places['datasets'][name]}, row {name}, column folder"
    get = f"ask the owners for {name} ({row['licence']}), unpack it, and write its place in {place}"
    if not folder.is_dir():
        return Finding(name, MISSING, f"{folder} is not there", get)
    told = {key: row[key] for key in ("dataset", "kind", "form", "folds", "per_class") if key in row}
    subset = Path(row["subset"]) if "subset" in row else None
    try:
        manifest = make_manifest({**told, "words": study.words_of(name), "seed": study.config["seed"]}, folder, subset)
        counts = count_clips(manifest, Path(PUBLISHED_COUNTS[row["kind"]]) if row["kind"] in PUBLISHED_COUNTS else None)
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


def _weights(study: Study, system: str, results: Path) -> Iterator[Finding]:
    row = study.systems[system]
    if row.get("family") == "remote" and Path(row["file"]).is_file():
        allowed = study.config.get("allow_remote_code", {}).get(system)
        if refusal := why_not(system, Path(row["file"]).parent, allowed):
            says, do = refusal.removeprefix(f"system {system}: ").split(". ", 1)
            yield Finding(system, MISSING, says, do)
            return
    if "file" not in row and "revision" not in row:
        pin = f"write the commit that you mean in {study.places['systems'][system]}, column revision"
        yield Finding(system, WARNING, f"{row['weights']} is not pinned: what main is when it is fetched", pin)
    if "file" in row:
        files = [row["file"].format(fold=fold) for fold in study.folds_of(system)]
        absent = [file for file in files if not Path(file).is_file()]
        if absent:
            get = "its authors hand it out (docs/paper-study.md says where); put it there"
            yield Finding(system, MISSING, f"{absent[0]} is not there", get)
        else:
            yield Finding(system, OK, f"{len(files)} checkpoint{'s' if len(files) > 1 else ''}")
        return
    named = f"{row['weights']} at {row.get('revision', 'no commit')[:12]}"
    if is_fetched(row, results / "models" / system / "1"):
        yield Finding(system, OK, f"{named}: fetched")
    elif not (lacking := missing_from_cache(row["weights"], row.get("revision"))):
        yield Finding(system, OK, f"{named}: in the cache")
    else:
        offline = os.environ.get("HF_HUB_OFFLINE", "0") not in ("", "0")
        says = f"{named}: not here ({lacking[0]})"
        do = "make prefetch_weights" + (", without HF_HUB_OFFLINE" if offline else "; or the study fetches it")
        yield Finding(system, MISSING if offline else WARNING, says, do)


def _labels(study: Study, system: str, results: Path) -> Iterator[Finding]:
    """Do a classifier's labels fit the classes of each dataset that it is asked about? Where its files are here."""
    row = study.systems[system]
    fetched = results / "models" / system / "1"
    folder = fetched if is_fetched(row, fetched) else cached_folder(row["weights"], row.get("revision"))
    labels = labels_of_folder(folder) if folder else None
    datasets = {asked["dataset"] for asked in study.conditions.values() if asked["system"] == system}
    for dataset in sorted(datasets) if labels else ():
        about, told = f"{system} on {dataset}", label_settings(row, study.lexicon)
        allow = row.get("missing_labels") == "allow"
        try:
            found = match_labels(
                labels, study.classes_of(dataset), told["label_words"], told.get("label_map"), allow_missing=allow
            )
            yield Finding(about, OK, str(found))
        except StudyError as error:
            says, do = str(error).rsplit(". ", 1)
            yield Finding(about, MISSING, says, f"{do[0].lower()}{do[1:]} (docs/adding-a-classifier.md)")


def _gpu(study: Study, needed: set[str]) -> Finding:
    asked = {name: study.systems[name].get("memory_gb", 0) for name in needed}
    most = max(asked, key=lambda name: (asked[name], name))
    if not asked[most]:
        return Finding("GPU", OK, "no system needs one")
    cards = gpu_memory()
    if not cards:
        says = f"none on this machine; {most} needs {asked[most]:g} GB"
        return Finding("GPU", WARNING, says, "run on a cluster (docs/running-on-slurm.md), or a machine with one")
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
        return Finding("disk", MISSING, says, "make room, or write a smaller size in datasets.tsv, column size")
    return Finding("disk", OK, says)
