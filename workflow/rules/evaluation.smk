"""Evaluation: every condition of the conditions table, clip by clip.

in:  a system, a frame sampler's table, enrichment texts where the context needs them
out: answers/<condition>.parquet
"""


def condition_inputs(w):
    """What answering the clips of one shard in one condition reads."""
    row = STUDY.conditions[w.condition]
    files = {
        "model": system_files(row["system"], w.replicate),
        "sample": f"<results>/samples/{row['dataset']}/{row['frames']}.parquet",
        "manifest": f"<results>/manifests/{row['dataset']}.parquet",
        "store": f"<results>/frames/{row['dataset']}/{w.shard}.safetensors",
        "clips": f"<results>/frames/{row['dataset']}/{w.shard}.clips.parquet",
        "prompt": STUDY.prompts_of(row["system"])["classify"],
    }
    if row["dataset"] in RENDERED:
        files["truth"] = f"<results>/raw/{row['dataset']}/truth/clips.parquet"
    if hears(row["system"]):
        files["sounds"] = f"<results>/frames/{row['dataset']}/{w.shard}.audio.safetensors"
    if row["decision"] == "logit-adjusted":
        folders = [model_folder(row["system"], w.replicate, fold) for fold in STUDY.folds_of(row["system"])]
        files["labels"] = [f"{place}/labels.csv" for place in folders]
    kind = CONTEXTS[row["context"]]
    if kind == "truth":
        files["texts"] = f"<results>/texts/truth/{row['dataset']}.parquet"
    elif kind:
        files["texts"] = f"<results>/texts/{kind}/{row['system']}/{w.replicate}/{row['dataset']}.parquet"
    return files


def answering_params(w):
    """What answering the clips of one shard in one condition reads of the study."""
    row = STUDY.conditions[w.condition]
    return dict(
        system=system_params(row["system"]),
        models=model_folders(row["system"], w.replicate),
        base=base_folder(row["system"], w.replicate),
        # Outside the outputs on purpose: Snakemake deletes those of a failed job.
        answer_store=f"{RESULTS}/answers/store/{w.condition}.{w.replicate}.{w.shard}.jsonl",
        replicate=int(w.replicate),
        **{k: row[k] for k in ("context", "decision")},
        classes=STUDY.classes_of(row["dataset"]),
        **config["evaluation"],
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
                STUDY.conditions[w.condition]["dataset"],
            ),
            replicate=replicates(STUDY.conditions[w.condition]["system"]),
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
