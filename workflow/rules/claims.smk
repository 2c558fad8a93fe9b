"""Claims: verdicts by rules fixed beforehand, and every number of the study by id.

in:  tables/*.csv, claims.yaml
out: tables/claims.csv, values.json
"""


rule judge_claims:
    """Verdicts on the paper's claims, by rules fixed beforehand."""
    input:
        comparisons="<results>/tables/comparisons.csv",
        classes="<results>/tables/per_class.csv",
        frequency="<results>/lexicon/frequency.csv",
        hits="<results>/tables/hits.csv",
    output:
        "<results>/tables/claims.csv",
    log:
        "<logs>/judge_claims.log",
    benchmark:
        "<benchmarks>/judge_claims.tsv"
    conda:
        "../../envs/statistics.yaml"
    params:
        code=code("judge_claims"),
        slice=as_json(claims=STUDY.claims, lexicon=config["lexicon"], seed=config["seed"], **config["statistics"]),
    shell:
        "python workflow/scripts/judge_claims.py --params {params.slice:q} --comparisons {input.comparisons}"
        " --classes {input.classes} --frequency {input.frequency} --hits {input.hits} --out {output} 2>&1 | tee {log}"


rule collect_values:
    """Every number that the paper prints, by id, with its interval and source."""
    input:
        metrics="<results>/tables/metrics.csv",
        per_class="<results>/tables/per_class.csv",
        comparisons="<results>/tables/comparisons.csv",
        correlations="<results>/tables/correlations.csv",
        hits="<results>/tables/hits.csv",
        claims="<results>/tables/claims.csv",
        frequency="<results>/lexicon/frequency.csv",
        answers=expand("<results>/answers/{c}.parquet", c=STUDY.conditions),
        manifests=expand("<results>/manifests/{d}.parquet", d=STUDY.datasets),
        published=expand("resources/published/{p}.csv", p=PUBLISHED),
    output:
        "<results>/values.json",
    log:
        "<logs>/collect_values.log",
    benchmark:
        "<benchmarks>/collect_values.tsv"
    conda:
        "../../envs/statistics.yaml"
    params:
        code=code("collect_values"),
        answers=named(f"{RESULTS}/answers/{{}}.parquet", STUDY.conditions),
        manifests=named(f"{RESULTS}/manifests/{{}}.parquet", STUDY.datasets),
        published=named("resources/published/{}.csv", PUBLISHED),
    shell:
        "python workflow/scripts/collect_values.py --metrics {input.metrics} --per-class {input.per_class}"
        " --comparisons {input.comparisons} --correlations {input.correlations} --hits {input.hits}"
        " --claims {input.claims} --frequency {input.frequency} --answers {params.answers}"
        " --manifests {params.manifests} --published {params.published} --out {output} 2>&1 | tee {log}"
