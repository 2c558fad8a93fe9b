"""Datasheets: what a rendered dataset is made of, what it looks like, and the test that only the face predicts the class.

in:  raw/<dataset>: plan, truth, clips
out: raw/<dataset>/DATASHEET.md, tables/cues.csv, figures/{apex_112,apex_224,strips,contact_sheet}.png
"""

APEX_PX = [112, 224]
SHEETS = [*(f"apex_{px}" for px in APEX_PX), "strips"]


rule write_datasheet:
    """Write the datasheet of a rendered dataset, under the headings of Gebru et al."""
    input:
        plan="<results>/raw/{dataset}/plan.parquet",
        clips="<results>/raw/{dataset}/truth/clips.parquet",
        frames="<results>/raw/{dataset}/truth/frames.parquet",
        rig="<results>/rig/rig.npz",
    output:
        datasheet="<results>/raw/{dataset}/DATASHEET.md",
    log:
        "<logs>/write_datasheet/{dataset}.log",
    benchmark:
        "<benchmarks>/write_datasheet/{dataset}.tsv"
    wildcard_constraints:
        dataset=one_of(RENDERED),
    conda:
        "../../envs/datasheets.yaml"
    params:
        **job(
            "write_datasheet",
            params=lambda w: dict(rendering_params(), command=f"snakemake {RESULTS}/raw/{w.dataset}/DATASHEET.md"),
        ),
    shell:
        RUN


rule measure_cues:
    """Try to predict the class from head, gaze, blinks, room, length and file alone."""
    input:
        clips=f"<results>/raw/{SHOWN}/truth/clips.parquet",
    output:
        cues=table("cues"),
    log:
        "<logs>/measure_cues.log",
    benchmark:
        "<benchmarks>/measure_cues.tsv"
    conda:
        "../../envs/datasheets.yaml"
    params:
        **job(
            "measure_cues",
            params=dict(seed=CONFIG.seed, **resampling_params()),
        ),
    shell:
        RUN


rule draw_apex_sheet:
    """Render the apex of every class, nine people each, at one size of picture."""
    input:
        plan=f"<results>/raw/{SHOWN}/plan.parquet",
        rig="<results>/rig/rig.npz",
    output:
        sheet=report(
            "<results>/figures/apex_{px}.png",
            caption="../report/apex.rst",
            category="Material",
            labels={"figure": "every class at the apex, {px} px"},
        ),
    log:
        "<logs>/draw_apex_sheet/{px}.log",
    benchmark:
        "<benchmarks>/draw_apex_sheet/{px}.tsv"
    wildcard_constraints:
        px=one_of(map(str, APEX_PX)),
    conda:
        "../../envs/datasheets.yaml"
    params:
        **job(
            "draw_apex_sheet",
            params=dict(seed=CONFIG.seed, supersampling=CONFIG.synface.supersampling),
        ),
    shell:
        RUN


rule draw_strips:
    """Show clips over time: one of every class, an order-dependent pair and a micro-expression."""
    input:
        clips=f"<results>/raw/{SHOWN}/truth/clips.parquet",
    output:
        strips=report(
            "<results>/figures/strips.png",
            caption="../report/strips.rst",
            category="Material",
            labels={"figure": "strips of clips"},
        ),
    log:
        "<logs>/draw_strips.log",
    benchmark:
        "<benchmarks>/draw_strips.tsv"
    conda:
        "../../envs/datasheets.yaml"
    params:
        **job("draw_strips", script="draw_clip_sheet", params=dict(folder=f"{folder(SHOWN)}/clips")),
    shell:
        RUN


rule draw_contact_sheet:
    """Show clips of every class at the apex, decoded from the MP4 files."""
    input:
        clips=f"<results>/raw/{SHOWN}/truth/clips.parquet",
    output:
        contact_sheet=report(
            "<results>/figures/contact_sheet.png",
            caption="../report/contact_sheet.rst",
            category="Material",
            labels={"figure": "contact sheet"},
        ),
    log:
        "<logs>/draw_contact_sheet.log",
    benchmark:
        "<benchmarks>/draw_contact_sheet.tsv"
    conda:
        "../../envs/datasheets.yaml"
    params:
        **job("draw_contact_sheet", script="draw_clip_sheet", params=dict(folder=f"{folder(SHOWN)}/clips")),
    shell:
        RUN
