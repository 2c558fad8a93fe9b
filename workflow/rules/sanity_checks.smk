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
        prompts=list(PROMPTS.values()),
    output:
        "<results>/sanity_checks/{system}/{replicate}.csv",
    log:
        "<logs>/check_organism/{system}/{replicate}.log",
    benchmark:
        "<benchmarks>/check_organism/{system}/{replicate}.tsv"
    conda:
        "../../envs/evaluation.yaml"
    params:
        code=code("check_organism"),
        slice=lambda w: as_json(
            system=system_slice(w.system),
            replicate=int(w.replicate),
            classes=STUDY.classes,
            lexicon=config["lexicon"],
            prompts=PROMPTS,
            seed=config["seed"],
            **{k: config["statistics"][k] for k in ("resamples", "confidence")},
        ),
        model=lambda w: model_folder(w.system, w.replicate, results=RESULTS),
    shell:
        recorded(
            "python workflow/scripts/check_organism.py --params {params.slice:q} --model {params.model}"
            " --manifest {input.manifest} --clips {input.clips} --truth {input.truth} --frames {input.frames}"
            " --stores {input.stores} --frequency {input.frequency} --out {output}"
        )


rule gather_sanity_checks:
    """Join the checks of all organisms."""
    input:
        [f"<results>/sanity_checks/{s}/{r}.csv" for s in trained_by("pretrain") for r in replicates(s)],
    output:
        table("sanity_checks"),
    log:
        "<logs>/gather_sanity_checks.log",
    benchmark:
        "<benchmarks>/gather_sanity_checks.tsv"
    conda:
        "../../envs/evaluation.yaml"
    params:
        code=code("gather_shards"),
    shell:
        recorded("python workflow/scripts/gather_shards.py --table checks --shards {input} --out {output}")
