"""Provenance: what the record of every job says of the study as a whole.

out: provenance/jobs/<rule>/<wildcards>.json, with the path of the job's log

Included last, since it lists all rules.
"""

DEFAULT_CONFIG = str(ROOT / "config.yaml")

SHARED = as_json(
    results=RESULTS,
    logs=config["pathvars"]["logs"],
    # Files that override config.yaml, in their order.
    config=[os.path.relpath(file, ROOT) for file in workflow.configfiles if os.path.abspath(file) != DEFAULT_CONFIG],
    environments={rule.name: f"envs/{Path(str(rule.conda_env)).name}" for rule in workflow.rules if rule.conda_env},
    datasets={name: {"folder": folder(name), "licence": row["licence"]} for name, row in STUDY.datasets.items()},
)
os.environ |= {"EMOVLM_STUDY": SHARED}
