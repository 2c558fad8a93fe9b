"""Paper: one PDF, in which every number comes from results, with an account of the run that made them.

in:  values.json, tables, figures, records of the jobs behind them
out: provenance/run.json, paper/paper.pdf
"""

from emovlm.report.references import parts

SOURCE = CONFIG.paper.source
TYPESET = [
    *["metrics", "per_class", "comparisons", "correlations", "specifications", "concordance", "contrasts", "slopes"],
    *["sanity_checks", "cues", "claims", "evidence", "published_comparison", "reanalysis", "conditions"],
    *["frame_samplers", "paper_frame_shuffle"],
]
PAPER_TABLES = {t: TABLE[t] for t in TYPESET if t in TABLE}
PAPER_FIGURES = {
    **{s: f"{RESULTS}/figures/{s}.png" for s in ("contact_sheet", "strips") if SHOWN},
    **{f: f"{RESULTS}/figures/{f}.pdf" for f in FIGURES},
}
PAPER_PROMPTS = {s.prompts.name: s.prompts.classify for s in STUDY.asked if s.kind != "vision"}
PRINTED = ("system", "kind", "family", "weights", "revision")  # columns of the systems table
LEDGERS = [system.name for system in STUDY.asked if system.served]


rule account_run:
    """What the jobs behind the paper took, where and with what they ran. Last but one: it reads their records."""
    input:
        values="<results>/values.json",
        tables=list(PAPER_TABLES.values()),
        figures=list(PAPER_FIGURES.values()),
    output:
        account="<results>/provenance/run.json",
    log:
        "<logs>/account_run.log",
    benchmark:
        "<benchmarks>/account_run.tsv"
    conda:
        "../../envs/paper.yaml"
    params:
        **job(
            "account_run",
            params=dict(ledgers={s: f"{model_folder(s, 1, results=RESULTS)}/requests.jsonl" for s in LEDGERS}),
            names={"tables": PAPER_TABLES, "figures": PAPER_FIGURES},
        ),
    shell:
        RUN


rule typeset_paper:
    """Typeset the paper."""
    input:
        source=SOURCE,
        parts=[part.as_posix() for part in parts(SOURCE) if part != Path(SOURCE)],
        prompts=list(PAPER_PROMPTS.values()),
        values="<results>/values.json",
        run="<results>/provenance/run.json",
        tables=list(PAPER_TABLES.values()),
        figures=list(PAPER_FIGURES.values()),
    output:
        paper=report(
            "<results>/paper/paper.pdf",
            caption="../report/paper.rst",
            category="Paper",
            labels={"document": "paper"},
        ),
    log:
        "<logs>/typeset_paper.log",
    benchmark:
        "<benchmarks>/typeset_paper.tsv"
    conda:
        "../../envs/paper.yaml"
    params:
        **job(
            "typeset_paper",
            params=lambda w: dict(
                config=printed_config(),
                words={name: figure.words for name, figure in FIGURES.items()},
            ),
            names={"tables": PAPER_TABLES, "figures": PAPER_FIGURES, "prompts": PAPER_PROMPTS},
        ),
    shell:
        RUN
