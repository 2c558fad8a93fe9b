"""Explorer: a page to look around in, opened from disk: clips, answers, conditions, verdicts.

in:  values.json, tables, answers, samples, texts, manifests, frame stores, truth
out: explorer/index.html, and what it reads when a view needs it: explorer/data/{answers,<dataset>}/
"""

ANSWER_FILES = explorer_answer_files()


rule show_clips:
    """Write the clips of one dataset: columns to filter by, and details in parts."""
    input:
        manifest="<results>/manifests/{dataset}.parquet",
        clips=lambda w: clip_indices(w.dataset),
        frames=lambda w: frame_indices(w.dataset),
        samples=lambda w: list(explorer_samples(w.dataset).values()),
        truths=lambda w: explorer_truths(w.dataset),
    output:
        columns="<results>/explorer/data/{dataset}/clips.js",
        details=expand("<results>/explorer/data/{{dataset}}/{part}.js", part=CLIP_PARTS),
    log:
        "<logs>/show_clips/{dataset}.log",
    benchmark:
        "<benchmarks>/show_clips/{dataset}.tsv"
    conda:
        "../../envs/explorer.yaml"
    params:
        **job(
            "show_clips",
            params=lambda w: dict(
                dataset={
                    "dataset": w.dataset,
                    "licence": STUDY.datasets[w.dataset].licence,
                    "size": STUDY.datasets[w.dataset].size,
                },
                classes=STUDY.datasets[w.dataset].classes,
                sheets=len(THUMBNAILS) if w.dataset in OPENED else 0,
            ),
            names={"samples": lambda w: explorer_samples(w.dataset)},
        ),
    shell:
        RUN


rule draw_sheets:
    """Draw small pictures of the clips of one dataset."""
    input:
        manifest="<results>/manifests/{dataset}.parquet",
        clips=lambda w: clip_indices(w.dataset),
        frames=lambda w: frame_indices(w.dataset),
        truths=lambda w: explorer_truths(w.dataset)[:1],
        stores=lambda w: stores(w.dataset),
    output:
        strips=expand("<results>/explorer/data/{{dataset}}/strips.{part}.webp", part=CLIP_PARTS),
        thumbnails=expand("<results>/explorer/data/{{dataset}}/thumbs.{part}.webp", part=THUMBNAILS),
    log:
        "<logs>/draw_sheets/{dataset}.log",
    benchmark:
        "<benchmarks>/draw_sheets/{dataset}.tsv"
    wildcard_constraints:
        dataset=one_of(OPENED),
    conda:
        "../../envs/explorer.yaml"
    params:
        **job("draw_sheets", params=lambda w: dict(size=STUDY.datasets[w.dataset].size)),
    shell:
        RUN


rule show_answers:
    """Write what was answered: a file a condition, and for each dataset one with the answers of all."""
    input:
        **{kind: list(files.values()) for kind, files in ANSWER_FILES.items()},
        values="<results>/values.json",
    output:
        answers=expand("<results>/explorer/data/answers/{c}.js", c=STUDY.conditions),
        short=expand("<results>/explorer/data/{d}/answers.js", d=TESTED),
    log:
        "<logs>/show_answers.log",
    benchmark:
        "<benchmarks>/show_answers.tsv"
    conda:
        "../../envs/explorer.yaml"
    params:
        **job(
            "show_answers",
            params={
                d: {
                    "classes": STUDY.datasets[d].classes,
                    "conditions": listed(explored(d), ["condition", "system", "frames", "context", "prompt"]),
                }
                for d in TESTED
            },
            names={**ANSWER_FILES, "short": TESTED},
        ),
    shell:
        RUN


rule build_explorer:
    """Build the page itself."""
    input:
        source="explorer/index.html",
        parts=PAGE_PARTS,
        values="<results>/values.json",
        evidence=["<results>/tables/evidence.csv"] if STUDY.claims.claims else [],
        data=[
            rules.show_answers.output,
            expand(rules.show_clips.output, dataset=TESTED),
            expand(rules.draw_sheets.output, dataset=OPENED),
        ],
    output:
        page="<results>/explorer/index.html",
    log:
        "<logs>/build_explorer.log",
    benchmark:
        "<benchmarks>/build_explorer.tsv"
    conda:
        "../../envs/explorer.yaml"
    params:
        **job(
            "build_explorer",
            params=dict(
                study=CONFIG.study,
                seed=CONFIG.seed,
                datasets=[
                    {"dataset": d, "licence": STUDY.datasets[d].licence, "pictures": d in OPENED} for d in TESTED
                ],
                conditions=listed(
                    [condition.told() for condition in STUDY.conditions.values()],
                    ["condition", "system", "dataset", "frames", "context", "decision", "claims"],
                ),
                samplers=list(STUDY.frame_samplers),
                claims=list(STUDY.claims.claims),
            ),
        ),
    shell:
        RUN
