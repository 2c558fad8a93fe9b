"""Enrichment: the model under test tells what happens between keyframes (MSCE, stage 1).

in:  a system, the frames between keyframes
out: texts/<system>/<dataset>.parquet
"""


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
    log:
        "<logs>/describe_gaps/{system}/{dataset}/{shard}.log",
    benchmark:
        "<benchmarks>/describe_gaps/{system}/{dataset}/{shard}.tsv"
    conda:
        "../../envs/enrichment.yaml"
    params:
        code=code("describe_gaps"),
        slice=lambda w: as_json(system=system_slice(w.system), **config["enrichment"]),
        models=f"{RESULTS}/models",
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
    log:
        "<logs>/gather_texts/{system}/{dataset}.log",
    benchmark:
        "<benchmarks>/gather_texts/{system}/{dataset}.tsv"
    conda:
        "../../envs/enrichment.yaml"
    params:
        code=code("gather_shards"),
    shell:
        "python workflow/scripts/gather_shards.py --table texts --shards {input} --out {output} 2>&1 | tee {log}"
