"""Which files may be shared: derived numbers always, pictures only of datasets whose licence allows it.

A dataset whose pictures are ``private`` may be shown on the explorer page of whoever runs the study; they stay there.
A picture shows a dataset's people if the job that drew it read that dataset's clips or frames, or another such picture.
Tables, texts and weights made from clips show nobody.
"""

from collections.abc import Callable

from emovlm.datasets.suffixes import IMAGES, VIDEOS
from emovlm.provenance.audit.findings import Finding
from emovlm.provenance.planned_jobs import Plan
from emovlm.provenance.records.record import Record, makers

OPEN = ("CC0-1.0", "CC-BY-4.0", "CC-BY-SA-4.0", "PDDL-1.0", "ODC-By-1.0")
"""Licences (SPDX) under which pictures of a dataset may be passed on; of any other they may not."""
PICTURES = (".png", ".pdf", ".svg", ".jpg", ".jpeg", ".gif", ".webp", ".html", ".mp4")
CLIPS = (*VIDEOS, *IMAGES)


def shown(plan: Plan, records: dict[str, Record]) -> dict[str, set[str]]:
    """The datasets whose people each picture shows; clips and other files are left out."""
    pixels = _pixels(plan, records)

    def seen(record: Record) -> set[str]:
        return {pixels[each["path"]] for each in record["inputs"] if each["path"] in pixels}

    def picture(path: str) -> bool:
        return path.lower().endswith(PICTURES) and path not in pixels

    return {path: found for path, found in _inherited(records, seen, picture).items() if picture(path)}


def descent(records: dict[str, Record]) -> dict[str, set[str]]:
    """The datasets that each output was made from, directly or through others."""
    return _inherited(records, lambda record: set(record["datasets"]), lambda path: True)


def _inherited(
    records: dict[str, Record], own: Callable[[Record], set[str]], passes_on: Callable[[str], bool]
) -> dict[str, set[str]]:
    """What each output has from its job (``own``), and from those inputs of it that pass on what they have."""
    made = makers(records)
    known: dict[str, set[str]] = {}

    def of_job(name: str) -> set[str]:
        if name not in known:
            known[name] = own(records[name])
            for path in (each["path"] for each in records[name]["inputs"]):
                if path in made and passes_on(path):
                    known[name] |= of_job(made[path])
        return known[name]

    return {path: of_job(name) for path, name in made.items()}


def folder_of(plan: Plan, dataset: str) -> str:
    """The folder of a dataset, as records name it."""
    return plan.places.portable(plan.study.datasets[dataset].folder.replace("<results>", plan.results))


def _pixels(plan: Plan, records: dict[str, Record]) -> dict[str, str]:
    """The dataset of each clip and frame store."""
    found = {}
    paths = {each["path"] for record in records.values() for each in (*record["inputs"], *record["outputs"])}
    for dataset in plan.study.datasets:
        folder, stores = f"{folder_of(plan, dataset)}/", f"{plan.results}/frames/{dataset}/"
        for path in paths:
            clip = path.startswith(folder) and path.lower().endswith(CLIPS)
            if clip or (path.startswith(stores) and path.endswith(".safetensors")):
                found[path] = dataset
    return found


def gated(plan: Plan) -> dict[str, str]:
    """Licence of each dataset of which pictures may not be passed on."""
    rows = plan.study.datasets.items()
    return {name: row.licence for name, row in rows if row.licence not in OPEN}


def leaks(plan: Plan, records: dict[str, Record]) -> list[Finding]:
    """Pictures that are published and may not be; and jobs that ran under another licence than the present one."""
    closed, made, findings = gated(plan), makers(records), []
    for path, datasets in sorted(shown(plan, records).items()):
        for dataset in sorted(datasets & set(closed)):
            if plan.study.datasets[dataset].pictures == "private":
                continue
            says = (
                f"{path}: it shows clips of {dataset}, whose licence ({closed[dataset]}) does not allow passing them on"
            )
            do = "draw it from another dataset, or do not share it"
            findings.append(Finding("licence", path, says, do, made[path]))
    for dataset, row in plan.study.datasets.items():
        table = row.table_file
        others = {n: r["datasets"][dataset] for n, r in records.items() if dataset in r["datasets"]}
        others = {name: licence for name, licence in others.items() if licence != row.licence}
        if others:
            first = next(iter(others))
            says = f"{table}: {dataset} is under {row.licence}, {len(others)} jobs ran when it was {others[first]}"
            findings.append(Finding("licence", table, says, "correct the licence, or run the study again", first))
    return findings
