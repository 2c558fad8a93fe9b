"""Figures: each from tidy tables, as PDF and PNG.

in:  tables/*.csv, published figures, config tables
out: figures/<figure>.{pdf,png}
"""

PRIMARY = {"source": CONFIG.lexicon.primary_source, "form": CONFIG.lexicon.primary_form} if CONFIG.lexicon else {}
NAMED = {"study": CONFIG.study}
VARIANTS = {
    "conditions": ["condition", "system", "dataset", "frames", "context", "decision", "claims"],
    "systems": ["system", "kind", "variant", "sampler"],
    "frame_samplers": ["sampler", "kind", "rate", "base"],
}
RESULT_TABLES = [
    *["metrics", "per_class", "per_run", "confusion", "comparisons", "correlations", "contrasts"],
    *["event_coverage", "reliability", "reanalysis"],
]
TABLE = {
    **{t: f"{RESULTS}/tables/{t}.csv" for t in RESULT_TABLES},
    "frequency": f"{RESULTS}/lexicon/frequency.csv",
    "manifest": f"{RESULTS}/manifests/{SHOWN}.parquet",
    "truth": f"{RESULTS}/raw/{SHOWN}/truth/clips.parquet",
    "frame_truth": f"{RESULTS}/raw/{SHOWN}/truth/frames.parquet",
    **{t: f"{RESULTS}/tables/rows/{t}.tsv" for t in VARIANTS},
    **{p: f"resources/published/{p}.csv" for p in PUBLISHED},
    **{
        f"stores.{k}": f"{RESULTS}/frames/{SHOWN}/{k}.safetensors"
        for k in range(STUDY.datasets[SHOWN].n_shards if SHOWN else 0)
    },
    **{f"samples.{s}": f"{RESULTS}/samples/{SHOWN}/{s}.parquet" for s in STUDY.frame_samplers},
}
# figure -> (tables, parameters)
FIGURES = {
    "lexical": (
        ["per_class", "frequency", "correlations", "conditions", "systems"],
        PRIMARY,
    ),
    "variants": (
        ["per_run", "frequency", "contrasts", "conditions"],
        {
            "language": LEXICAL and LEXICAL.language,
            "seed": CONFIG.seed,
            **PRIMARY,
        },
    ),
    "confusion": (["confusion", "conditions", "systems"], {"classes": STUDY.classes}),
    "fps": (["metrics", "conditions", "frame_samplers", "paper_fps_curve"], NAMED),
    "shuffle": (
        ["metrics", "conditions", "frame_samplers", "paper_frame_shuffle", "reanalysis"],
        NAMED,
    ),
    "event_coverage": (["event_coverage"], {}),
    "enrichment": (["comparisons", "conditions", "paper_msce"], NAMED),
    "reliability": (["reliability", "metrics", "conditions", "systems"], NAMED),
    "frequency": (["frequency"], PRIMARY),
    "classes": (
        ["manifest", "mafw_classes"],
        {"classes": STUDY.classes, **NAMED},
    ),
    "samplers": (
        [
            "truth",
            "frame_truth",
            "frame_samplers",
            *(f"samples.{s}" for s in embedded_samplers()),
            *(f"stores.{k}" for k in range(STUDY.datasets[SHOWN].n_shards if SHOWN else 0)),
        ],
        {},
    ),
    "dag": ([], {}),
}
CLAIM = {
    "lexical": "L1",
    "variants": "L1",
    "confusion": "L2",
    "fps": "T1",
    "shuffle": "T2",
    "event_coverage": "T3",
    "enrichment": "T4",
}


rule list_rows:
    """Write a config table without its remarks, whose rewording must not redraw anything."""
    output:
        rows="<results>/tables/rows/{table}.tsv",
    log:
        "<logs>/list_rows/{table}.log",
    benchmark:
        "<benchmarks>/list_rows/{table}.tsv"
    wildcard_constraints:
        table=one_of(VARIANTS),
    conda:
        "../../envs/figures.yaml"
    params:
        **job(
            "list_rows",
            params=lambda w: dict(
                columns=VARIANTS[w.table],
                rows=[{c: r.get(c, "") for c in VARIANTS[w.table]} for r in shown_rows(w.table)],
            ),
        ),
    shell:
        RUN


rule draw_figure:
    """Draw one figure."""
    input:
        tables=lambda w: [TABLE[t] for t in FIGURES[w.figure][0]],
    output:
        pdf="<results>/figures/{figure}.pdf",
        png=report(
            "<results>/figures/{figure}.png",
            caption="../report/figure.rst",
            category=lambda w: CLAIM.get(w.figure, "Material"),
            labels={"figure": "{figure}"},
        ),
    log:
        "<logs>/draw_figure/{figure}.log",
    benchmark:
        "<benchmarks>/draw_figure/{figure}.tsv"
    wildcard_constraints:
        figure=one_of(FIGURES),
    conda:
        "../../envs/figures.yaml"
    params:
        **job(
            "draw_figure",
            params=lambda w: FIGURES[w.figure][1],
            names={"tables": lambda w: FIGURES[w.figure][0]},
        ),
    shell:
        RUN
