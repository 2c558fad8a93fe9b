"""Statistics: metrics, planned comparisons, lexical correlations, event hits, verdicts, and all values by id.

in:  answers of every condition, word frequencies, the clips' events
out: tables/*.csv, values.json
"""

TESTED = sorted({row["dataset"] for row in STUDY.conditions.values()})
RATES = {name: row["rate"] for name, row in STUDY.frame_samplers.items() if row["kind"] == "rate"}
PUBLISHED = [
    "mafw_classes",
    "mafw_recalls",
    "paper_fps_curve",
    "paper_frame_shuffle",
    "paper_lexical_figure",
    "paper_msce",
]


def bare(rows):
    """Rows without their remarks, which change no result."""
    return [{k: v for k, v in row.items() if k != "about"} for row in rows]


def named(pattern, names):
    """NAME=PATH pairs for a command line."""
    return [f"{n}={pattern.format(n)}" for n in names]


def l1_kinds():
    """Kind of the system of each condition that the lexical claim is about."""
    rows = {c: row for c, row in STUDY.conditions.items() if "L1" in row.get("claims", "").split()}
    return {c: STUDY.systems[row["system"]]["kind"] for c, row in rows.items()}


rule compute_metrics:
    """Metrics of every condition with bootstrap intervals, over all classes and by class, and confusions."""
    input:
        answers=expand("<results>/answers/{c}.parquet", c=STUDY.conditions),
        manifests=expand("<results>/manifests/{d}.parquet", d=TESTED),
    output:
        metrics="<results>/tables/metrics.csv",
        classes="<results>/tables/per_class.csv",
        confusion="<results>/tables/confusion.csv",
    params:
        code=code("compute_metrics"),
        slice=as_json(seed=config["seed"], classes=STUDY.classes, **config["statistics"]),
        answers=named(f"{RESULTS}/answers/{{}}.parquet", STUDY.conditions),
        manifests=named(f"{RESULTS}/manifests/{{}}.parquet", TESTED),
    log:
        "<logs>/compute_metrics.log",
    benchmark:
        "<benchmarks>/compute_metrics.tsv"
    conda:
        "../../envs/statistics.yaml"
    shell:
        "python workflow/scripts/compute_metrics.py --params {params.slice:q} --answers {params.answers}"
        " --manifests {params.manifests} --out-metrics {output.metrics} --out-classes {output.classes}"
        " --out-confusion {output.confusion} 2>&1 | tee {log}"


rule compare_conditions:
    """The planned comparisons, corrected within their families."""
    input:
        answers=expand("<results>/answers/{c}.parquet", c=STUDY.conditions),
        manifests=expand("<results>/manifests/{d}.parquet", d=TESTED),
    output:
        "<results>/tables/comparisons.csv",
    params:
        code=code("compare_conditions"),
        slice=as_json(
            seed=config["seed"],
            classes=STUDY.classes,
            comparisons=bare(STUDY.comparisons.values()),
            margins={k: v["margin"] for k, v in STUDY.claims["claims"].items()},
            **config["statistics"],
        ),
        answers=named(f"{RESULTS}/answers/{{}}.parquet", STUDY.conditions),
        manifests=named(f"{RESULTS}/manifests/{{}}.parquet", TESTED),
    log:
        "<logs>/compare_conditions.log",
    benchmark:
        "<benchmarks>/compare_conditions.tsv"
    conda:
        "../../envs/statistics.yaml"
    shell:
        "python workflow/scripts/compare_conditions.py --params {params.slice:q} --answers {params.answers}"
        " --manifests {params.manifests} --out {output} 2>&1 | tee {log}"


