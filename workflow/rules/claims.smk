"""Claims: contrasts of variants, verdicts, and every number of the study by id.

in:  tables/*.csv, claims.yaml
out: tables/{contrasts,claims}.csv, values.json
"""


rule contrast_variants:
    """How much more closely one variant follows the words than another, for the lexical claim."""
    input:
        runs="<results>/tables/per_run.csv",
        frequency="<results>/lexicon/frequency.csv",
    output:
        table("contrasts"),
    log:
        "<logs>/contrast_variants.log",
    benchmark:
        "<benchmarks>/contrast_variants.tsv"
    conda:
        "../../envs/statistics.yaml"
    params:
        code=code("contrast_variants"),
        slice=as_json(
            claim={
                k: STUDY.claims["claims"]["L1"][k]
                for k in ("subject", "intervention", "permuted", "control", "language")
            },
            seed=config["seed"],
            classes=STUDY.classes,
            resamples=config["statistics"]["resamples"],
            **config["lexicon"],
        ),
    shell:
        recorded(
            "python workflow/scripts/contrast_variants.py --params {params.slice:q} --runs {input.runs}"
            " --frequency {input.frequency} --out {output}"
        )


rule judge_claims:
    """Verdicts on the paper's claims, by rules fixed beforehand."""
    input:
        metrics="<results>/tables/metrics.csv",
        comparisons="<results>/tables/comparisons.csv",
        correlations="<results>/tables/correlations.csv",
        contrasts="<results>/tables/contrasts.csv",
        event_coverage="<results>/tables/event_coverage.csv",
    output:
        table("claims"),
    log:
        "<logs>/judge_claims.log",
    benchmark:
        "<benchmarks>/judge_claims.tsv"
    conda:
        "../../envs/statistics.yaml"
    params:
        code=code("judge_claims"),
        slice=as_json(
            claims=STUDY.claims,
            lexicon=config["lexicon"],
            confidence=config["statistics"]["confidence"],
        ),
    shell:
        recorded(
            "python workflow/scripts/judge_claims.py --params {params.slice:q} --metrics {input.metrics}"
            " --comparisons {input.comparisons} --correlations {input.correlations} --contrasts {input.contrasts}"
            " --event-coverage {input.event_coverage} --out {output}"
        )


rule collect_values:
    """Every number that the paper prints, by id, with its interval and source."""
    input:
        metrics="<results>/tables/metrics.csv",
        per_class="<results>/tables/per_class.csv",
        comparisons="<results>/tables/comparisons.csv",
        correlations="<results>/tables/correlations.csv",
        contrasts="<results>/tables/contrasts.csv",
        event_coverage="<results>/tables/event_coverage.csv",
        sanity_checks="<results>/tables/sanity_checks.csv",
        cues="<results>/tables/cues.csv",
        claims="<results>/tables/claims.csv",
        reanalysis="<results>/tables/reanalysis.csv",
        per_run="<results>/tables/per_run.csv",
        confusion="<results>/tables/confusion.csv",
        published_comparison="<results>/tables/published_comparison.csv",
        reliability="<results>/tables/reliability.csv",
        frequency="<results>/lexicon/frequency.csv",
        answers=expand("<results>/answers/{c}.parquet", c=STUDY.conditions),
        manifests=expand("<results>/manifests/{d}.parquet", d=STUDY.datasets),
        published=expand("resources/published/{p}.csv", p=PUBLISHED),
    output:
        "<results>/values.json",
    log:
        "<logs>/collect_values.log",
    benchmark:
        "<benchmarks>/collect_values.tsv"
    conda:
        "../../envs/statistics.yaml"
    params:
        code=code("collect_values"),
        answers=named(f"{RESULTS}/answers/{{}}.parquet", STUDY.conditions),
        manifests=named(f"{RESULTS}/manifests/{{}}.parquet", STUDY.datasets),
        published=named("resources/published/{}.csv", PUBLISHED),
    shell:
        recorded(
            "python workflow/scripts/collect_values.py --metrics {input.metrics} --per-class {input.per_class}"
            " --comparisons {input.comparisons} --correlations {input.correlations} --contrasts {input.contrasts}"
            " --event-coverage {input.event_coverage} --sanity-checks {input.sanity_checks} --cues {input.cues}"
            " --claims {input.claims} --per-run {input.per_run} --confusion {input.confusion}"
            " --published-comparison {input.published_comparison}"
            " --reliability {input.reliability} --reanalysis {input.reanalysis}"
            " --frequency {input.frequency} --answers {params.answers}"
            " --manifests {params.manifests} --published {params.published} --out {output}"
        )
