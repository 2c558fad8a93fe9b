"""Statistics: metrics, planned comparisons, event coverage.

in:  answers of every condition, the clips' events
out: tables/{metrics,per_class,per_run,confusion,reliability,comparisons,event_coverage}.csv
"""

RATES = {name: row.rate for name, row in embedded_samplers().items() if row.kind == "rate"}
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
    output:
        metrics=table("metrics"),
        per_class=table("per_class"),
        per_run=table("per_run"),
        confusion=table("confusion"),
        reliability=table("reliability"),
    log:
        "<logs>/compute_metrics.log",
    benchmark:
        "<benchmarks>/compute_metrics.tsv"
    conda:
        "../../envs/statistics.yaml"
    params:
        **job(
            "compute_metrics",
            params=dict(seed=CONFIG.seed, classes=STUDY.classes, tail=CONFIG.statistics.tail, **resampling_params()),
            names={"answers": STUDY.conditions},
        ),
    shell:
        RUN


rule compare_conditions:
    """The planned comparisons, corrected within their families."""
    input:
        answers=expand("<results>/answers/{c}.parquet", c=STUDY.conditions),
    output:
        comparisons=table("comparisons"),
    log:
        "<logs>/compare_conditions.log",
    benchmark:
        "<benchmarks>/compare_conditions.tsv"
    conda:
        "../../envs/statistics.yaml"
    params:
        **job(
            "compare_conditions",
            params=dict(
                seed=CONFIG.seed,
                classes=STUDY.classes,
                comparisons=[STUDY.told_with_margin(row) for row in STUDY.comparisons.values()],
                alpha=STUDY.claims.alpha,
                **CONFIG.statistics.told(),
            ),
            names={"answers": STUDY.conditions},
        ),
    shell:
        RUN


rule measure_event_coverage:
    """How often each frame rate sees a micro-expression: closed form and measured."""
    input:
        samples=expand("<results>/samples/{d}/{s}.parquet", d=SHOWN, s=RATES),
        truth=f"<results>/raw/{SHOWN}/truth/clips.parquet",
    output:
        event_coverage=table("event_coverage"),
    log:
        "<logs>/measure_event_coverage.log",
    benchmark:
        "<benchmarks>/measure_event_coverage.tsv"
    conda:
        "../../envs/statistics.yaml"
    params:
        **job(
            "measure_event_coverage",
            params=dict(
                rates=RATES,
                bins=3,
                confidence=CONFIG.statistics.confidence,
                splits=["train", "test"],
            ),
            names={"samples": RATES},
        ),
    shell:
        RUN
