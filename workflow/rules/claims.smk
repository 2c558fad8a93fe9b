"""Claims: contrasts of variants, verdicts, and every number of the study by id.

in:  tables/*.csv, claims.yaml
out: tables/{contrasts,claims,evidence}.csv, values.json
"""

# The tables that the claims of this study are judged by.
JUDGED = ["metrics", *(t for claim in STUDY.claims["claims"].values() for t in CLAIM_KINDS[claim["kind"]].tables)]


rule contrast_variants:
    """How much more closely one variant follows the words than another, for the lexical claim."""
    input:
        runs="<results>/tables/per_run.csv",
        frequency="<results>/lexicon/frequency.csv",
    output:
        contrasts=table("contrasts"),
    log:
        "<logs>/contrast_variants.log",
    benchmark:
        "<benchmarks>/contrast_variants.tsv"
    conda:
        "../../envs/statistics.yaml"
    params:
        **job(
            "contrast_variants",
            params=dict(
                claim={
                    k: STUDY.claims["claims"]["L1"][k]
                    for k in ("subject", "intervention", "permuted", "control", "language")
                },
                seed=config["seed"],
                classes=STUDY.classes,
                resamples=config["statistics"]["resamples"],
                **config["lexicon"],
            ),
        ),
    shell:
        RUN


rule judge_claims:
    """Verdicts on the paper's claims, by rules fixed beforehand."""
    input:
        **{name: f"<results>/tables/{name}.csv" for name in JUDGED},
    output:
        claims=table("claims"),
        evidence=table("evidence"),
    log:
        "<logs>/judge_claims.log",
    benchmark:
        "<benchmarks>/judge_claims.tsv"
    conda:
        "../../envs/statistics.yaml"
    params:
        **job(
            "judge_claims",
            params=dict(
                claims=STUDY.claims,
                lexicon=config["lexicon"],
                confidence=config["statistics"]["confidence"],
            ),
        ),
    shell:
        RUN


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
        evidence="<results>/tables/evidence.csv",
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
        values="<results>/values.json",
    log:
        "<logs>/collect_values.log",
    benchmark:
        "<benchmarks>/collect_values.tsv"
    conda:
        "../../envs/statistics.yaml"
    params:
        **job(
            "collect_values",
            names={"answers": STUDY.conditions, "manifests": STUDY.datasets, "published": PUBLISHED},
        ),
    shell:
        RUN
