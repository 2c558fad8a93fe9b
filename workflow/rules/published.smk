"""Published: other people's figures beside the study's own, and their re-analysis.

in:  resources/published/*.csv, tables/metrics.csv
out: tables/{published_comparison,reanalysis}.csv
"""


rule compare_published:
    """The study's own figures beside the published ones that they answer to."""
    input:
        metrics="<results>/tables/metrics.csv",
        published=expand("resources/published/{p}.csv", p=PUBLISHED),
    output:
        published_comparison=table("published_comparison"),
    log:
        "<logs>/compare_published.log",
    benchmark:
        "<benchmarks>/compare_published.tsv"
    conda:
        "../../envs/statistics.yaml"
    params:
        **job(
            "compare_published",
            params=dict(conditions=published_conditions()),
            names={"published": PUBLISHED},
        ),
    shell:
        RUN


rule reanalyse_published:
    """Does shuffling frames change the published macro-F1 of the paper's systems? Exact tests over systems."""
    input:
        published=["resources/published/paper_frame_shuffle.csv"],
    output:
        reanalysis=table("reanalysis"),
    log:
        "<logs>/reanalyse_published.log",
    benchmark:
        "<benchmarks>/reanalyse_published.tsv"
    conda:
        "../../envs/statistics.yaml"
    params:
        **job("reanalyse_published", names={"published": ["paper_frame_shuffle"]}),
    shell:
        RUN
