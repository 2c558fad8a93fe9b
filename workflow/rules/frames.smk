"""Frames: the manifest of a dataset, and its clips decoded once into a packed store.

in:  a dataset's folder
out: manifests/<dataset>.{parquet,counts.csv}, frames/<dataset>/<shard>.{safetensors,clips.parquet,frames.parquet};
     frames/<dataset>/<shard>.audio.safetensors where a system hears
"""


rule make_manifest:
    """Read a dataset's folder and annotations into the study's own table of clips; count them by class."""
    input:
        lists=lambda w: annotations(w.dataset),
        subset=lambda w: STUDY.datasets[w.dataset].subset or [],
        published=lambda w: DATASET_KINDS[STUDY.datasets[w.dataset].kind].published_counts or [],
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
                memory_gb=CONFIG.frames.memory_gb,
            ),
        ),
    shell:
        RUN
