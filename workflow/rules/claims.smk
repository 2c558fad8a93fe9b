"""Claims: contrasts of variants, verdicts, and every number of the study by id.

in:  tables/*.csv, claims.yaml
out: tables/{contrasts,claims,evidence}.csv, values.json
"""

LEXICAL = next(iter(STUDY.claims.of_kind("exposure").values()), None)
ROLES = ("subject", "intervention", "permuted", "control", "language")
ORGANISMS = trained_by("pretrain")
# The parts of a study that a table of results is made from, where not every study has it.
PARTS = {
    "comparisons": STUDY.comparisons,
    **dict.fromkeys(["estimator_agreement", "concordance", "correlations", "specifications"], CONFIG.lexicon),
    **dict.fromkeys(["slopes", "doses"], STUDY.slopes),
    "contrasts": LEXICAL,
    "event_coverage": SHOWN,
    "exposure": CONFIG.organism and CAPTION_VARIANTS,
    "sanity_checks": SHOWN and ORGANISMS,
    "cues": SHOWN,
    **dict.fromkeys(["claims", "evidence"], STUDY.claims.claims),
    **dict.fromkeys(["published_comparison", "reanalysis"], CONFIG.published),
}
TABLES = [name for name in RESULT_TABLES if PARTS.get(name, True)]
# The tables that the claims of this study are judged by.
JUDGED = ["metrics", *(t for claim in STUDY.claims.claims.values() for t in CLAIM_KINDS[claim.kind].tables)]


rule contrast_variants:
    """How much more closely one variant follows the words than another, beside the claim about words."""
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
            params=lambda w: dict(
                claim={k: v for k, v in LEXICAL.told().items() if k in ROLES},
                seed=CONFIG.seed,
                classes=STUDY.classes,
                resamples=CONFIG.statistics.resamples,
                **CONFIG.lexicon.told(),
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
                confidence=CONFIG.statistics.confidence,
            ),
        ),
    shell:
        RUN


rule collect_values:
    """Every number that the paper prints, by id, with its interval and source."""
    input:
        **{name: f"<results>/tables/{name}.csv" for name in TABLES},
        **({"frequency": "<results>/lexicon/frequency.csv"} if CONFIG.lexicon else {}),
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
