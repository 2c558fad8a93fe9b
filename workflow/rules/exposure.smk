"""Exposure: how often the organism reads each emotion's name, counted in its captions like in any other text.

in:  captions/<variant>/<replicate>.parquet
out: tables/exposure.csv
"""

# Variant and run of every file of captions: what the organisms of the study are pretrained on.
CAPTIONED = sorted({(STUDY.systems[s].variant.name, r) for s in trained_by("pretrain") for r in replicates(s)})


rule count_captions:
    """Count each emotion's name in the pretraining captions, beside what their writer recorded."""
    input:
        captions=[f"<results>/captions/{variant}/{replicate}.parquet" for variant, replicate in CAPTIONED],
    output:
        exposure=table("exposure"),
    log:
        "<logs>/count_captions.log",
    benchmark:
        "<benchmarks>/count_captions.tsv"
    conda:
        "../../envs/frequency.yaml"
    params:
        **job("count_captions", params=dict(classes=STUDY.classes, of=CAPTIONED)),
    shell:
        RUN
