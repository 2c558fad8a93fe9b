"""Frames: the manifest of a dataset, and its clips decoded once into a packed store.

in:  a dataset's folder
out: manifests/<dataset>.{parquet,counts.csv}, frames/<dataset>/<shard>.{safetensors,clips.parquet,frames.parquet};
     frames/<dataset>/<shard>.audio.safetensors where a system hears
"""


def annotations(dataset):
    """The files whose change means that a dataset has changed."""
    if dataset in RENDERED:
        return [f"{folder(dataset)}/annotations/identities.csv"]
    place = Path(folder(dataset), ANNOTATIONS[STUDY.datasets[dataset].kind])
    if place.is_file():
        return [str(place)]
    if not place.is_dir() and not workflow.dryrun:  # what would be done can be listed without the data
        where = STUDY.datasets[dataset].cell("folder")
        raise WorkflowError(f"{where}: no such {'file' if place.suffix else 'folder'}: {place}")
    return sorted(str(p) for p in place.rglob("*") if p.suffix in (".txt", ".csv"))


def manifest_params(w):
    """A dataset's row as far as its manifest depends on it, its label words, and the seed where one is used."""
    dataset = STUDY.datasets[w.dataset]
    drawn = CONFIG.permuted_labels or dataset.per_class and not dataset.subset
    place = Path(folder(w.dataset))
    listed = {"listed": sha256_json(videos_by_label(place))} if dataset.kind == "classes" and place.is_dir() else {}
    return dict(
        **listed,  # of a folder a class, which has no lists to depend on
        **{k: v for k, v in dataset.told().items() if k in MANIFEST_COLUMNS},
        folder=folder(w.dataset),
        words=dataset.words,
        permuted_labels=CONFIG.permuted_labels,
        seed=CONFIG.seed if drawn else None,
    )


def decoding_params(w):
    """What decoding reads of the study, with the dataset's own size and rate where its row has them."""
    dataset = STUDY.datasets[w.dataset]
    return dict(
        folder=folder(w.dataset),
        n_shards=dataset.n_shards,
        size=dataset.size,
        timeout_s=CONFIG.frames.timeout_s,
        **({"fps": dataset.fps} if dataset.fps else {}),
    )


rule make_manifest:
    """Read a dataset's folder and annotations into the study's own table of clips; count them by class."""
    input:
        lists=lambda w: annotations(w.dataset),
        subset=lambda w: STUDY.datasets[w.dataset].subset or [],
        published=lambda w: PUBLISHED_COUNTS.get(STUDY.datasets[w.dataset].kind, []),
    output:
        manifest="<results>/manifests/{dataset}.parquet",
        counts="<results>/manifests/{dataset}.counts.csv",
    log:
        "<logs>/make_manifest/{dataset}.log",
    benchmark:
        "<benchmarks>/make_manifest/{dataset}.tsv"
    conda:
        "../../envs/frames.yaml"
    params:
        **job("make_manifest", params=manifest_params),
    shell:
        RUN


rule decode_frames:
    """Decode one shard's clips; a clip that does not decode becomes a counted failure."""
    input:
        manifest="<results>/manifests/{dataset}.parquet",
    output:
        store="<results>/frames/{dataset}/{shard}.safetensors",
        clips="<results>/frames/{dataset}/{shard}.clips.parquet",
        frames="<results>/frames/{dataset}/{shard}.frames.parquet",
    log:
        "<logs>/decode_frames/{dataset}/{shard}.log",
    benchmark:
        "<benchmarks>/decode_frames/{dataset}/{shard}.tsv"
    conda:
        "../../envs/frames.yaml"
    params:
        **job("decode_frames", params=decoding_params),
    shell:
        RUN


rule decode_audio:
    """Decode the sound of one shard's clips; a clip may have none."""
    input:
        manifest="<results>/manifests/{dataset}.parquet",
    output:
        store="<results>/frames/{dataset}/{shard}.audio.safetensors",
    log:
        "<logs>/decode_audio/{dataset}/{shard}.log",
    benchmark:
        "<benchmarks>/decode_audio/{dataset}/{shard}.tsv"
    conda:
        "../../envs/frames.yaml"
    params:
        **job(
            "decode_audio",
            params=lambda w: dict(
                folder=folder(w.dataset),
                n_shards=STUDY.datasets[w.dataset].n_shards,
                kind=STUDY.datasets[w.dataset].kind,
                timeout_s=CONFIG.frames.timeout_s,
            ),
        ),
    shell:
        RUN
