"""Inputs and params of jobs that depend on a row of a table."""


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


def lexical_kinds():
    """Kind of the system of each condition that the lexical claim is about; an API model is a VLM too."""
    rows = {c: row for c, row in STUDY.conditions.items() if "L1" in row.get("claims", "").split()}
    return {c: STUDY.systems[row["system"]]["kind"].replace("api", "vlm") for c, row in rows.items()}


def embedded_samplers():
    """The frame samplers of the embedded study: of the table's first file, for others add rows of their own to it."""
    first = next(iter(STUDY.places["frame_samplers"].values()))
    return {name: row for name, row in STUDY.frame_samplers.items() if STUDY.places["frame_samplers"][name] == first}


def shown_rows(table):
    """The rows of a table that figures show: of conditions those on the rendered dataset, the embedded study."""
    return [row for row in getattr(STUDY, table).values() if table != "conditions" or row["dataset"] == SHOWN]
