"""Evaluation: every condition of the conditions table, clip by clip.

in:  a system, a frame sampler's table, enrichment texts where the context needs them
out: answers/<condition>.parquet
"""


rule answer_clips:
    """Ask one system about the clips of one shard; answers already computed are taken from the store."""
    input:
        unpack(condition_inputs),
    output:
        answers="<results>/answers/{condition}/{replicate}/{shard}.parquet",
    log:
        "<logs>/answer_clips/{condition}/{replicate}/{shard}.log",
    benchmark:
        "<benchmarks>/answer_clips/{condition}/{replicate}/{shard}.tsv"
    conda:
        "../../envs/evaluation.yaml"
    params:
        **job("answer_clips", params=answering_params),
    shell:
        RUN


rule gather_answers:
    """Join the shards and training runs of a condition."""
    input:
        shards=lambda w: expand(
            shards(
                "<results>/answers/{condition}/{replicate}/{shard}.parquet",
                STUDY.conditions[w.condition].dataset.name,
            ),
            replicate=replicates(STUDY.conditions[w.condition].system.name),
            allow_missing=True,
        ),
    output:
        answers="<results>/answers/{condition}.parquet",
    log:
        "<logs>/gather_answers/{condition}.log",
    benchmark:
        "<benchmarks>/gather_answers/{condition}.tsv"
    wildcard_constraints:
        condition=one_of(STUDY.conditions),
    conda:
        "../../envs/evaluation.yaml"
    params:
        **job("gather_answers", script="gather_shards"),
    shell:
        RUN
