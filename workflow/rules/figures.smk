"""Figures: each from tidy tables, as PDF and PNG.

in:  tables/*.csv, published figures, config tables
out: figures/<figure>.{pdf,png}
"""

from emovlm.figures.drawable import drawable_figures, parameters_of, tables_of
from emovlm.figures.tables import PLAIN

PRIMARY = {
    "source": CONFIG.lexicon and CONFIG.lexicon.primary_source,
    "form": CONFIG.lexicon and CONFIG.lexicon.primary_form,
}
ROWS = {t: PLAIN[t] for t in ("conditions", "systems", "frame_samplers")}
# The tables that figures are drawn from, as far as the study has the parts that they come from.
TABLE = {
    **{t: f"{RESULTS}/tables/{t}.csv" for t in TABLES},
    **{t: f"{RESULTS}/tables/rows/{t}.tsv" for t in ROWS},
}
if CONFIG.lexicon:
    TABLE["frequency"] = f"{RESULTS}/lexicon/frequency.csv"
if CONFIG.published:
    TABLE |= {p: f"resources/published/{p}.csv" for p in PUBLISHED}
TABLE["manifest"] = f"{RESULTS}/manifests/{SHOWN or TESTED[0]}.parquet"
if SHOWN:
    TABLE |= {
        "truth": f"{RESULTS}/raw/{SHOWN}/truth/clips.parquet",
        "frame_truth": f"{RESULTS}/raw/{SHOWN}/truth/frames.parquet",
        **{f"samples.{s}": f"{RESULTS}/samples/{SHOWN}/{s}.parquet" for s in embedded_samplers()},
        **{f"stores.{k}": f"{RESULTS}/frames/{SHOWN}/{k}.safetensors" for k in range(STUDY.datasets[SHOWN].n_shards)},
    }
# What figures may ask of the study by a keyword-only parameter of that name.
PARAMETERS = {
    "study": CONFIG.study,
    "seed": CONFIG.seed,
    "classes": STUDY.classes,
    "language": LEXICAL and LEXICAL.language,
    **PRIMARY,
}


try:
    FIGURES = drawable_figures(STUDY, TABLE, PARAMETERS)
except StudyError as error:
    raise WorkflowError(str(error)) from None


rule list_rows:
    """Write a config table without its remarks, whose rewording must not redraw anything."""
    output:
        rows="<results>/tables/rows/{table}.tsv",
    log:
        "<logs>/list_rows/{table}.log",
    benchmark:
        "<benchmarks>/list_rows/{table}.tsv"
    wildcard_constraints:
        table=one_of(ROWS),
    conda:
        "../../envs/figures.yaml"
    params:
        **job(
            "list_rows",
            params=lambda w: dict(
                columns=ROWS[w.table],
                rows=[{c: r.get(c, "") for c in ROWS[w.table]} for r in shown_rows(w.table)],
            ),
        ),
    shell:
        RUN


rule draw_figure:
    """Draw one figure."""
    input:
        tables=lambda w: list(tables_of(FIGURES[w.figure], TABLE).values()),
    output:
        pdf="<results>/figures/{figure}.pdf",
        png=report(
            "<results>/figures/{figure}.png",
            caption="../report/figure.rst",
            category=lambda w: FIGURES[w.figure].category,
            labels=lambda w: {"figure": FIGURES[w.figure].title},
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
            params=lambda w: parameters_of(FIGURES[w.figure], PARAMETERS),
            names={"tables": lambda w: tables_of(FIGURES[w.figure], TABLE)},
            modules=lambda w: [FIGURES[w.figure].file],
        ),
        caption=lambda w: FIGURES[w.figure].caption,
    shell:
        RUN
