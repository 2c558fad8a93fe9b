"""Evaluation: every condition of the conditions table, clip by clip.

in:  a system, a frame sampler's table, enrichment texts where the context needs them
out: answers/<condition>.parquet
"""


rule answer_clips:
    """Ask one system about the clips of one shard; answers already computed are taken from the store."""
    input:
        unpack(condition_inputs),
    output:
        "<results>/answers/{condition}/{shard}.parquet",
    log:
        "<logs>/answer_clips/{condition}/{shard}.log",
    benchmark:
        "<benchmarks>/answer_clips/{condition}/{shard}.tsv"
    conda:
        "../../envs/evaluation.yaml"
    params:
        code=code("answer_clips"),
        slice=lambda w: as_json(
            system=system_slice(STUDY.conditions[w.condition]["system"]),
            context=STUDY.conditions[w.condition]["context"],
            classes=STUDY.classes,
            **config["evaluation"],
        ),
        texts=lambda w, input: (f"--texts {input.texts}" if "texts" in input.keys() else ""),
        models=f"{RESULTS}/models",
        # Outside the outputs on purpose: Snakemake deletes those of a failed job.
        kept=lambda w: f"{RESULTS}/answers/store/{w.condition}.{w.shard}.jsonl",
    shell:
        "python workflow/scripts/answer_clips.py --params {params.slice:q} --code {params.code}"
        " --models {params.models} --sample {input.sample} --manifest {input.manifest} --store {input.store}"
        " --clips {input.clips} {params.texts} --prompt {input.prompt} --kept {params.kept}"
        " --out {output} 2>&1 | tee {log}"


rule gather_answers:
    """Join the shards of a condition."""
    input:
        lambda w: shards(
            "<results>/answers/{condition}/{shard}.parquet",
            STUDY.conditions[w.condition]["dataset"],
        ),
    output:
        "<results>/answers/{condition}.parquet",
    log:
        "<logs>/gather_answers/{condition}.log",
    benchmark:
        "<benchmarks>/gather_answers/{condition}.tsv"
    conda:
        "../../envs/evaluation.yaml"
    params:
        code=code("gather_shards"),
    shell:
        "python workflow/scripts/gather_shards.py --table answers --shards {input} --out {output} 2>&1 | tee {log}"
