"""Enrichment: texts about what happens between keyframes (MSCE, stage 1), and their controls.

in:  a system, the frames between keyframes, or the truth
out: texts/<kind>/<system>/<replicate>/<dataset>.parquet, texts/truth/<dataset>.parquet
"""

from emovlm.enrichment.gaps import TEXTS_OF

GAPS = CONFIG.enrichment.sampler
SAMPLERS = {"between": GAPS, "keyframes": CONFIG.enrichment.keyframes}
# kind of text -> (frames that it is about, prompt)
TEXTS = {kind: (SAMPLERS[frames], prompt) for kind, (frames, prompt) in TEXTS_OF.items()}


rule describe_gaps:
    """Write the texts of one shard in the words of the system under test."""
    input:
        model=lambda w: system_files(w.system, w.replicate),
        sample=lambda w: f"<results>/samples/{w.dataset}/{TEXTS[w.texts][0]}.parquet",
        gaps=f"<results>/samples/{{dataset}}/{GAPS}.parquet",
        store="<results>/frames/{dataset}/{shard}.safetensors",
        manifest="<results>/manifests/{dataset}.parquet",
        prompt=lambda w: getattr(STUDY.systems[w.system].prompts, TEXTS[w.texts][1]),
    output:
        texts="<results>/texts/{texts}/{system}/{replicate}/{dataset}/{shard}.parquet",
    log:
        "<logs>/describe_gaps/{texts}/{system}/{replicate}/{dataset}/{shard}.log",
    benchmark:
        "<benchmarks>/describe_gaps/{texts}/{system}/{replicate}/{dataset}/{shard}.tsv"
    wildcard_constraints:
        texts=one_of(TEXTS),
    conda:
        "../../envs/evaluation.yaml"
    params:
        **job(
            "describe_gaps",
            params=lambda w: dict(
                system=system_params(w.system),
                models=model_folders(w.system, w.replicate),
                base=base_folder(w.system, w.replicate),
                # Outside the outputs on purpose: Snakemake deletes those of a failed job.
                answer_store=f"{RESULTS}/texts/store/{w.texts}.{w.system}.{w.replicate}.{w.dataset}.{w.shard}.jsonl",
                classes=STUDY.datasets[w.dataset].classes,
                max_new_tokens=CONFIG.enrichment.max_new_tokens,
            ),
        ),
    shell:
        RUN


rule gather_texts:
    """Join the shards of a system's texts."""
    input:
        shards=lambda w: shards(
            "<results>/texts/{texts}/{system}/{replicate}/{dataset}/{shard}.parquet",
            w.dataset,
        ),
    output:
        texts="<results>/texts/{texts}/{system}/{replicate}/{dataset}.parquet",
    log:
        "<logs>/gather_texts/{texts}/{system}/{replicate}/{dataset}.log",
    benchmark:
        "<benchmarks>/gather_texts/{texts}/{system}/{replicate}/{dataset}.tsv"
    wildcard_constraints:
        texts=one_of(TEXTS),
    conda:
        "../../envs/evaluation.yaml"
    params:
        **job("gather_texts", script="gather_shards"),
    shell:
        RUN


rule write_true_texts:
    """Put the true motion between keyframes into words: the upper bound."""
    input:
        between=f"<results>/samples/{{dataset}}/{GAPS}.parquet",
        keyframes=f"<results>/samples/{{dataset}}/{CONFIG.enrichment.keyframes}.parquet",
        truth="<results>/raw/{dataset}/truth/frames.parquet",
    output:
        texts="<results>/texts/truth/{dataset}.parquet",
    log:
        "<logs>/write_true_texts/{dataset}.log",
    benchmark:
        "<benchmarks>/write_true_texts/{dataset}.tsv"
    wildcard_constraints:
        dataset=one_of(RENDERED),
    conda:
        "../../envs/evaluation.yaml"
    params:
        **job("write_true_texts", params=dict(seed=CONFIG.seed)),
    shell:
        RUN
