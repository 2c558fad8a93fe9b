"""Paper: one PDF, in which every number comes from results.

in:  values.json, tables, figures
out: paper/paper.pdf
"""

TYPESET = ["metrics", "per_class", "comparisons", "correlations", "hits", "claims"]
PAPER_TABLES = {
    **{t: f"{RESULTS}/tables/{t}.csv" for t in TYPESET},
    **{t: TABLE[t] for t in ("frequency", "conditions", "systems", "frame_samplers", *PUBLISHED)},
}
PAPER_FIGURES = {
    "contact_sheet": f"{RESULTS}/figures/contact_sheet.png",
    **{f: f"{RESULTS}/figures/{f}.pdf" for f in FIGURES},
}


rule typeset_paper:
    """Typeset the paper."""
    input:
        source="paper/paper.typ",
        parts=["paper/lib.typ", "paper/references.bib"],
        values="<results>/values.json",
        tables=list(PAPER_TABLES.values()),
        figures=list(PAPER_FIGURES.values()),
    output:
        report(
            "<results>/paper/paper.pdf",
            caption="../report/paper.rst",
            category="Paper",
        ),
    log:
        "<logs>/typeset_paper.log",
    benchmark:
        "<benchmarks>/typeset_paper.tsv"
    conda:
        "../../envs/paper.yaml"
    params:
        code=code("typeset_paper"),
        config=as_json(
            study=config["study"],
            seed=config["seed"],
            resamples=config["statistics"]["resamples"],
            alpha=STUDY.claims["alpha"],
            image_size=config["synface"]["image_size"],
            frame_size=config["frames"]["size"],
            micro_share=config["synface"]["corpora"].get(SHOWN, {}).get("micro_share"),
            **PRIMARY,
        ),
        tables=[f"{n}={p}" for n, p in PAPER_TABLES.items()],
        figures=[f"{n}={p}" for n, p in PAPER_FIGURES.items()],
    shell:
        "python workflow/scripts/typeset_paper.py --source {input.source} --values {input.values}"
        " --tables {params.tables} --figures {params.figures} --config {params.config:q}"
        " --out {output} 2>&1 | tee {log}"
