"""Enrichment: texts about what happens between keyframes (MSCE, stage 1), and their controls.

in:  a system, the frames between keyframes, or the truth
out: texts/<kind>/<system>/<replicate>/<dataset>.parquet, texts/truth/<dataset>.parquet
"""

GAPS = config["enrichment"]["sampler"]
# kind of text -> (frames that it is about, prompt)
TEXTS = {
    "motion": (GAPS, "motion"),
    "static": (config["enrichment"]["keyframes"], "describe"),
}


rule describe_gaps:
    """Write the texts of one shard in the words of the system under test."""
    input:
        model=lambda w: system_files(w.system, w.replicate),
        sample=lambda w: f"<results>/samples/{w.dataset}/{TEXTS[w.texts][0]}.parquet",
        gaps=f"<results>/samples/{{dataset}}/{GAPS}.parquet",
        store="<results>/frames/{dataset}/{shard}.safetensors",
        manifest="<results>/manifests/{dataset}.parquet",
        prompt=lambda w: STUDY.prompts_of(w.system)[TEXTS[w.texts][1]],
    output:
        "<results>/texts/{texts}/{system}/{replicate}/{dataset}/{shard}.parquet",
    log:
        "<logs>/describe_gaps/{texts}/{system}/{replicate}/{dataset}/{shard}.log",
    benchmark:
        "<benchmarks>/describe_gaps/{texts}/{system}/{replicate}/{dataset}/{shard}.tsv"
    wildcard_constraints:
        texts=one_of(TEXTS),
    conda:
        "../../envs/evaluation.yaml"
    params:
        code=code("describe_gaps"),
        slice=lambda w: as_json(
            system=system_slice(w.system),
            classes=STUDY.classes_of(w.dataset),
            max_new_tokens=config["enrichment"]["max_new_tokens"],
        ),
        model=lambda w: model_arguments(w.system, w.replicate),
        # Outside the outputs on purpose: Snakemake deletes those of a failed job.
        kept=lambda w: f"{RESULTS}/texts/store/{w.texts}.{w.system}.{w.replicate}.{w.dataset}.{w.shard}.jsonl",
    shell:
        recorded(
            "python workflow/scripts/describe_gaps.py --params {params.slice:q} --code {params.code} {params.model}"
            " --sample {input.sample} --kept {params.kept}"
            " --gaps {input.gaps} --store {input.store} --manifest {input.manifest} --prompt {input.prompt}"
            " --out {output}"
        )


rule gather_texts:
    """Join the shards of a system's texts."""
    input:
        lambda w: shards(
            "<results>/texts/{texts}/{system}/{replicate}/{dataset}/{shard}.parquet",
            w.dataset,
        ),
    output:
        "<results>/texts/{texts}/{system}/{replicate}/{dataset}.parquet",
    log:
        "<logs>/gather_texts/{texts}/{system}/{replicate}/{dataset}.log",
    benchmark:
        "<benchmarks>/gather_texts/{texts}/{system}/{replicate}/{dataset}.tsv"
    wildcard_constraints:
        texts=one_of(TEXTS),
    conda:
        "../../envs/evaluation.yaml"
    params:
        code=code("gather_shards"),
    shell:
        recorded("python workflow/scripts/gather_shards.py --table texts --shards {input} --out {output}")


rule write_true_texts:
    """Put the true motion between keyframes into words: the upper bound."""
    input:
        between=f"<results>/samples/{{dataset}}/{GAPS}.parquet",
        keyframes=f"<results>/samples/{{dataset}}/{config['enrichment']['keyframes']}.parquet",
        truth="<results>/raw/{dataset}/truth/frames.parquet",
    output:
        "<results>/texts/truth/{dataset}.parquet",
    log:
        "<logs>/write_true_texts/{dataset}.log",
    benchmark:
        "<benchmarks>/write_true_texts/{dataset}.tsv"
    wildcard_constraints:
        dataset=one_of(RENDERED),
    conda:
        "../../envs/evaluation.yaml"
    params:
        code=code("write_true_texts"),
        slice=as_json(seed=config["seed"]),
    shell:
        recorded(
            "python workflow/scripts/write_true_texts.py --params {params.slice:q} --between {input.between}"
            " --keyframes {input.keyframes} --truth {input.truth} --out {output}"
        )
