"""Checks: has each organism learned at all?

in:  organisms, apex frames of the validation people
out: tables/sanity_checks.csv
"""


rule check_organism:
    """Ask one pretrained organism about apex frames of the validation people."""
    input:
        model=lambda w: system_files(w.system, w.replicate),
        manifest=f"<results>/manifests/{SHOWN}.parquet",
        clips=f"<results>/raw/{SHOWN}/truth/clips.parquet",
        truth=f"<results>/raw/{SHOWN}/truth/frames.parquet",
        frames=frame_indices(SHOWN),
        stores=stores(SHOWN),
        frequency="<results>/lexicon/frequency.csv",
        prompts=list(CONFIG.prompts.files.values()),
    output:
        checks="<results>/sanity_checks/{system}/{replicate}.csv",
    log:
        "<logs>/check_organism/{system}/{replicate}.log",
    benchmark:
        "<benchmarks>/check_organism/{system}/{replicate}.tsv"
    conda:
        "../../envs/evaluation.yaml"
    params:
        **job(
            "check_organism",
            params=lambda w: dict(
                system=system_params(w.system),
                model=model_folder(w.system, w.replicate, results=RESULTS),
                replicate=int(w.replicate),
                classes=STUDY.classes,
                lexicon=CONFIG.lexicon,
                seed=CONFIG.seed,
                **resampling_params(),
            ),
            names={"prompts": CONFIG.prompts.files},
        ),
    shell:
        RUN


rule gather_sanity_checks:
    """Join the checks of all organisms."""
    input:
        shards=[f"<results>/sanity_checks/{s}/{r}.csv" for s in trained_by("pretrain") for r in replicates(s)],
    output:
        sanity_checks=table("sanity_checks"),
    log:
        "<logs>/gather_sanity_checks.log",
    benchmark:
        "<benchmarks>/gather_sanity_checks.tsv"
    conda:
        "../../envs/evaluation.yaml"
    params:
        **job("gather_sanity_checks", script="gather_shards"),
    shell:
        RUN
