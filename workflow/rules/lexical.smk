"""Lexical: how far the estimators of word frequency agree, and whether recognition by class follows words.

in:  word frequencies, F1 by class, published figures; answers, exposure
out: tables/{estimator_agreement,concordance,correlations,specifications,slopes,doses}.csv
"""

from emovlm.study.slopes import captions_read, conditions_of

CORRELATED = ["paper_lexical_figure", "mafw_recalls", "mafw_classes"]  # published tables beside word frequency
SLOPED = conditions_of(STUDY.slopes.values())
READ = captions_read(STUDY.slopes.values())


rule compare_estimators:
    """Rank correlations between the estimators of word frequency, and their concordance."""
    input:
        frequency="<results>/lexicon/frequency.csv",
    output:
        estimator_agreement=table("estimator_agreement"),
        concordance=table("concordance"),
    log:
        "<logs>/compare_estimators.log",
    benchmark:
        "<benchmarks>/compare_estimators.tsv"
    conda:
        "../../envs/statistics.yaml"
    params:
        **job(
            "compare_estimators",
            params=lambda w: dict(
                form=CONFIG.lexicon.primary_form,
                seed=CONFIG.seed,
                resamples=CONFIG.statistics.resamples,
            ),
        ),
    shell:
        RUN


rule correlate_frequency:
    """Rank correlation of recognition by class with word frequency, by every estimator and over all of them."""
    input:
        classes="<results>/tables/per_class.csv",
        frequency="<results>/lexicon/frequency.csv",
        class_words=CONFIG.tables.classes,
        published=expand("resources/published/{p}.csv", p=CORRELATED),
    output:
        correlations=table("correlations"),
        specifications=table("specifications"),
    log:
        "<logs>/correlate_frequency.log",
    benchmark:
        "<benchmarks>/correlate_frequency.tsv"
    conda:
        "../../envs/statistics.yaml"
    params:
        **job(
            "correlate_frequency",
            params=lambda w: dict(
                kinds=lexical_kinds(),
                seed=CONFIG.seed,
                resamples=CONFIG.statistics.resamples,
                alpha=STUDY.claims.alpha,
                **CONFIG.lexicon.told(),
            ),
            names={"published": CORRELATED},
        ),
    shell:
        RUN


rule fit_slopes:
    """Slopes of recall on how often a class's name was read, and recall by exposure."""
    input:
        answers=expand("<results>/answers/{c}.parquet", c=SLOPED),
        exposure="<results>/tables/exposure.csv" if READ else [],
        frequency="<results>/lexicon/frequency.csv",
    output:
        slopes=table("slopes"),
        doses=table("doses"),
    log:
        "<logs>/fit_slopes.log",
    benchmark:
        "<benchmarks>/fit_slopes.tsv"
    conda:
        "../../envs/statistics.yaml"
    params:
        **job(
            "fit_slopes",
            params=lambda w: dict(
                slopes=[STUDY.told_with_margin(row) for row in STUDY.slopes.values()],
                variants=READ,
                seed=CONFIG.seed,
                classes=STUDY.classes,
                **resampling_params(),
                **CONFIG.lexicon.told(),
            ),
            names={"answers": SLOPED},
        ),
    shell:
        RUN
