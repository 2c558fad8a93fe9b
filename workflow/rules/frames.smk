"""Frames: the manifest of a dataset, and its clips decoded once into a packed store.

in:  a dataset's folder
out: manifests/<dataset>.{parquet,counts.csv}, frames/<dataset>/<shard>.{safetensors,clips.parquet,frames.parquet};
     frames/<dataset>/<shard>.audio.safetensors where a system hears
"""


rule make_manifest:
    """Read a dataset's folder and annotations into the study's own table of clips; count them by class."""
    input:
        lists=lambda w: annotations(w.dataset),
        subset=lambda w: STUDY.datasets[w.dataset].get("subset", []),
        published=lambda w: PUBLISHED_COUNTS.get(STUDY.datasets[w.dataset]["kind"], []),
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
        code=code("make_manifest"),
        slice=manifest_slice,
        folder=lambda w: folder(w.dataset),
        lists=lambda w, input: " ".join(f"--{k} {shlex.quote(v)}" for k, v in input.items() if k != "lists" and v),
    shell:
        recorded(
            "python workflow/scripts/make_manifest.py --params {params.slice:q} --folder {params.folder:q} {params.lists}"
            " --out {output.manifest} --counts {output.counts}"
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
        slice=decoding_slice,
        folder=lambda w: folder(w.dataset),
        n_shards=lambda w: n_shards(w.dataset),
    shell:
        recorded(
            "python workflow/scripts/decode_frames.py --params {params.slice:q} --manifest {input} --folder {params.folder:q}"
            " --shard {wildcards.shard} --n-shards {params.n_shards}"
            " --store {output.store} --clips {output.clips} --frames {output.frames}"
        )


rule decode_audio:
    """Decode the sound of one shard's clips; a clip may have none."""
    input:
        "<results>/manifests/{dataset}.parquet",
    output:
        "<results>/frames/{dataset}/{shard}.audio.safetensors",
    log:
        "<logs>/decode_audio/{dataset}/{shard}.log",
    benchmark:
        "<benchmarks>/decode_audio/{dataset}/{shard}.tsv"
    conda:
        "../../envs/frames.yaml"
    params:
        code=code("decode_audio"),
        slice=lambda w: as_json(kind=STUDY.datasets[w.dataset]["kind"], timeout_s=config["frames"]["timeout_s"]),
        folder=lambda w: folder(w.dataset),
        n_shards=lambda w: n_shards(w.dataset),
    shell:
        recorded(
            "python workflow/scripts/decode_audio.py --params {params.slice:q} --manifest {input} --folder {params.folder:q}"
            " --shard {wildcards.shard} --n-shards {params.n_shards} --store {output}"
        )
