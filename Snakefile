"""Regenerate the whole study: from raw clips to the paper's PDF.

`snakemake` alone runs the default study, config.yaml; `--configfile FILE` another one: config/quick.yaml, your own, ...
"""

from snakemake.utils import min_version

min_version("9.27")


report: "workflow/report/study.rst"


include: "workflow/rules/common.smk"
include: "workflow/rules/job.smk"
include: "workflow/rules/models.smk"
include: "workflow/rules/inputs.smk"
include: "workflow/rules/params.smk"
include: "workflow/rules/frames.smk"
include: "workflow/rules/frequency.smk"
include: "workflow/rules/sampling.smk"
include: "workflow/rules/training.smk"
include: "workflow/rules/evaluation.smk"
include: "workflow/rules/statistics.smk"
include: "workflow/rules/lexical.smk"
include: "workflow/rules/published.smk"


# Parts that a study has or has not.
if RENDERED:

    include: "workflow/rules/data.smk"


if SHOWN:

    include: "workflow/rules/datasheets.smk"


if CONFIG.organism:

    include: "workflow/rules/pretraining.smk"
    include: "workflow/rules/exposure.smk"


if SHOWN and CONFIG.organism:

    include: "workflow/rules/sanity_checks.smk"


if CONFIG.enrichment:

    include: "workflow/rules/enrichment.smk"


include: "workflow/rules/claims.smk"
include: "workflow/rules/figures.smk"
include: "workflow/rules/paper.smk"
include: "workflow/rules/explorer_data.smk"
include: "workflow/rules/explorer.smk"
include: "workflow/rules/provenance.smk"


rule all:
    """The paper, and everything it is made of."""
    default_target: True
    input:
        "<results>/paper/paper.pdf",
        "<results>/explorer/index.html",
        expand("<results>/tables/{table}.csv", table=TABLES),
        expand("<results>/raw/{dataset}/DATASHEET.md", dataset=RENDERED),
        expand("<results>/figures/{sheet}.png", sheet=SHEETS if SHOWN else []),


rule prefetch_weights:
    """What comes from outside: the face geometry, corpora, and the weights of systems that are not trained here."""
    input:
        rules.fetch_rig.output if RENDERED else [],
        [f"<results>/corpora/{source}/{language}.jsonl" for source, language in PACKAGED],
        [f"{model_folder(s, 1, fold)}/fetched.json" for s in fetched() for fold in STUDY.systems[s].folds],
    localrule: True
