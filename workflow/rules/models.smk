"""Where the models of systems lie, and what making them reads. A fold is a wildcard that may be empty."""

# Columns of the systems table that loading a system depends on; of an API's row SERVED besides.
LOADED = ["system", "kind", "training", *SETTINGS]


def hears(system):
    """Does it take the clips' sound?"""
    return STUDY.systems[system].family == "hicmae"


def checkpoint_of(w):
    """The file of a system whose weights are fetched by hand, if it is one."""
    file = STUDY.systems[w.system].file
    return [file.format(fold=fold_number(w.fold))] if file else []


def checkpoint_files(w):
    """The files that such a system is taken from: of a model in a folder, all that it is loaded from."""
    folder = STUDY.systems[w.system].folder
    if folder is None or not folder.is_dir():
        return checkpoint_of(w)
    from emovlm.models.hub import files_of_folder  # takes long, and few studies have such a model

    return [f"{folder}/{name}" for name in files_of_folder(folder)]


def weights_params(w):
    """Where a system's weights come from; of a network that was fine-tuned elsewhere, what its outputs are called."""
    system = STUDY.systems[w.system]
    pinned = {k: v for k, v in system.told().items() if k in ("weights", "revision", "sha256")}
    network = {}
    if system.dataset:
        recipe = CONFIG.recipes.get(system.family)
        dimensions = recipe.dimensions or {} if recipe else {}  # those that are not the official ones
        network = {"network": system.family, "kind": system.dataset.kind, "dimensions": dimensions}
    return dict(**pinned, **{"file": file for file in checkpoint_of(w)}, **network)


def fold_number(fold):
    """The number in the wildcard `fold`, 0 where it is empty."""
    return int(fold.rpartition("fold")[2] or 0)


def run_of(system, replicate):
    """Which run of a system belongs to a run of the study: systems that are trained less often take turns."""
    return (int(replicate) - 1) % STUDY.systems[system].runs + 1


def model_folder(system, replicate, fold=0, results="<results>"):
    """Where one training run of a system lies, or its model of one fold."""
    run = f"{results}/models/{system}/{run_of(system, replicate)}"
    return f"{run}/fold{fold}" if fold else run


def model_folders(system, replicate):
    """Where the models of one training run of a system lie, by fold."""
    return {k: model_folder(system, replicate, k, RESULTS) for k in STUDY.systems[system].folds}


def base_folder(system, replicate):
    """Where the base of a system lies, if it has one."""
    base = STUDY.systems[system].base
    return base and model_folder(base.name, replicate, results=RESULTS)


@cache
def system_files(system, replicate):
    """The files that hold a system's weights, of all its folds, and its base's."""
    files = [file for fold in STUDY.systems[system].folds for file in model_files(system, replicate, fold)]
    return list(dict.fromkeys(files))


@cache
def model_files(system, replicate, fold=0):
    """The files that hold the weights of one model, its own or its adapter's, and its base's."""
    row = STUDY.systems[system]
    files = ["model.safetensors", *(SAVED_VLM if row.kind == "vlm" else SAVED)]
    if row.served:
        return []
    if row.training == "none":
        files = ["fetched.json"]
    elif row.training == "dfer":
        files = ["model.safetensors", "config.json"]
    elif row.training == "lora":
        files = ["adapter_model.safetensors", "adapter_config.json"]
    own = [f"{model_folder(system, replicate, fold)}/{file}" for file in files]
    return own + (model_files(row.base.name, replicate) if row.base else [])


@cache
def system_params(system):
    """What loading a system needs to know of its row."""
    row = STUDY.systems[system]
    cells = row.told() | label_settings(row.told(), [each.told() for each in STUDY.class_rows], STUDY.terms)
    if system in CONFIG.allow_remote_code:
        cells["allow_remote_code"] = CONFIG.allow_remote_code[system]
    return {k: cells[k] for k in [*LOADED, *(SERVED if row.served else [])] if k in cells}


def training_inputs(w):
    """What fine-tuning reads: its base, and schedule, frames and labels of its dataset."""
    system = STUDY.systems[w.system]
    dataset = system.dataset.name
    return {
        "base": model_files(system.base.name, w.replicate),
        "schedule": f"<results>/schedules/{dataset}{w.fold}/{system.recipe.name}/{system.sampler.name}.parquet",
        "sample": f"<results>/samples/{dataset}/{system.recipe.sampler}.parquet",
        "manifest": f"<results>/manifests/{dataset}.parquet",
        "stores": stores(dataset),
        "sounds": sound_stores(dataset) if hears(w.system) else [],
        "clips": clip_indices(dataset) if hears(w.system) else [],
    }


def training_params(w):
    """What fine-tuning reads of the study."""
    system, model = STUDY.systems[w.system], {}
    if system.training == "dfer":
        model = {"network": system.family}
    elif system.training == "lora" and system.family:
        model = {"system": system_params(w.system)}
    return dict(seed=run_seed(w.replicate), classes=system.dataset.classes, **model, **system.recipe.told())
