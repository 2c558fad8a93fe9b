"""Pretraining: the organism, its tower and then its language, from rendered faces.

in:  frame stores, action units, word frequencies
out: captions/<variant>/<replicate>.parquet, features/<dataset>/<tower>/<shard>.safetensors,
     models/<system>/<replicate>/*, as `save_pretrained` writes them
"""

FACES = CONFIG.organism.dataset
CAPTION_VARIANTS = {system.variant.name for system in STUDY.systems.values() if system.variant}


rule write_captions:
    """Write the captions of one pretraining variant: how often they name each emotion is its only feature."""
    input:
        truth=f"<results>/raw/{FACES}/truth/frames.parquet",
        clips=f"<results>/raw/{FACES}/truth/clips.parquet",
        frames=frame_indices(FACES),
        manifest=f"<results>/manifests/{FACES}.parquet",
        frequency="<results>/lexicon/frequency.csv",
        prompts=list(CONFIG.prompts.files.values()),
    output:
        captions="<results>/captions/{variant}/{replicate}.parquet",
    log:
        "<logs>/write_captions/{variant}/{replicate}.log",
    benchmark:
        "<benchmarks>/write_captions/{variant}/{replicate}.tsv"
    wildcard_constraints:
        variant=one_of(CAPTION_VARIANTS),
    conda:
        "../../envs/training.yaml"
    params:
        **job(
            "write_captions",
            params=lambda w: dict(
                variant=STUDY.caption_variants[w.variant],
                seed=run_seed(w.replicate),
                permutation_seed=CONFIG.seed,
                classes=STUDY.classes,
                lexicon=CONFIG.lexicon,
                **CONFIG.organism.captions.told(),
            ),
            names={"prompts": CONFIG.prompts.files},
        ),
    shell:
        RUN


rule train_tower:
    """Teach the organism's vision tower action units; no emotion word is involved."""
    input:
        stores=stores(FACES),
        truth=f"<results>/raw/{FACES}/truth/frames.parquet",
        frames=frame_indices(FACES),
    output:
        weights="<results>/models/tower/{replicate}/model.safetensors",
        others=expand("<results>/models/tower/{{replicate}}/{file}", file=SAVED),
    log:
        "<logs>/train_tower/{replicate}.log",
    benchmark:
        "<benchmarks>/train_tower/{replicate}.tsv"
    conda:
        "../../envs/training.yaml"
    params:
        **job(
            "train_tower",
            params=lambda w: dict(
                tower=CONFIG.organism.tower,
                seed=run_seed(w.replicate),
                image_size=CONFIG.frames.size,
            ),
        ),
    shell:
        RUN


rule encode_frames:
    """Compute a frozen tower's features of one shard's frames, once for all variants and runs that have this tower."""
    input:
        tower=expand("<results>/models/tower/{{replicate}}/{file}", file=["model.safetensors", "config.json"]),
        store="<results>/frames/{dataset}/{shard}.safetensors",
    output:
        features="<results>/features/{dataset}/{replicate}/{shard}.safetensors",
    log:
        "<logs>/encode_frames/{dataset}/{replicate}/{shard}.log",
    benchmark:
        "<benchmarks>/encode_frames/{dataset}/{replicate}/{shard}.tsv"
    wildcard_constraints:
        dataset=one_of([FACES]),
    conda:
        "../../envs/training.yaml"
    params:
        **job("encode_frames"),
    shell:
        RUN


rule pretrain_organism:
    """Teach the organism language from one variant's captions, on the frozen tower."""
    input:
        tower=lambda w: model_files("tower", w.replicate),
        captions=lambda w: f"<results>/captions/{STUDY.systems[w.system].variant.name}/{w.replicate}.parquet",
        features=lambda w: shards(
            f"<results>/features/{{dataset}}/{run_of('tower', w.replicate)}/{{shard}}.safetensors", FACES
        ),
        prompts=list(CONFIG.prompts.files.values()),
    output:
        weights="<results>/models/{system}/{replicate}/model.safetensors",
        others=expand("<results>/models/{{system}}/{{replicate}}/{file}", file=[*SAVED_VLM, "labels.csv"]),
    log:
        "<logs>/pretrain_organism/{system}/{replicate}.log",
    benchmark:
        "<benchmarks>/pretrain_organism/{system}/{replicate}.tsv"
    wildcard_constraints:
        system=one_of(trained_by("pretrain")),
    conda:
        "../../envs/training.yaml"
    params:
        **job(
            "pretrain_organism",
            params=lambda w: dict(
                seed=run_seed(w.replicate),
                classes=STUDY.classes,
                image_size=CONFIG.frames.size,
                tower=CONFIG.organism.tower,
                language=CONFIG.organism.language,
            ),
            names={"prompts": CONFIG.prompts.files},
        ),
    shell:
        RUN
