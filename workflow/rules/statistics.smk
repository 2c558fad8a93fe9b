"""Statistics: metrics, planned comparisons, lexical correlations, event coverage.

in:  answers of every condition, word frequencies, the clips' flags and events
out: tables/{metrics,per_class,per_run,confusion,reliability,comparisons,correlations,event_coverage}.csv
"""

FLAGGED = [name for name in TESTED if name in RENDERED]  # datasets whose clips are flagged
RATES = {name: row["rate"] for name, row in embedded_samplers().items() if row["kind"] == "rate"}
PUBLISHED = [
    "mafw_classes",
    "mafw_recalls",
    "paper_fps_curve",
    "paper_frame_shuffle",
    "paper_lexical_figure",
    "paper_msce",
]


rule compute_metrics:
    """Metrics of every condition with intervals, over all classes, by class and run; confusions, reliability."""
    input:
        answers=expand("<results>/answers/{c}.parquet", c=STUDY.conditions),
        manifests=expand("<results>/manifests/{d}.parquet", d=TESTED),
        truths=expand("<results>/raw/{d}/truth/clips.parquet", d=FLAGGED),
    output:
        metrics=table("metrics"),
        classes=table("per_class"),
        runs=table("per_run"),
        confusion=table("confusion"),
        reliability=table("reliability"),
    log:
        "<logs>/compute_metrics.log",
    benchmark:
        "<benchmarks>/compute_metrics.tsv"
    conda:
        "../../envs/statistics.yaml"
    params:
        code=code("compute_metrics"),
        slice=as_json(seed=config["seed"], classes=STUDY.classes, **config["statistics"]),
        answers=named(f"{RESULTS}/answers/{{}}.parquet", STUDY.conditions),
        manifests=named(f"{RESULTS}/manifests/{{}}.parquet", TESTED),
        truths=named(f"{RESULTS}/raw/{{}}/truth/clips.parquet", FLAGGED),
    shell:
        recorded(
            "python workflow/scripts/compute_metrics.py --params {params.slice:q} --answers {params.answers}"
            " --manifests {params.manifests} --truths {params.truths} --out-metrics {output.metrics}"
            " --out-classes {output.classes} --out-runs {output.runs} --out-confusion {output.confusion}"
            " --out-reliability {output.reliability}"
        )


rule compare_conditions:
    """The planned comparisons, corrected within their families."""
    input:
        answers=expand("<results>/answers/{c}.parquet", c=STUDY.conditions),
        manifests=expand("<results>/manifests/{d}.parquet", d=TESTED),
        truths=expand("<results>/raw/{d}/truth/clips.parquet", d=FLAGGED),
    output:
        table("comparisons"),
    log:
        "<logs>/compare_conditions.log",
    benchmark:
        "<benchmarks>/compare_conditions.tsv"
    conda:
        "../../envs/statistics.yaml"
    params:
        code=code("compare_conditions"),
        slice=as_json(
            seed=config["seed"],
            classes=STUDY.classes,
            comparisons=[bare(row) for row in STUDY.comparisons.values()],
            alpha=STUDY.claims["alpha"],
            margins={k: v["margin"] for k, v in STUDY.claims["claims"].items()},
            **config["statistics"],
        ),
        answers=named(f"{RESULTS}/answers/{{}}.parquet", STUDY.conditions),
        manifests=named(f"{RESULTS}/manifests/{{}}.parquet", TESTED),
        truths=named(f"{RESULTS}/raw/{{}}/truth/clips.parquet", FLAGGED),
    shell:
        recorded(
            "python workflow/scripts/compare_conditions.py --params {params.slice:q} --answers {params.answers}"
            " --manifests {params.manifests} --truths {params.truths} --out {output}"
        )


rule correlate_frequency:
    """Rank correlation of recognition by class with word frequency: measured, published, and controls."""
    input:
        classes="<results>/tables/per_class.csv",
        frequency="<results>/lexicon/frequency.csv",
        lexicon=config["tables"]["lexicon"],
        figure="resources/published/paper_lexical_figure.csv",
        recalls="resources/published/mafw_recalls.csv",
        mafw="resources/published/mafw_classes.csv",
    output:
        table("correlations"),
    log:
        "<logs>/correlate_frequency.log",
    benchmark:
        "<benchmarks>/correlate_frequency.tsv"
    conda:
        "../../envs/statistics.yaml"
    params:
        code=code("correlate_frequency"),
        slice=as_json(kinds=lexical_kinds(), seed=config["seed"], resamples=config["statistics"]["resamples"]),
    shell:
        recorded(
            "python workflow/scripts/correlate_frequency.py --params {params.slice:q} --classes {input.classes}"
            " --frequency {input.frequency} --lexicon {input.lexicon}"
            " --published paper_lexical_figure={input.figure} mafw_recalls={input.recalls} mafw_classes={input.mafw}"
            " --out {output}"
        )


rule measure_event_coverage:
    """How often each frame rate sees a micro-expression: closed form and measured."""
    input:
        samples=expand("<results>/samples/{d}/{s}.parquet", d=SHOWN, s=RATES),
        truth=f"<results>/raw/{SHOWN}/truth/clips.parquet",
    output:
        table("event_coverage"),
    log:
        "<logs>/measure_event_coverage.log",
    benchmark:
        "<benchmarks>/measure_event_coverage.tsv"
    conda:
        "../../envs/statistics.yaml"
    params:
        code=code("measure_event_coverage"),
        slice=as_json(
            rates=RATES,
            bins=3,
            confidence=config["statistics"]["confidence"],
            splits=["train", "test"],
        ),
        samples=named(f"{RESULTS}/samples/{SHOWN}/{{}}.parquet", RATES),
    shell:
        recorded(
            "python workflow/scripts/measure_event_coverage.py --params {params.slice:q} --samples {params.samples}"
            " --truth {input.truth} --out {output}"
        )
