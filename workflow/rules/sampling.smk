"""Sampling: which frames of a clip a system sees, and how often each class is drawn in training.

in:  frame indices, manifests
out: samples/<dataset>/<sampler>.parquet, schedules/<dataset>[/fold<k>]/<recipe>/<training sampler>.parquet
"""


rule sample_frames:
    """Choose the frames of every clip by one frame sampler."""
    input:
        clips=lambda w: shards("<results>/frames/{dataset}/{shard}.clips.parquet", w.dataset),
        frames=lambda w: shards("<results>/frames/{dataset}/{shard}.frames.parquet", w.dataset),
    output:
        sample="<results>/samples/{dataset}/{sampler}.parquet",
    log:
        "<logs>/sample_frames/{dataset}/{sampler}.log",
    benchmark:
        "<benchmarks>/sample_frames/{dataset}/{sampler}.tsv"
    conda:
        "../../envs/sampling.yaml"
    params:
        **job("sample_frames", params=sampler_params),
    shell:
        RUN


rule sample_training:
    """Draw the training clips of one fine-tuning by one training sampler, without those of its fold."""
    input:
        manifest="<results>/manifests/{dataset}.parquet",
        clips=lambda w: shards("<results>/frames/{dataset}/{shard}.clips.parquet", w.dataset),
    output:
        schedule="<results>/schedules/{dataset}{fold}/{recipe}/{training_sampler}.parquet",
    log:
        "<logs>/sample_training/{dataset}{fold}/{recipe}/{training_sampler}.log",
    benchmark:
        "<benchmarks>/sample_training/{dataset}{fold}/{recipe}/{training_sampler}.tsv"
    wildcard_constraints:
        recipe=one_of([*RECIPES, *CONFIG.recipes]),
    conda:
        "../../envs/sampling.yaml"
    params:
        **job("sample_training", params=schedule_params),
    shell:
        RUN
