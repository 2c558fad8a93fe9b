"""What the explorer page shows, and in how many files."""

from emovlm.provenance.sharing import OPEN

STYLES = ["style", "views"]
SOURCES = ["store", "dom", "filter", "start", "condition", "clips", "timeline", "clip", "answer", "main"]
PAGE_PARTS = [*(f"explorer/{s}.css" for s in STYLES), *(f"explorer/{s}.js" for s in SOURCES)]
# Datasets whose pictures the page shows: they may be passed on, or the page is for the user alone.
OPENED = [dataset.name for dataset in STUDY.tested if dataset.licence in OPEN or dataset.pictures == "private"]


def expected_clips(dataset):
    """About how many clips are asked about: it only has to be right enough to part them."""
    row = STUDY.datasets[dataset]
    return row.corpus.test.clips if row.corpus and row.corpus.test else (row.per_class or 45) * len(STUDY.classes)


MOST_CLIPS = max(map(expected_clips, TESTED))
CLIP_PARTS = range(-(-MOST_CLIPS // 50))  # of the details of clips, and of strips of their frames
THUMBNAILS = range(-(-MOST_CLIPS // 500))  # of thumbnails


def explorer_truths(dataset):
    """The truth about the clips and frames of a rendered dataset."""
    return [f"<results>/raw/{dataset}/truth/{table}.parquet" for table in ("clips", "frames") if dataset in RENDERED]


def explored(dataset):
    """The conditions on a dataset, each with the name of its prompt."""
    rows = STUDY.conditions_on(STUDY.datasets[dataset])
    return [{**row.told(), "prompt": row.system.prompts.name} for row in rows]


def explorer_samples(dataset):
    """The samples of the conditions on a dataset by sampler, in the order of its table."""
    used = {row["frames"] for row in explored(dataset)}
    return {name: f"{RESULTS}/samples/{dataset}/{name}.parquet" for name in STUDY.frame_samplers if name in used}


def explorer_texts():
    """The texts that conditions show, by kind, system, run and dataset, with their files."""
    found = {}
    for condition in STUDY.conditions.values():
        kind, dataset, system = condition.texts, condition.dataset.name, condition.system.name
        runs = replicates(system) if kind and kind != "truth" else []
        names = ["truth"] if kind == "truth" else [f"{kind}/{system}/{run}" for run in runs]
        found |= {f"{name}/{dataset}": f"{RESULTS}/texts/{name}/{dataset}.parquet" for name in names}
    return found


def explorer_answer_files():
    """What the answers are shown from, by the option that takes it: named files."""
    samples = {f"{d}/{name}": path for d in TESTED for name, path in explorer_samples(d).items()}
    indices = {
        f"{d}/{k}": f"{RESULTS}/frames/{d}/{k}.clips.parquet" for d in TESTED for k in range(STUDY.datasets[d].n_shards)
    }
    prompts = [condition.system.prompts for d in STUDY.tested for condition in STUDY.conditions_on(d)]
    return {
        "manifests": {d: f"{RESULTS}/manifests/{d}.parquet" for d in TESTED},
        "clips": indices,
        "answers": {c: f"{RESULTS}/answers/{c}.parquet" for c in STUDY.conditions},
        "samples": samples,
        "texts": explorer_texts(),
        "prompts": {each.name: each.classify for each in prompts},
        "tables": {t: f"{RESULTS}/tables/{t}.csv" for t in ("confusion", "comparisons") if t in TABLES},
    }


def listed(rows, columns):
    """Rows as lists, for hundreds of them must fit a command line."""
    return {"columns": columns, "rows": [[row.get(column, "") for column in columns] for row in rows]}
