"""Input files of jobs that depend on a row of a table."""

from emovlm.frequency.index_files import files_of_indices
from emovlm.frequency.parts import files_of as files_of_corpus


def stores(dataset):
    """The frame store of a dataset, all shards."""
    return shards("<results>/frames/{dataset}/{shard}.safetensors", dataset)


def clip_indices(dataset):
    """Which clips of a dataset were decoded, all shards."""
    return shards("<results>/frames/{dataset}/{shard}.clips.parquet", dataset)


def frame_indices(dataset):
    """Which frames of a dataset were decoded, all shards."""
    return shards("<results>/frames/{dataset}/{shard}.frames.parquet", dataset)


def sound_stores(dataset):
    """The sound of a dataset's clips, all shards."""
    return shards("<results>/frames/{dataset}/{shard}.audio.safetensors", dataset)


def embedded_samplers():
    """The frame samplers of the embedded study: of the table's first file, for others add rows of their own to it."""
    first, *_ = CONFIG.tables.frame_samplers
    return {name: row for name, row in STUDY.frame_samplers.items() if row.table_file == first}


def annotations(dataset):
    """The files whose change means that a dataset has changed."""
    if dataset in RENDERED:
        return [f"{folder(dataset)}/annotations/identities.csv"]
    place = Path(folder(dataset), DATASET_KINDS[STUDY.datasets[dataset].kind].lists)
    if place.is_file():
        return [str(place)]
    if not place.is_dir() and not workflow.dryrun:  # what would be done can be listed without the data
        where = STUDY.datasets[dataset].cell("folder")
        raise WorkflowError(f"{where}: no such {'file' if place.suffix else 'folder'}: {place}")
    return sorted(str(p) for p in place.rglob("*") if p.suffix in (".txt", ".csv"))


def condition_inputs(w):
    """What answering the clips of one shard in one condition reads."""
    condition = STUDY.conditions[w.condition]
    system, dataset, kind = condition.system.name, condition.dataset.name, condition.texts
    files = {
        "model": system_files(system, w.replicate),
        "sample": f"<results>/samples/{dataset}/{condition.frames.name}.parquet",
        "manifest": f"<results>/manifests/{dataset}.parquet",
        "store": f"<results>/frames/{dataset}/{w.shard}.safetensors",
        "clips": f"<results>/frames/{dataset}/{w.shard}.clips.parquet",
        "prompt": condition.system.prompts.classify,
        "classes": CONFIG.tables.classes,
    }
    if CONFIG.tables.lexicon:  # else the package's own
        files["lexicon"] = CONFIG.tables.lexicon
    if condition.dataset.rendered:
        files["truth"] = f"<results>/raw/{dataset}/truth/clips.parquet"
    if hears(system):
        files["sounds"] = f"<results>/frames/{dataset}/{w.shard}.audio.safetensors"
    if condition.decision == "logit-adjusted":
        files["labels"] = [f"{model_folder(system, w.replicate, k)}/labels.csv" for k in condition.system.folds]
    if kind == "truth":
        files["texts"] = f"<results>/texts/truth/{dataset}.parquet"
    elif kind:
        files["texts"] = f"<results>/texts/{kind}/{system}/{w.replicate}/{dataset}.parquet"
    return files


def corpus_files(source):
    """The files of a source of word counts: the one that is fetched, or those of the user, which are listed now."""
    if source.package:
        return [f"{RESULTS}/corpora/{source.source}/{source.language}.jsonl"]
    try:
        return (files_of_indices if source.kind == "infini_gram" else files_of_corpus)(source.files)
    except StudyError as error:
        raise WorkflowError(f"{source.cell('files')}: {error}") from None
