"""Frequency: how often each class is named, by source, language and word form.

in:  the lexicon, published counts, the wordfreq package
out: lexicon/terms.csv, lexicon/frequency.csv
"""

COUNTED_LANGUAGES = ["en", "zh"]  # of published counts
COUNTED = ("source", "language", "kind", "column", "tokens")


rule count_terms:
    """Count the lexicon's terms in every source."""
    input:
        **({"lexicon": CONFIG.tables.lexicon} if CONFIG.tables.lexicon else {}),  # else the package's own
        counts=expand("resources/published/term_counts_{language}.csv", language=COUNTED_LANGUAGES),
    output:
        terms="<results>/lexicon/terms.csv",
        frequency="<results>/lexicon/frequency.csv",
    log:
        "<logs>/count_terms.log",
    benchmark:
        "<benchmarks>/count_terms.tsv"
    conda:
        "../../envs/frequency.yaml"
    params:
        **job(
            "count_terms",
            params=dict(
                sources=[{k: v for k, v in row.told().items() if k in COUNTED} for row in STUDY.sources],
                classes=STUDY.classes,
            ),
            names={"counts": COUNTED_LANGUAGES},
        ),
    shell:
        RUN
