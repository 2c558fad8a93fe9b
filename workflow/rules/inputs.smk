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


def sound_stores(dataset):
    """The sound of a dataset's clips, all shards."""
    return shards("<results>/frames/{dataset}/{shard}.audio.safetensors", dataset)


def resampling_params():
    """How often statistics resample, and the confidence of their intervals."""
    return {"resamples": CONFIG.statistics.resamples, "confidence": CONFIG.statistics.confidence}


def rendering_params():
    """What rendering reads of the study."""
    return {"seed": CONFIG.seed, **{k: v for k, v in CONFIG.synface.told().items() if k != "corpora"}}


def lexical_kinds():
    """Kind of the system of each condition that a lexical claim is about; an API model is a VLM too."""
    claims = set(STUDY.claims.of_kind("lexical"))
    return {c: row.system.kind.replace("api", "vlm") for c, row in STUDY.conditions.items() if claims & set(row.claims)}


def embedded_samplers():
    """The frame samplers of the embedded study: of the table's first file, for others add rows of their own to it."""
    first, *_ = CONFIG.tables.frame_samplers
    return {name: row for name, row in STUDY.frame_samplers.items() if row.table_file == first}


def shown_rows(table):
    """The rows of a table that figures show: of conditions those on the rendered dataset, the embedded study."""
    rows = getattr(STUDY, table).values()
    return [row.told() for row in rows if table != "conditions" or SHOWN in (None, row.dataset.name)]
