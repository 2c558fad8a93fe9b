"""Evaluation: every condition of the conditions table, clip by clip.

in:  a system, a frame sampler's table, enrichment texts where the context needs them
out: answers/<condition>.parquet
"""


rule answer_clips:
    """Ask one system about the clips of one shard; answers already computed are taken from the store."""
    input:
        unpack(condition_inputs),
    output:
        "<results>/answers/{condition}/{replicate}/{shard}.parquet",
    log:
        "<logs>/answer_clips/{condition}/{replicate}/{shard}.log",
    benchmark:
        "<benchmarks>/answer_clips/{condition}/{replicate}/{shard}.tsv"
    conda:
        "../../envs/evaluation.yaml"
    params:
        code=code("answer_clips"),
        slice=lambda w: as_json(
            system=system_slice(STUDY.conditions[w.condition]["system"]),
            replicate=int(w.replicate),
            **{k: STUDY.conditions[w.condition][k] for k in ("context", "decision")},
            classes=STUDY.classes_of(STUDY.conditions[w.condition]["dataset"]),
            **config["evaluation"],
        ),
        texts=lambda w, input: (f"--texts {input.texts}" if "texts" in input.keys() else ""),
        truth=lambda w, input: (f"--truth {input.truth}" if "truth" in input.keys() else ""),
        sounds=lambda w, input: (f"--sounds {input.sounds}" if "sounds" in input.keys() else ""),
        model=lambda w: model_arguments(STUDY.conditions[w.condition]["system"], w.replicate),
        # Outside the outputs on purpose: Snakemake deletes those of a failed job.
        kept=lambda w: f"{RESULTS}/answers/store/{w.condition}.{w.replicate}.{w.shard}.jsonl",
    shell:
        recorded(
            "python workflow/scripts/answer_clips.py --params {params.slice:q} --code {params.code}"
            " {params.model} {params.texts} {params.truth} {params.sounds} --sample {input.sample} --manifest {input.manifest}"
            " --store {input.store} --clips {input.clips} --prompt {input.prompt} --kept {params.kept}"
            " --out {output}"
        )


rule gather_answers:
    """Join the shards and training runs of a condition."""
    input:
        lambda w: expand(
            shards(
                "<results>/answers/{condition}/{replicate}/{shard}.parquet",
                STUDY.conditions[w.condition]["dataset"],
            ),
            replicate=replicates(STUDY.conditions[w.condition]["system"]),
            allow_missing=True,
        ),
    output:
        "<results>/answers/{condition}.parquet",
    log:
        "<logs>/gather_answers/{condition}.log",
    benchmark:
        "<benchmarks>/gather_answers/{condition}.tsv"
    wildcard_constraints:
        condition=one_of(STUDY.conditions),
    conda:
        "../../envs/evaluation.yaml"
    params:
        code=code("gather_shards"),
    shell:
        recorded("python workflow/scripts/gather_shards.py --table answers --shards {input} --out {output}")
