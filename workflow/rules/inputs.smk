"""Inputs and parameters that depend on a row of a table."""


def annotations(dataset):
    """The files whose change means that a dataset has changed."""
    if dataset in RENDERED:
        return [f"{folder(dataset)}/annotations/identities.csv"]
    place = Path(folder(dataset), ANNOTATIONS[STUDY.datasets[dataset]["kind"]])
    if not place.is_dir():
        where = f"{config['tables']['datasets']}, row {dataset}, column folder"
        raise WorkflowError(f"{where}: no such folder: {place}")
    return sorted(str(p) for p in place.rglob("*") if p.suffix in (".txt", ".csv"))


def stores(dataset):
    """The frame store of a dataset, all shards."""
    return shards("<results>/frames/{dataset}/{shard}.safetensors", dataset)


def frame_indices(dataset):
    """Which frames of a dataset were decoded, all shards."""
    return shards("<results>/frames/{dataset}/{shard}.frames.parquet", dataset)


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
        n_draws=config[w.training]["draws"],
    )


def tuning_inputs(training):
    """Input function of fine-tuning, with schedule, frames and labels of the system's own dataset."""

    def inputs(w):
        row = STUDY.systems[w.system]
        dataset = next(c["dataset"] for c in STUDY.conditions.values() if c["system"] == w.system)
        return {
            "base": model_files(row["base"], w.replicate),
            "schedule": f"<results>/schedules/{dataset}/{training}/{row['sampler']}.parquet",
            "sample": f"<results>/samples/{dataset}/{config[training]['sampler']}.parquet",
            "manifest": f"<results>/manifests/{dataset}.parquet",
            "stores": stores(dataset),
        }

    return inputs


def model_folder(system, replicate, results="<results>"):
    """Where one training run of a system lies."""
    return f"{results}/models/{system}/{min(int(replicate), len(replicates(system)))}"


def model_arguments(system, replicate):
    """Where a system and its base are, on the command line of a script."""
    row = STUDY.systems[system]
    base = f" --base {model_folder(row['base'], replicate, RESULTS)}" if "base" in row else ""
    return f"--model {model_folder(system, replicate, RESULTS)}{base}"


def model_files(system, replicate):
    """The files that hold a system's weights, its own or its adapter's, and its base's."""
    row = STUDY.systems[system]
    files = ["model.safetensors", *(SAVED_VLM if row["kind"] == "vlm" else SAVED)]
    if row["training"] == "none":
        files = ["fetched.json"]
    elif row["training"] == "lora":
        files = ["adapter_model.safetensors", "adapter_config.json"]
    own = [f"{model_folder(system, replicate)}/{file}" for file in files]
    return own + (model_files(row["base"], replicate) if "base" in row else [])


def system_slice(system):
    """What loading a system needs to know of its row."""
    row = STUDY.systems[system]
    return {k: row[k] for k in ("system", "kind", "training") if k in row}


def condition_inputs(w):
    """What answering the clips of one shard in one condition reads."""
    row = STUDY.conditions[w.condition]
    files = {
        "model": model_files(row["system"], w.replicate),
        "sample": f"<results>/samples/{row['dataset']}/{row['frames']}.parquet",
        "manifest": f"<results>/manifests/{row['dataset']}.parquet",
        "store": f"<results>/frames/{row['dataset']}/{w.shard}.safetensors",
        "clips": f"<results>/frames/{row['dataset']}/{w.shard}.clips.parquet",
        "prompt": PROMPTS["classify"],
    }
    if row["decision"] == "logit-adjusted":
        files["labels"] = f"{model_folder(row['system'], w.replicate)}/labels.csv"
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
