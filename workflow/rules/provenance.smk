"""Provenance: what the record of every job says of the study as a whole.

out: provenance/jobs/<rule>/<wildcards>.json, with the path of the job's log

Included last, since it lists all rules.
"""


def named(file):
    """A file of the configuration, as records name it."""
    name = os.path.relpath(file, ROOT)
    return f"<elsewhere>/{Path(file).name}" if name.startswith("..") else name


SHARED = as_line(
    dict(
        results=RESULTS,
        logs=CONFIG.pathvars.logs,
        config=[named(file) for file in workflow.overwrite_configfiles],
        environments={rule.name: f"envs/{Path(str(rule.conda_env)).name}" for rule in workflow.rules if rule.conda_env},
        models={f"model:{s.name}": str(s.folder) for s in STUDY.systems.values() if s.folder},
        datasets={name: {"folder": folder(name), "licence": row.licence} for name, row in STUDY.datasets.items()},
    )
)
os.environ |= {"EMOVLM_STUDY": SHARED, "EMOVLM_SNAKEMAKE": str(os.getpid())}
if PLAN:
    Path(PLAN, "study.json").write_text(SHARED, encoding="utf-8")
