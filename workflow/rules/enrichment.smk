"""Enrichment: the model under test tells what happens between keyframes (MSCE, stage 1).

in:  a system, the frames between keyframes
out: texts/<system>/<dataset>.parquet
"""


def model_files(system):
    """The files that hold a system's weights, its own or its adapter's, and its base's."""
    row = STUDY.systems[system]
    if row["training"] == "lora":
        files = ["adapter_model.safetensors", "adapter_config.json"]
        return expand("<results>/models/{s}/{f}", s=system, f=files) + model_files(row["base"])
    files = ["model.safetensors", *(SAVED_VLM if row["kind"] == "vlm" else SAVED)]
    return expand("<results>/models/{s}/{f}", s=system, f=files)


def system_slice(system):
    row = STUDY.systems[system]
    return {k: row[k] for k in ("system", "kind", "family", "training", "base") if k in row}


rule describe_gaps:
    """Write the texts of the in-between frames of one shard."""
    input:
        model=lambda w: model_files(w.system),
        sample=f"<results>/samples/{{dataset}}/{config['enrichment']['sampler']}.parquet",
        store="<results>/frames/{dataset}/{shard}.safetensors",
        manifest="<results>/manifests/{dataset}.parquet",
        prompt=PROMPTS["motion"],
    output:
        "<results>/texts/{system}/{dataset}/{shard}.parquet",
    params:
        code=code("describe_gaps"),
        slice=lambda w: as_json(system=system_slice(w.system), **config["enrichment"]),
        models=f"{RESULTS}/models",
    log:
        "<logs>/describe_gaps/{system}/{dataset}/{shard}.log",
    benchmark:
        "<benchmarks>/describe_gaps/{system}/{dataset}/{shard}.tsv"
    conda:
        "../../envs/enrichment.yaml"
    shell:
        "python workflow/scripts/describe_gaps.py --params {params.slice:q} --models {params.models}"
        " --sample {input.sample} --store {input.store} --manifest {input.manifest} --prompt {input.prompt}"
        " --out {output} 2>&1 | tee {log}"


rule gather_texts:
    """Join the shards of a system's texts."""
    input:
        lambda w: shards("<results>/texts/{system}/{dataset}/{shard}.parquet", w.dataset),
    output:
        "<results>/texts/{system}/{dataset}.parquet",
    params:
        code=code("gather_shards"),
    log:
        "<logs>/gather_texts/{system}/{dataset}.log",
    benchmark:
        "<benchmarks>/gather_texts/{system}/{dataset}.tsv"
    conda:
        "../../envs/enrichment.yaml"
    shell:
        "python workflow/scripts/gather_shards.py --table TEXTS --shards {input} --out {output} 2>&1 | tee {log}"
