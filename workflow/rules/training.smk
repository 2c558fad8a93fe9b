"""Training: each fine-tuned system on the draws of its training sampler; weights from outside are fetched.

in:  pretrained models, training schedules, frame stores
out: models/<system>/<replicate>[/fold<k>]/*, as `save_pretrained` writes them
"""


rule fetch_weights:
    """Fetch the weights of a system that is not trained here: a commit of the hub, or a file fetched by hand."""
    input:
        checkpoint=lambda w: [file for file in checkpoint_files(w) if Path(file).is_file() or not workflow.dryrun],
    output:
        fetched="<results>/models/{system}/{replicate}{fold}/fetched.json",
    log:
        "<logs>/fetch_weights/{system}/{replicate}{fold}.log",
    benchmark:
        "<benchmarks>/fetch_weights/{system}/{replicate}{fold}.tsv"
    wildcard_constraints:
        system=one_of(fetched()),
    localrule: True
    conda:
        "../../envs/training.yaml"
    params:
        **job("fetch_weights", params=weights_params),
    shell:
        RUN


rule finetune_lora:
    """Fine-tune a vision-language model by LoRA on the draws of one training sampler."""
    input:
        unpack(training_inputs),
        prompt=lambda w: STUDY.systems[w.system].prompts.classify,
    output:
        weights="<results>/models/{system}/{replicate}{fold}/adapter_model.safetensors",
        others=expand(
            "<results>/models/{{system}}/{{replicate}}{{fold}}/{file}",
            file=["adapter_config.json", "training.csv", "labels.csv"],
        ),
    log:
        "<logs>/finetune_lora/{system}/{replicate}{fold}.log",
    benchmark:
        "<benchmarks>/finetune_lora/{system}/{replicate}{fold}.tsv"
    wildcard_constraints:
        system=one_of(trained_by("lora")),
    conda:
        "../../envs/training.yaml"
    params:
        **job("finetune_lora", params=training_params),
    shell:
        RUN


rule train_classifier:
    """Train a vision-only classifier on the draws of one training sampler."""
    input:
        unpack(training_inputs),
    output:
        weights="<results>/models/{system}/{replicate}{fold}/model.safetensors",
        others=expand("<results>/models/{{system}}/{{replicate}}{{fold}}/{file}", file=[*SAVED, "labels.csv"]),
    log:
        "<logs>/train_classifier/{system}/{replicate}{fold}.log",
    benchmark:
        "<benchmarks>/train_classifier/{system}/{replicate}{fold}.tsv"
    wildcard_constraints:
        system=one_of(trained_by("classifier")),
    conda:
        "../../envs/training.yaml"
    params:
        **job("train_classifier", params=training_params),
    shell:
        RUN


rule finetune_dfer:
    """Fine-tune MAE-DFER or HiCMAE, from an official pretrained checkpoint, on the draws of one training sampler."""
    input:
        unpack(training_inputs),
    output:
        weights="<results>/models/{system}/{replicate}{fold}/model.safetensors",
        others=expand(
            "<results>/models/{{system}}/{{replicate}}{{fold}}/{file}",
            file=["config.json", "training.csv", "labels.csv"],
        ),
    log:
        "<logs>/finetune_dfer/{system}/{replicate}{fold}.log",
    benchmark:
        "<benchmarks>/finetune_dfer/{system}/{replicate}{fold}.tsv"
    wildcard_constraints:
        system=one_of(trained_by("dfer")),
    conda:
        "../../envs/training.yaml"
    params:
        **job("finetune_dfer", params=training_params),
    shell:
        RUN
