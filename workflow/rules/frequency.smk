"""Frequency: how often each emotion's words occur, by source, language and word form.

in:  the lexicon, published counts, the wordfreq package
out: lexicon/frequency.csv
"""

COUNTED = ("source", "language", "kind", "column", "tokens")


rule count_terms:
    """Count the lexicon's terms in every source."""
    input:
        lexicon=config["tables"]["lexicon"],
        en="resources/published/term_counts_en.csv",
        zh="resources/published/term_counts_zh.csv",
    output:
        "<results>/lexicon/frequency.csv",
    log:
        "<logs>/count_terms.log",
    benchmark:
        "<benchmarks>/count_terms.tsv"
    conda:
        "../../envs/frequency.yaml"
    params:
        code=code("count_terms"),
        slice=as_json(sources=[{k: row[k] for k in COUNTED if k in row} for row in STUDY.sources]),
    shell:
        recorded(
            "python workflow/scripts/count_terms.py --params {params.slice:q} --lexicon {input.lexicon}"
            " --counts en={input.en} zh={input.zh} --out {output}"
        )
