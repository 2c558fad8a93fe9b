"""Frames: the manifest of a dataset, and its clips decoded once into a packed store.

in:  a dataset's folder
out: manifests/<dataset>.parquet, frames/<dataset>/<shard>.{safetensors,clips.parquet,frames.parquet}
"""


rule make_manifest:
    """Read a dataset's folder and annotations into the study's own table of clips."""
    input:
        lambda w: annotations(w.dataset),
    output:
        "<results>/manifests/{dataset}.parquet",
    log:
        "<logs>/make_manifest/{dataset}.log",
    benchmark:
        "<benchmarks>/make_manifest/{dataset}.tsv"
    conda:
        "../../envs/frames.yaml"
    params:
        code=code("make_manifest"),
        slice=lambda w: as_json(
            dataset=w.dataset,
            kind=STUDY.datasets[w.dataset]["kind"],
            classes=STUDY.classes,
            permuted_labels=config["permuted_labels"],
            seed=config["seed"] if config["permuted_labels"] else None,
        ),
        folder=lambda w: folder(w.dataset),
    shell:
        recorded(
            "python workflow/scripts/make_manifest.py --params {params.slice:q} --folder {params.folder}"
            " --out {output}"
        )


rule decode_frames:
    """Decode one shard's clips; a clip that does not decode becomes a counted failure."""
    input:
        "<results>/manifests/{dataset}.parquet",
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
        code=code("decode_frames"),
        slice=lambda w: as_json(**{**config["frames"], "size": frame_size(w.dataset)}),
        folder=lambda w: folder(w.dataset),
        n_shards=lambda w: n_shards(w.dataset),
    shell:
        recorded(
            "python workflow/scripts/decode_frames.py --params {params.slice:q} --manifest {input} --folder {params.folder}"
            " --shard {wildcards.shard} --n-shards {params.n_shards}"
            " --store {output.store} --clips {output.clips} --frames {output.frames}"
        )
