"""Inputs and parameters that depend on a row of a table."""


def annotations(dataset):
    """The files whose change means that a dataset has changed."""
    if dataset in RENDERED:
        return [f"{folder(dataset)}/annotations/identities.csv"]
    place = Path(folder(dataset), ANNOTATIONS[STUDY.datasets[dataset]["kind"]])
    if place.is_file():
        return [str(place)]
    if not place.is_dir():
        where = f"{config['tables']['datasets']}, row {dataset}, column folder"
        raise WorkflowError(f"{where}: no such {'file' if place.suffix else 'folder'}: {place}")
    return sorted(str(p) for p in place.rglob("*") if p.suffix in (".txt", ".csv"))


def stores(dataset):
    """The frame store of a dataset, all shards."""
    return shards("<results>/frames/{dataset}/{shard}.safetensors", dataset)


def frame_indices(dataset):
    """Which frames of a dataset were decoded, all shards."""
    return shards("<results>/frames/{dataset}/{shard}.frames.parquet", dataset)


def frame_size(dataset):
    """Side of a dataset's stored frames in px."""
    return STUDY.datasets[dataset].get("size", config["frames"]["size"])


def sampler_slice(w):
    """A frame sampler's row, with its base's."""
    row = STUDY.frame_samplers[w.sampler]
    base = STUDY.frame_samplers.get(row.get("base"))
    return as_json(
        sampler=bare(row),
        base=base and bare(base),
        seed=config["seed"],
    )


def schedule_slice(w):
    """A training sampler's row, and how many clips it draws."""
    row = STUDY.training_samplers[w.training_sampler]
    return as_json(
        sampler=bare(row),
        seed=config["seed"],
        n_draws=STUDY.settings_of(w.recipe)["draws"],
        fold=fold_number(w.fold),
    )


def tuning_inputs(w):
    """What fine-tuning reads: its base, and schedule, frames and labels of its dataset."""
    row, recipe = STUDY.systems[w.system], STUDY.recipe_of(w.system)
    dataset = row["dataset"]
    return {
        "base": model_files(row["base"], w.replicate),
        "schedule": f"<results>/schedules/{dataset}{w.fold}/{recipe}/{row['sampler']}.parquet",
        "sample": f"<results>/samples/{dataset}/{STUDY.settings_of(recipe)['sampler']}.parquet",
        "manifest": f"<results>/manifests/{dataset}.parquet",
        "stores": stores(dataset),
    }


def tuning_slice(w):
    """What fine-tuning reads of the study."""
    recipe = STUDY.settings_of(STUDY.recipe_of(w.system))
    return as_json(seed=run_seed(w.replicate), classes=STUDY.classes_of(STUDY.systems[w.system]["dataset"]), **recipe)


def fold_number(fold):
    """The number in the wildcard `fold`, 0 where it is empty."""
    return int(fold.removeprefix("/fold") or 0)


def model_folder(system, replicate, fold=0, results="<results>"):
    """Where one training run of a system lies, or its model of one fold."""
    run = f"{results}/models/{system}/{min(int(replicate), len(replicates(system)))}"
    return f"{run}/fold{fold}" if fold else run


def model_arguments(system, replicate):
    """Where a system is, by fold, and its base, on the command line of a script."""
    row = STUDY.systems[system]
    models = [f"{k}={model_folder(system, replicate, k, RESULTS)}" for k in STUDY.folds_of(system)]
    base = f" --base {model_folder(row['base'], replicate, results=RESULTS)}" if "base" in row else ""
    return f"--models {' '.join(models)}{base}"


def system_files(system, replicate):
    """The files that hold a system's weights, of all its folds, and its base's."""
    files = [file for fold in STUDY.folds_of(system) for file in model_files(system, replicate, fold)]
    return list(dict.fromkeys(files))


def model_files(system, replicate, fold=0):
    """The files that hold the weights of one model, its own or its adapter's, and its base's."""
    row = STUDY.systems[system]
    files = ["model.safetensors", *(SAVED_VLM if row["kind"] == "vlm" else SAVED)]
    if row["training"] == "none":
        files = ["fetched.json"]
    elif row["training"] == "lora":
        files = ["adapter_model.safetensors", "adapter_config.json"]
    own = [f"{model_folder(system, replicate, fold)}/{file}" for file in files]
    return own + (model_files(row["base"], replicate) if "base" in row else [])


def system_slice(system):
    """What loading a system needs to know of its row."""
    row = STUDY.systems[system]
    return {k: row[k] for k in ("system", "kind", "training") if k in row}


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
    if row["decision"] == "logit-adjusted":
        folders = [model_folder(row["system"], w.replicate, fold) for fold in STUDY.folds_of(row["system"])]
        files["labels"] = [f"{place}/labels.csv" for place in folders]
    kind = CONTEXTS[row["context"]]
    if kind == "truth":
        files["texts"] = f"<results>/texts/truth/{row['dataset']}.parquet"
    elif kind:
        files["texts"] = f"<results>/texts/{kind}/{row['system']}/{w.replicate}/{row['dataset']}.parquet"
    return files


def lexical_kinds():
    """Kind of the system of each condition that the lexical claim is about."""
    rows = {c: row for c, row in STUDY.conditions.items() if "L1" in row.get("claims", "").split()}
    return {c: STUDY.systems[row["system"]]["kind"] for c, row in rows.items()}
