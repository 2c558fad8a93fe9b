"""Provenance: what the record of every job says of the study as a whole.

out: provenance/jobs/<rule>/<wildcards>.json, with the path of the job's log

Included last, since it lists all rules.
"""


def override(file):
    """A file that overrides config.yaml, as records name it."""
    name = os.path.relpath(file, ROOT)
    return f"<elsewhere>/{Path(file).name}" if name.startswith("..") else name


SHARED = as_line(
    dict(
        results=RESULTS,
        logs=CONFIG.pathvars.logs,
        config=[override(file) for file in workflow.configfiles if os.path.abspath(file) != str(ROOT / "config.yaml")],
        environments={rule.name: f"envs/{Path(str(rule.conda_env)).name}" for rule in workflow.rules if rule.conda_env},
        datasets={name: {"folder": folder(name), "licence": row.licence} for name, row in STUDY.datasets.items()},
    )
)
os.environ |= {"EMOVLM_STUDY": SHARED}
if PLAN:
    Path(PLAN, "study.json").write_text(SHARED, encoding="utf-8")
