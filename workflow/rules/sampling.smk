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
        "<results>/samples/{dataset}/{sampler}.parquet",
    log:
        "<logs>/sample_frames/{dataset}/{sampler}.log",
    benchmark:
        "<benchmarks>/sample_frames/{dataset}/{sampler}.tsv"
    conda:
        "../../envs/sampling.yaml"
    params:
        code=code("sample_frames"),
        slice=sampler_slice,
    shell:
        recorded(
            "python workflow/scripts/sample_frames.py --params {params.slice:q} --clips {input.clips}"
            " --frames {input.frames} --out {output}"
        )


rule sample_training:
    """Draw the training clips of one fine-tuning by one training sampler, without those of its fold."""
    input:
        manifest="<results>/manifests/{dataset}.parquet",
        clips=lambda w: shards("<results>/frames/{dataset}/{shard}.clips.parquet", w.dataset),
    output:
        "<results>/schedules/{dataset}{fold}/{recipe}/{training_sampler}.parquet",
    log:
        "<logs>/sample_training/{dataset}{fold}/{recipe}/{training_sampler}.log",
    benchmark:
        "<benchmarks>/sample_training/{dataset}{fold}/{recipe}/{training_sampler}.tsv"
    wildcard_constraints:
        recipe=one_of([*TRAINED_ON_LABELS, *config.get("recipes", {})]),
    conda:
        "../../envs/sampling.yaml"
    params:
        code=code("sample_training"),
        slice=schedule_slice,
    shell:
        recorded(
            "python workflow/scripts/sample_training.py --params {params.slice:q} --manifest {input.manifest}"
            " --clips {input.clips} --out {output}"
        )
