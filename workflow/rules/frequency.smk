"""Frequency: how often each emotion's words occur, by source and language.

in:  the lexicon, published counts, the wordfreq package
out: lexicon/frequency.csv
"""

SOURCES = {f"{row['source']}.{row['language']}": row for row in STUDY.sources}


rule count_terms:
    """Count the lexicon's terms in one source of one language."""
    input:
        lexicon=config["tables"]["lexicon"],
        counts="resources/published/term_counts_{language}.csv",
    output:
        "<results>/lexicon/sources/{source}.{language}.csv",
    log:
        "<logs>/count_terms/{source}.{language}.log",
    benchmark:
        "<benchmarks>/count_terms/{source}.{language}.tsv"
    wildcard_constraints:
        source=one_of(row["source"] for row in STUDY.sources),
        language="en|zh",
    group:
        "frequency"
    conda:
        "../../envs/frequency.yaml"
    params:
        code=code("count_terms"),
        slice=lambda w: as_json(**SOURCES[f"{w.source}.{w.language}"]),
    shell:
        "python workflow/scripts/count_terms.py --params {params.slice:q} --lexicon {input.lexicon}"
        " --counts {input.counts} --out {output} 2>&1 | tee {log}"


rule gather_frequency:
    """Join the sources."""
    input:
        expand("<results>/lexicon/sources/{source}.csv", source=SOURCES),
    output:
        "<results>/lexicon/frequency.csv",
    log:
        "<logs>/gather_frequency.log",
    benchmark:
        "<benchmarks>/gather_frequency.tsv"
    group:
        "frequency"
    conda:
        "../../envs/frequency.yaml"
    params:
        code=code("gather_frequency"),
    shell:
        "python workflow/scripts/gather_frequency.py --sources {input} --out {output} 2>&1 | tee {log}"
