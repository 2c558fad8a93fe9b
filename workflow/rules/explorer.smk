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
        code=code("show_clips"),
        slice=lambda w: as_json(
            dataset={
                "dataset": w.dataset,
                "licence": STUDY.datasets[w.dataset]["licence"],
                "size": frame_size(w.dataset),
            },
            classes=STUDY.classes_of(w.dataset),
            sheets=len(THUMBNAILS) if w.dataset in OPENED else 0,
        ),
        samples=lambda w: [f"{n}={p}" for n, p in explorer_samples(w.dataset).items()],
    shell:
        recorded(
            "python workflow/scripts/show_clips.py --params {params.slice:q} --manifest {input.manifest}"
            " --clips {input.clips} --frames {input.frames} --samples {params.samples} --truths {input.truths}"
            " --out {output.columns} --details {output.details}"
        )


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
        code=code("draw_sheets"),
        slice=lambda w: as_json(size=frame_size(w.dataset)),
    shell:
        recorded(
            "python workflow/scripts/draw_sheets.py --params {params.slice:q} --manifest {input.manifest}"
            " --clips {input.clips} --frames {input.frames} --truths {input.truths} --stores {input.stores}"
            " --strips {output.strips} --thumbnails {output.thumbnails}"
        )


rule show_answers:
    """Write what was answered: a file a condition, and for each dataset one with the answers of all."""
    input:
        [list(files.values()) for files in ANSWER_FILES.values()],
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
        code=code("show_answers"),
        slice=as_json(
            **{
                d: {
                    "classes": STUDY.classes_of(d),
                    "conditions": listed(explored(d), ["condition", "system", "frames", "context", "prompt"]),
                }
                for d in TESTED
            }
        ),
        files=[f"--{kind} " + " ".join(f"{n}={p}" for n, p in files.items()) for kind, files in ANSWER_FILES.items()],
        answers=named(f"{RESULTS}/explorer/data/answers/{{}}.js", STUDY.conditions),
        short=named(f"{RESULTS}/explorer/data/{{}}/answers.js", TESTED),
    shell:
        recorded(
            "python workflow/scripts/show_answers.py --params {params.slice:q} {params.files} --values {input.values}"
            " --out {params.answers} --out-all {params.short}"
        )


rule build_explorer:
    """Build the page itself."""
    input:
        source="explorer/index.html",
        parts=PAGE_PARTS,
        values="<results>/values.json",
        data=[
            rules.show_answers.output,
            expand(rules.show_clips.output, dataset=TESTED),
            expand(rules.draw_sheets.output, dataset=OPENED),
        ],
    output:
        "<results>/explorer/index.html",
    log:
        "<logs>/build_explorer.log",
    benchmark:
        "<benchmarks>/build_explorer.tsv"
    conda:
        "../../envs/explorer.yaml"
    params:
        code=code("build_explorer"),
        slice=as_json(
            study=config["study"],
            seed=config["seed"],
            datasets=[
                {"dataset": d, "licence": STUDY.datasets[d]["licence"], "pictures": d in OPENED} for d in TESTED
            ],
            conditions=listed(
                STUDY.conditions.values(),
                ["condition", "system", "dataset", "frames", "context", "decision", "claims"],
            ),
            samplers=list(STUDY.frame_samplers),
            claims=list(STUDY.claims["claims"]),
        ),
    shell:
        recorded(
            "python workflow/scripts/build_explorer.py --params {params.slice:q} --source {input.source}"
            " --parts {input.parts} --values {input.values} --out {output}"
        )
