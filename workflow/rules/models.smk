"""Where the models of systems lie, and what making them reads. A fold is a wildcard that may be empty."""

# Columns of the systems table that loading a system depends on, and of an API's row besides.
LOADED = ["system", "kind", "training", *SETTINGS]
SERVED = ["weights", "thinking_budget"]


def family(system):
    """What kind of model a system or its base is, where its row says."""
    row = STUDY.systems[system]
    return STUDY.systems[row.get("base", system)].get("family")


def hears(system):
    """Does it take the clips' sound?"""
    return family(system) == "hicmae"


def checkpoint_of(w):
    """The file of a system whose weights are fetched by hand, if it is one."""
    file = STUDY.systems[w.system].get("file")
    return [file.format(fold=fold_number(w.fold))] if file else []


def weights_params(w):
    """Where a system's weights come from; of a network that was fine-tuned elsewhere, what its outputs are called."""
    row = STUDY.systems[w.system]
    pinned = {k: row[k] for k in ("weights", "revision", "sha256") if k in row}
    network = {}
    if "dataset" in row:
        kind = STUDY.datasets[row["dataset"]]["kind"]
        network = {"network": row["family"], "kind": kind, "dimensions": dimensions(row["family"])}
    return dict(**pinned, **{"file": file for file in checkpoint_of(w)}, **network)


def dimensions(network):
    """The dimensions of a network that are not the official ones."""
    return config.get("recipes", {}).get(network, {}).get("dimensions", {})


def fold_number(fold):
    """The number in the wildcard `fold`, 0 where it is empty."""
    return int(fold.rpartition("fold")[2] or 0)


def model_folder(system, replicate, fold=0, results="<results>"):
    """Where one training run of a system lies, or its model of one fold."""
    run = f"{results}/models/{system}/{min(int(replicate), len(replicates(system)))}"
    return f"{run}/fold{fold}" if fold else run


def model_folders(system, replicate):
    """Where the models of one training run of a system lie, by fold."""
    return {k: model_folder(system, replicate, k, RESULTS) for k in STUDY.folds_of(system)}


def base_folder(system, replicate):
    """Where the base of a system lies, if it has one."""
    row = STUDY.systems[system]
    return model_folder(row["base"], replicate, results=RESULTS) if "base" in row else None


def system_files(system, replicate):
    """The files that hold a system's weights, of all its folds, and its base's."""
    files = [file for fold in STUDY.folds_of(system) for file in model_files(system, replicate, fold)]
    return list(dict.fromkeys(files))


def model_files(system, replicate, fold=0):
    """The files that hold the weights of one model, its own or its adapter's, and its base's."""
    row = STUDY.systems[system]
    files = ["model.safetensors", *(SAVED_VLM if row["kind"] == "vlm" else SAVED)]
    if row["kind"] == "api":
        return []
    if row["training"] == "none":
        files = ["fetched.json"]
    elif row["training"] == "dfer":
        files = ["model.safetensors", "config.json"]
    elif row["training"] == "lora":
        files = ["adapter_model.safetensors", "adapter_config.json"]
    own = [f"{model_folder(system, replicate, fold)}/{file}" for file in files]
    return own + (model_files(row["base"], replicate) if "base" in row else [])


def system_params(system):
    """What loading a system needs to know of its row, or of its base's."""
    row = STUDY.systems[system]
    row = {**STUDY.systems[row.get("base", system)], **row}
    row |= label_settings(row, STUDY.lexicon)
    if system in config.get("allow_remote_code", {}):
        row["allow_remote_code"] = config["allow_remote_code"][system]
    return {k: row[k] for k in [*LOADED, *(SERVED if row["kind"] == "api" else [])] if k in row}


def training_inputs(w):
    """What fine-tuning reads: its base, and schedule, frames and labels of its dataset."""
    row, recipe = STUDY.systems[w.system], STUDY.recipe_of(w.system)
    dataset = row["dataset"]
    return {
        "base": model_files(row["base"], w.replicate),
        "schedule": f"<results>/schedules/{dataset}{w.fold}/{recipe}/{row['sampler']}.parquet",
        "sample": f"<results>/samples/{dataset}/{STUDY.settings_of(recipe)['sampler']}.parquet",
        "manifest": f"<results>/manifests/{dataset}.parquet",
        "stores": stores(dataset),
        "sounds": sound_stores(dataset) if hears(w.system) else [],
    }


def training_params(w):
    """What fine-tuning reads of the study."""
    recipe = STUDY.settings_of(STUDY.recipe_of(w.system))
    row, model = STUDY.systems[w.system], {}
    if row["training"] == "dfer":
        model = {"network": family(w.system)}
    elif row["training"] == "lora" and family(w.system):
        model = {"system": system_params(w.system)}
    return dict(seed=run_seed(w.replicate), classes=STUDY.classes_of(row["dataset"]), **model, **recipe)
