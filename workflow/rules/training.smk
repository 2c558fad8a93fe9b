"""Training: the organism (tower, language, LoRA) and the vision-only classifiers.

in:  frame stores, action units, word frequencies, training schedules
out: models/<system>/*, as `save_pretrained` writes them
"""

FACES = config["organism"]["dataset"]
PROMPTS = config["prompts"]
# What `save_pretrained` writes beside the weights.
SAVED = ["config.json", "training.csv"]
SAVED_VLM = [*SAVED, "processor_config.json", "tokenizer.json", "tokenizer_config.json", "chat_template.jinja"]


def stores(dataset):
    return shards("<results>/frames/{dataset}/{shard}.safetensors", dataset)


def frame_indices(dataset):
    return shards("<results>/frames/{dataset}/{shard}.frames.parquet", dataset)


def training_dataset(system):
    """The dataset that a system is fine-tuned on: the one that it is tested on."""
    return next(row["dataset"] for row in STUDY.conditions.values() if row["system"] == system)


rule write_captions:
    """Write the captions of one pretraining arm: how often they name each emotion is its only feature."""
    input:
        truth=f"<results>/raw/{FACES}/truth/frames.parquet",
        frames=frame_indices(FACES),
        manifest=f"<results>/manifests/{FACES}.parquet",
        frequency="<results>/lexicon/frequency.csv",
        prompts=list(PROMPTS.values()),
    output:
        "<results>/captions/{arm}.parquet",
    params:
        code=code("write_captions"),
        slice=lambda w: as_json(
            arm=w.arm, seed=config["seed"], classes=STUDY.classes, prompts=PROMPTS,
            lexicon=config["lexicon"], **config["organism"]["captions"],
        ),
    wildcard_constraints:
        arm="frequency|uniform",
    log:
        "<logs>/write_captions/{arm}.log",
    benchmark:
        "<benchmarks>/write_captions/{arm}.tsv"
    conda:
        "../../envs/training.yaml"
    shell:
        "python workflow/scripts/write_captions.py --params {params.slice:q} --truth {input.truth}"
        " --frames {input.frames} --manifest {input.manifest} --frequency {input.frequency}"
        " --out {output} 2>&1 | tee {log}"


rule train_tower:
    """Teach the organism's vision tower action units; no emotion word is involved."""
    input:
        stores=stores(FACES),
        truth=f"<results>/raw/{FACES}/truth/frames.parquet",
        frames=frame_indices(FACES),
    output:
        weights="<results>/models/tower/model.safetensors",
        others=expand("<results>/models/tower/{file}", file=SAVED),
    params:
        code=code("train_tower"),
        slice=as_json(tower=config["organism"]["tower"], seed=config["seed"], image_size=config["frames"]["size"]),
    log:
        "<logs>/train_tower.log",
    benchmark:
        "<benchmarks>/train_tower.tsv"
    conda:
        "../../envs/training.yaml"
    threads: 2
    shell:
        "python workflow/scripts/train_tower.py --params {params.slice:q} --stores {input.stores}"
        " --truth {input.truth} --frames {input.frames} --weights {output.weights} 2>&1 | tee {log}"


rule pretrain_organism:
    """Teach the organism language from one arm's captions, on the frozen tower."""
    input:
        tower="<results>/models/tower/model.safetensors",
        captions=lambda w: f"<results>/captions/{STUDY.systems[w.system]['arm']}.parquet",
        stores=stores(FACES),
        prompts=list(PROMPTS.values()),
    output:
        weights="<results>/models/{system}/model.safetensors",
        others=expand("<results>/models/{{system}}/{file}", file=SAVED_VLM),
    wildcard_constraints:
        system=one_of(PRETRAINED),
    params:
        code=code("pretrain_organism"),
        slice=as_json(
            seed=config["seed"], classes=STUDY.classes, prompts=PROMPTS, image_size=config["frames"]["size"],
            **{k: config["organism"][k] for k in ("tower", "language")},
        ),
    log:
        "<logs>/pretrain_organism/{system}.log",
    benchmark:
        "<benchmarks>/pretrain_organism/{system}.tsv"
    conda:
        "../../envs/training.yaml"
    shell:
        "python workflow/scripts/pretrain_organism.py --params {params.slice:q} --tower {input.tower}"
        " --captions {input.captions} --stores {input.stores} --weights {output.weights} 2>&1 | tee {log}"