rule correlate_frequency:
    """Rank correlation of recognition by class with word frequency: measured, published, and controls."""
    input:
        classes="<results>/tables/per_class.csv",
        frequency="<results>/lexicon/frequency.csv",
        lexicon=config["tables"]["lexicon"],
        figure="resources/published/paper_lexical_figure.csv",
        recalls="resources/published/mafw_recalls.csv",
    output:
        "<results>/tables/correlations.csv",
    params:
        code=code("correlate_frequency"),
        slice=as_json(kinds=l1_kinds()),
    log:
        "<logs>/correlate_frequency.log",
    benchmark:
        "<benchmarks>/correlate_frequency.tsv"
    conda:
        "../../envs/statistics.yaml"
    shell:
        "python workflow/scripts/correlate_frequency.py --params {params.slice:q} --classes {input.classes}"
        " --frequency {input.frequency} --lexicon {input.lexicon}"
        " --published paper_lexical_figure={input.figure} mafw_recalls={input.recalls}"
        " --out {output} 2>&1 | tee {log}"


rule measure_hits:
    """How often each frame rate sees a micro-expression: closed form and measured."""
    input:
        samples=expand("<results>/samples/{d}/{s}.parquet", d=TESTED[:1], s=RATES),
        truth=f"<results>/raw/{TESTED[0]}/truth/clips.parquet",
    output:
        "<results>/tables/hits.csv",
    params:
        code=code("measure_hits"),
        slice=as_json(rates=RATES, bins=3, confidence=config["statistics"]["confidence"], splits=["train", "test"]),
        samples=named(f"{RESULTS}/samples/{TESTED[0]}/{{}}.parquet", RATES),
    log:
        "<logs>/measure_hits.log",
    benchmark:
        "<benchmarks>/measure_hits.tsv"
    conda:
        "../../envs/statistics.yaml"
    shell:
        "python workflow/scripts/measure_hits.py --params {params.slice:q} --samples {params.samples}"
        " --truth {input.truth} --out {output} 2>&1 | tee {log}"


rule judge_claims:
    """Verdicts on the paper's claims, by rules fixed beforehand."""
    input:
        comparisons="<results>/tables/comparisons.csv",
        classes="<results>/tables/per_class.csv",
        frequency="<results>/lexicon/frequency.csv",
        hits="<results>/tables/hits.csv",
    output:
        "<results>/tables/claims.csv",
    params:
        code=code("judge_claims"),
        slice=as_json(claims=STUDY.claims, seed=config["seed"], **config["statistics"]),
    log:
        "<logs>/judge_claims.log",
    benchmark:
        "<benchmarks>/judge_claims.tsv"
    conda:
        "../../envs/statistics.yaml"
    shell:
        "python workflow/scripts/judge_claims.py --params {params.slice:q} --comparisons {input.comparisons}"
        " --classes {input.classes} --frequency {input.frequency} --hits {input.hits} --out {output} 2>&1 | tee {log}"


rule collect_values:
    """Every number that the paper prints, by id, with its interval and source."""
    input:
        metrics="<results>/tables/metrics.csv",
        per_class="<results>/tables/per_class.csv",
        comparisons="<results>/tables/comparisons.csv",
        correlations="<results>/tables/correlations.csv",
        hits="<results>/tables/hits.csv",
        claims="<results>/tables/claims.csv",
        frequency="<results>/lexicon/frequency.csv",
        answers=expand("<results>/answers/{c}.parquet", c=STUDY.conditions),
        manifests=expand("<results>/manifests/{d}.parquet", d=STUDY.datasets),
        published=expand("resources/published/{p}.csv", p=PUBLISHED),
    output:
        "<results>/values.json",
    params:
        code=code("collect_values"),
        answers=named(f"{RESULTS}/answers/{{}}.parquet", STUDY.conditions),
        manifests=named(f"{RESULTS}/manifests/{{}}.parquet", STUDY.datasets),
        published=named("resources/published/{}.csv", PUBLISHED),
    log:
        "<logs>/collect_values.log",
    benchmark:
        "<benchmarks>/collect_values.tsv"
    conda:
        "../../envs/statistics.yaml"
    shell:
        "python workflow/scripts/collect_values.py --metrics {input.metrics} --per-class {input.per_class}"
        " --comparisons {input.comparisons} --correlations {input.correlations} --hits {input.hits}"
        " --claims {input.claims} --frequency {input.frequency} --answers {params.answers}"
        " --manifests {params.manifests} --published {params.published} --out {output} 2>&1 | tee {log}"
