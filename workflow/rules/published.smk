"""Published: other people's figures beside the study's own, and analysed anew.

in:  resources/published/*.csv, tables/metrics.csv
out: tables/{published_comparison,reanalysis}.csv
"""


rule compare_published:
    """The study's own figures beside the published ones that they answer to."""
    input:
        metrics="<results>/tables/metrics.csv",
        published=expand("resources/published/{p}.csv", p=PUBLISHED),
    output:
        table("published_comparison"),
    log:
        "<logs>/compare_published.log",
    benchmark:
        "<benchmarks>/compare_published.tsv"
    conda:
        "../../envs/statistics.yaml"
    params:
        code=code("compare_published"),
        slice=as_json(conditions=published_conditions()),
        published=named("resources/published/{}.csv", PUBLISHED),
    shell:
        recorded(
            "python workflow/scripts/compare_published.py --params {params.slice:q} --metrics {input.metrics}"
            " --published {params.published} --out {output}"
        )


rule reanalyse_published:
    """Does shuffling frames change the published macro-F1 of the paper's systems? Exact tests over systems."""
    input:
        "resources/published/paper_frame_shuffle.csv",
    output:
        table("reanalysis"),
    log:
        "<logs>/reanalyse_published.log",
    benchmark:
        "<benchmarks>/reanalyse_published.tsv"
    conda:
        "../../envs/statistics.yaml"
    params:
        code=code("reanalyse_published"),
    shell:
        recorded(
            "python workflow/scripts/reanalyse_published.py --published paper_frame_shuffle={input} --out {output}"
        )
