"""Training: each fine-tuned system on the draws of its training sampler; weights from outside are fetched.

in:  pretrained models, training schedules, frame stores
out: models/<system>/<replicate>[/fold<k>]/*, as `save_pretrained` writes them
"""


rule fetch_weights:
    """Fetch the weights of a system that is not trained here: a commit of the hub, or a file fetched by hand."""
    input:
        lambda w: [file for file in checkpoint_of(w) if Path(file).is_file() or not workflow.dryrun],
    output:
        "<results>/models/{system}/{replicate}{fold}/fetched.json",
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
        code=code("fetch_weights"),
        slice=weights_slice,
    shell:
        recorded("python workflow/scripts/fetch_weights.py --params {params.slice:q} --out {output}")


rule finetune_lora:
    """Fine-tune a vision-language model by LoRA on the draws of one training sampler."""
    input:
        unpack(tuning_inputs),
        prompt=lambda w: STUDY.prompts_of(w.system)["classify"],
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
        code=code("finetune_lora"),
        slice=tuning_slice,
    shell:
        recorded(
            "python workflow/scripts/finetune_lora.py --params {params.slice:q} --base {input.base[0]}"
            " --schedule {input.schedule} --sample {input.sample} --manifest {input.manifest} --stores {input.stores}"
            " --prompt {input.prompt} --weights {output.weights}"
        )


rule train_classifier:
    """Train a vision-only classifier on the draws of one training sampler."""
    input:
        unpack(tuning_inputs),
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
        code=code("train_classifier"),
        slice=tuning_slice,
    shell:
        recorded(
            "python workflow/scripts/train_classifier.py --params {params.slice:q} --base {input.base[0]}"
            " --schedule {input.schedule} --sample {input.sample} --manifest {input.manifest} --stores {input.stores}"
            " --weights {output.weights}"
        )


rule finetune_dfer:
    """Fine-tune MAE-DFER or HiCMAE, from an official pretrained checkpoint, on the draws of one training sampler."""
    input:
        unpack(tuning_inputs),
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
        code=code("finetune_dfer"),
        slice=tuning_slice,
        sounds=lambda w, input: f"--sounds {' '.join(input.sounds)}" if hears(w.system) else "",
    shell:
        recorded(
            "python workflow/scripts/finetune_dfer.py --params {params.slice:q} --base {input.base[0]}"
            " --schedule {input.schedule} --sample {input.sample} --manifest {input.manifest} --stores {input.stores}"
            " {params.sounds} --weights {output.weights}"
        )
