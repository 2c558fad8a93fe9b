"""Inputs and params of jobs that depend on a row of a table."""


def annotations(dataset):
    """The files whose change means that a dataset has changed."""
    if dataset in RENDERED:
        return [f"{folder(dataset)}/annotations/identities.csv"]
    place = Path(folder(dataset), ANNOTATIONS[STUDY.datasets[dataset]["kind"]])
    if place.is_file():
        return [str(place)]
    if not place.is_dir() and not workflow.dryrun:  # what would be done can be listed without the data
        where = f"{STUDY.places['datasets'][dataset]}, row {dataset}, column folder"
        raise WorkflowError(f"{where}: no such {'file' if place.suffix else 'folder'}: {place}")
    return sorted(str(p) for p in place.rglob("*") if p.suffix in (".txt", ".csv"))


def stores(dataset):
    """The frame store of a dataset, all shards."""
    return shards("<results>/frames/{dataset}/{shard}.safetensors", dataset)


def clip_indices(dataset):
    """Which clips of a dataset were decoded, all shards."""
    return shards("<results>/frames/{dataset}/{shard}.clips.parquet", dataset)


def frame_indices(dataset):
    """Which frames of a dataset were decoded, all shards."""
    return shards("<results>/frames/{dataset}/{shard}.frames.parquet", dataset)


def frame_size(dataset):
    """Side of a dataset's stored frames in px."""
    return STUDY.datasets[dataset].get("size", config["frames"]["size"])


def sound_stores(dataset):
    """The sound of a dataset's clips, all shards."""
    return shards("<results>/frames/{dataset}/{shard}.audio.safetensors", dataset)


def resampling_params():
    """How often statistics resample, and the confidence of their intervals."""
    return {k: config["statistics"][k] for k in ("resamples", "confidence")}


def rendering_params():
    """What rendering reads of the study."""
    return {"seed": config["seed"], **{k: config["synface"][k] for k in ("image_size", "supersampling", "crf")}}


def manifest_params(w):
    """A dataset's row as far as its manifest depends on it, its label words, and the seed where one is used."""
    row = STUDY.datasets[w.dataset]
    drawn = config["permuted_labels"] or "per_class" in row and "subset" not in row
    return dict(
        **{k: row[k] for k in ("dataset", "kind", "form", "folds", "per_class") if k in row},
        folder=folder(w.dataset),
        words=STUDY.words_of(w.dataset),
        permuted_labels=config["permuted_labels"],
        seed=config["seed"] if drawn else None,
    )


def decoding_params(w):
    """What decoding reads of the study, with the dataset's own size and rate where its row has them."""
    row = STUDY.datasets[w.dataset]
    return dict(
        folder=folder(w.dataset),
        n_shards=n_shards(w.dataset),
        size=frame_size(w.dataset),
        timeout_s=config["frames"]["timeout_s"],
        **{k: row[k] for k in ["fps"] if k in row},
    )


def sampler_params(w):
    """A frame sampler's row, with its base's."""
    row = STUDY.frame_samplers[w.sampler]
    base = STUDY.frame_samplers.get(row.get("base"))
    return dict(sampler=bare(row), base=base and bare(base), seed=config["seed"])


def schedule_params(w):
    """A training sampler's row, and how many clips it draws."""
    row = STUDY.training_samplers[w.training_sampler]
    return dict(
        sampler=bare(row),
        seed=config["seed"],
        n_draws=STUDY.settings_of(w.recipe)["draws"],
        fold=fold_number(w.fold),
    )


def condition_inputs(w):
    """What answering the clips of one shard in one condition reads."""
    row = STUDY.conditions[w.condition]
    files = {
        "model": system_files(row["system"], w.replicate),
        "sample": f"<results>/samples/{row['dataset']}/{row['frames']}.parquet",
        "manifest": f"<results>/manifests/{row['dataset']}.parquet",
        "store": f"<results>/frames/{row['dataset']}/{w.shard}.safetensors",
        "clips": f"<results>/frames/{row['dataset']}/{w.shard}.clips.parquet",
        "prompt": STUDY.prompts_of(row["system"])["classify"],
    }
    if hears(row["system"]):
        files["sounds"] = f"<results>/frames/{row['dataset']}/{w.shard}.audio.safetensors"
    if row["decision"] == "logit-adjusted":
        folders = [model_folder(row["system"], w.replicate, fold) for fold in STUDY.folds_of(row["system"])]
        files["labels"] = [f"{place}/labels.csv" for place in folders]
    kind = CONTEXTS[row["context"]]
    if kind == "truth":
        files["texts"] = f"<results>/texts/truth/{row['dataset']}.parquet"
    elif kind:
        files["texts"] = f"<results>/texts/{kind}/{row['system']}/{w.replicate}/{row['dataset']}.parquet"
    return files


def answering_params(w):
    """What answering the clips of one shard in one condition reads of the study."""
    row = STUDY.conditions[w.condition]
    return dict(
        system=system_params(row["system"]),
        models=model_folders(row["system"], w.replicate),
        base=base_folder(row["system"], w.replicate),
        # Outside the outputs on purpose: Snakemake deletes those of a failed job.
        answer_store=f"{RESULTS}/answers/store/{w.condition}.{w.replicate}.{w.shard}.jsonl",
        replicate=int(w.replicate),
        **{k: row[k] for k in ("context", "decision")},
        classes=STUDY.classes_of(row["dataset"]),
        **config["evaluation"],
    )


def lexical_kinds():
    """Kind of the system of each condition that the lexical claim is about; an API model is a VLM too."""
    rows = {c: row for c, row in STUDY.conditions.items() if "L1" in row.get("claims", "").split()}
    return {c: STUDY.systems[row["system"]]["kind"].replace("api", "vlm") for c, row in rows.items()}


def published_conditions():
    """The conditions that published figures belong to, with the system's name in the publication."""
    rows = [(row, STUDY.systems[row["system"]]) for row in STUDY.conditions.values() if "published" in row]
    return [
        {**{k: row[k] for k in ("condition", "dataset", "published")}, "system": system["published"]}
        for row, system in rows
    ]


def embedded_samplers():
    """The frame samplers of the embedded study: of the table's first file, for others add rows of their own to it."""
    first = next(iter(STUDY.places["frame_samplers"].values()))
    return {name: row for name, row in STUDY.frame_samplers.items() if STUDY.places["frame_samplers"][name] == first}


def shown_rows(table):
    """The rows of a table that figures show: of conditions those on the rendered dataset, the embedded study."""
    return [row for row in getattr(STUDY, table).values() if table != "conditions" or row["dataset"] == SHOWN]
