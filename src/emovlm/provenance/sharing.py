"""Which files may be shared: derived numbers always, pictures only of datasets whose licence allows it.

A picture shows a dataset's people if the job that drew it read that dataset's clips or frames, or another such picture.
Tables, texts and weights made from clips show nobody.
"""

from emovlm.provenance.findings import Finding
from emovlm.provenance.plan import Plan
from emovlm.provenance.record import Record

OPEN = ("CC0-1.0", "CC-BY-4.0", "CC-BY-SA-4.0", "PDDL-1.0", "ODC-By-1.0")
"""Licences (SPDX) under which pictures of a dataset may be passed on; of any other they may not."""
PICTURES = (".png", ".pdf", ".svg", ".jpg", ".html")
CLIPS = (".mp4", ".avi", ".mkv", ".mov", ".webm", ".jpg", ".png")


def shown(plan: Plan, records: dict[str, Record]) -> dict[str, set[str]]:
    """The datasets whose people each picture shows; other files are left out."""
    makers = {each["path"]: name for name, record in records.items() for each in record["outputs"]}
    pixels = {path: each for name in plan.study.datasets for path, each in _pixels(plan, name, records)}
    known: dict[str, set[str]] = {}

    def of_job(name: str) -> set[str]:
        if name not in known:
            known[name] = set()
            for each in records[name]["inputs"]:
                path = each["path"]
                if path in pixels:
                    known[name] |= {pixels[path]}
                elif path.endswith(PICTURES) and path in makers:
                    known[name] |= of_job(makers[path])
        return known[name]

    return {path: of_job(name) for path, name in makers.items() if path.endswith(PICTURES) and path not in pixels}


def _pixels(plan: Plan, dataset: str, records: dict[str, Record]) -> list[tuple[str, str]]:
    """Clips and frame stores of one dataset, as records name them."""
    folder = plan.places.portable(plan.study.datasets[dataset]["folder"].replace("<results>", plan.results))
    stores = f"{plan.results}/frames/{dataset}"
    found = []
    for record in records.values():
        for each in (*record["inputs"], *record["outputs"]):
            path = each["path"]
            clip = path.startswith(f"{folder}/") and path.endswith(CLIPS)
            if clip or (path.startswith(f"{stores}/") and path.endswith(".safetensors")):
                found.append((path, dataset))
    return found


def descent(records: dict[str, Record]) -> dict[str, set[str]]:
    """The datasets that each output was made from, directly or through others."""
    makers = {each["path"]: name for name, record in records.items() for each in record["outputs"]}
    known: dict[str, set[str]] = {}

    def of_job(name: str) -> set[str]:
        if name not in known:
            known[name] = set(records[name]["datasets"])
            for path in {each["path"] for each in records[name]["inputs"]} & set(makers):
                known[name] |= of_job(makers[path])
        return known[name]

    return {path: of_job(name) for path, name in makers.items()}


def gated(plan: Plan) -> dict[str, str]:
    """Licence of each dataset of which pictures may not be passed on."""
    rows = plan.study.datasets.items()
    return {name: row["licence"] for name, row in rows if row["licence"] not in OPEN}


def leaks(plan: Plan, records: dict[str, Record]) -> list[Finding]:
    """Pictures that are published and may not be; and jobs that ran under another licence than the present one."""
    closed, findings = gated(plan), []
    for path, datasets in sorted(shown(plan, records).items()):
        for dataset in sorted(datasets & set(closed)):
            maker = next(name for name, r in records.items() if path in {e["path"] for e in r["outputs"]})
            says = (
                f"{path}: it shows clips of {dataset}, whose licence ({closed[dataset]}) does not allow passing them on"
            )
            do = "draw it from another dataset, or do not share it"
            findings.append(Finding("licence", path, says, do, maker))
    table = plan.study.config["tables"]["datasets"]
    for dataset, row in plan.study.datasets.items():
        others = {n: r["datasets"][dataset] for n, r in records.items() if dataset in r["datasets"]}
        others = {name: licence for name, licence in others.items() if licence != row["licence"]}
        if others:
            first = next(iter(others))
            says = f"{table}: {dataset} is under {row['licence']}, {len(others)} jobs ran when it was {others[first]}"
            findings.append(Finding("licence", table, says, "put the licence right, or make study anew", first))
    return findings
