"""Evaluation: every condition of the conditions table, clip by clip.

in:  a system, a frame sampler's table, enrichment texts where the context needs them
out: answers/<condition>.parquet
"""


def condition_inputs(w):
    """What answering the clips of one shard in one condition reads."""
    condition = STUDY.conditions[w.condition]
    system, dataset, kind = condition.system.name, condition.dataset.name, condition.texts
    files = {
        "model": system_files(system, w.replicate),
        "sample": f"<results>/samples/{dataset}/{condition.frames.name}.parquet",
        "manifest": f"<results>/manifests/{dataset}.parquet",
        "store": f"<results>/frames/{dataset}/{w.shard}.safetensors",
        "clips": f"<results>/frames/{dataset}/{w.shard}.clips.parquet",
        "prompt": condition.system.prompts.classify,
    }
    if condition.dataset.rendered:
        files["truth"] = f"<results>/raw/{dataset}/truth/clips.parquet"
    if hears(system):
        files["sounds"] = f"<results>/frames/{dataset}/{w.shard}.audio.safetensors"
    if condition.decision == "logit-adjusted":
        files["labels"] = [f"{model_folder(system, w.replicate, k)}/labels.csv" for k in condition.system.folds]
    if kind == "truth":
        files["texts"] = f"<results>/texts/truth/{dataset}.parquet"
    elif kind:
        files["texts"] = f"<results>/texts/{kind}/{system}/{w.replicate}/{dataset}.parquet"
    return files


def answering_params(w):
    """What answering the clips of one shard in one condition reads of the study."""
    condition = STUDY.conditions[w.condition]
    system = condition.system.name
    return dict(
        system=system_params(system),
        models=model_folders(system, w.replicate),
        base=base_folder(system, w.replicate),
        # Outside the outputs on purpose: Snakemake deletes those of a failed job.
        answer_store=f"{RESULTS}/answers/store/{w.condition}.{w.replicate}.{w.shard}.jsonl",
        replicate=int(w.replicate),
        context=condition.context,
        decision=condition.decision,
        classes=condition.dataset.classes,
        **CONFIG.evaluation.told(),
    )


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