rule finetune_lora:
    """Fine-tune a vision-language model by LoRA on the draws of one training sampler."""
    input:
        base=lambda w: "<results>/models/{}/model.safetensors".format(STUDY.systems[w.system]["base"]),
        schedule=lambda w: "<results>/schedules/{}/lora/{}.parquet".format(
            training_dataset(w.system), STUDY.systems[w.system]["sampler"]
        ),
        sample=lambda w: f"<results>/samples/{training_dataset(w.system)}/{config['lora']['sampler']}.parquet",
        manifest=lambda w: f"<results>/manifests/{training_dataset(w.system)}.parquet",
        stores=lambda w: stores(training_dataset(w.system)),
        prompt=PROMPTS["classify"],
    output:
        weights="<results>/models/{system}/adapter_model.safetensors",
        config="<results>/models/{system}/adapter_config.json",
        log="<results>/models/{system}/training.csv",
    wildcard_constraints:
        system=one_of(TUNED),
    params:
        code=code("finetune_lora"),
        slice=as_json(seed=config["seed"], **config["lora"]),
    log:
        "<logs>/finetune_lora/{system}.log",
    benchmark:
        "<benchmarks>/finetune_lora/{system}.tsv"
    conda:
        "../../envs/training.yaml"
    shell:
        "python workflow/scripts/finetune_lora.py --params {params.slice:q} --base {input.base}"
        " --schedule {input.schedule} --sample {input.sample} --manifest {input.manifest} --stores {input.stores}"
        " --prompt {input.prompt} --weights {output.weights} 2>&1 | tee {log}"


rule pretrain_video:
    """Teach the vision-only network action units from the pretraining clips."""
    input:
        stores=stores(FACES),
        truth=f"<results>/raw/{FACES}/truth/frames.parquet",
        sample=f"<results>/samples/{FACES}/{config['classifier']['sampler']}.parquet",
    output:
        weights="<results>/models/video/model.safetensors",
        others=expand("<results>/models/video/{file}", file=SAVED),
    params:
        code=code("pretrain_video"),
        slice=as_json(seed=config["seed"], image_size=config["frames"]["size"], **config["classifier"]),
    log:
        "<logs>/pretrain_video.log",
    benchmark:
        "<benchmarks>/pretrain_video.tsv"
    conda:
        "../../envs/training.yaml"
    shell:
        "python workflow/scripts/pretrain_video.py --params {params.slice:q} --stores {input.stores}"
        " --truth {input.truth} --sample {input.sample} --weights {output.weights} 2>&1 | tee {log}"


rule train_classifier:
    """Train a vision-only classifier on the draws of one training sampler."""
    input:
        base="<results>/models/video/model.safetensors",
        schedule=lambda w: "<results>/schedules/{}/classifier/{}.parquet".format(
            training_dataset(w.system), STUDY.systems[w.system]["sampler"]
        ),
        sample=lambda w: f"<results>/samples/{training_dataset(w.system)}/{config['classifier']['sampler']}.parquet",
        manifest=lambda w: f"<results>/manifests/{training_dataset(w.system)}.parquet",
        stores=lambda w: stores(training_dataset(w.system)),
    output:
        weights="<results>/models/{system}/model.safetensors",
        others=expand("<results>/models/{{system}}/{file}", file=SAVED),
    wildcard_constraints:
        system=one_of(CLASSIFIERS),
    params:
        code=code("train_classifier"),
        slice=as_json(seed=config["seed"], classes=STUDY.classes, **config["classifier"]),
    log:
        "<logs>/train_classifier/{system}.log",
    benchmark:
        "<benchmarks>/train_classifier/{system}.tsv"
    conda:
        "../../envs/training.yaml"
    shell:
        "python workflow/scripts/train_classifier.py --params {params.slice:q} --base {input.base}"
        " --schedule {input.schedule} --sample {input.sample} --manifest {input.manifest} --stores {input.stores}"
        " --weights {output.weights} 2>&1 | tee {log}"
