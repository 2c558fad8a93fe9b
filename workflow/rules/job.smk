"""How scripts run: each gets a description of its job, and leaves a log and a record.

A rule names its inputs and outputs, and has

    params:
        **job("name_of_the_rule", params=..., names=...),
    shell:
        RUN
"""

from emovlm.core.codehash import code_hash
from emovlm.core.plugins import plugins_of

SCRIPTS = "workflow/scripts"
PLAN = os.environ.get("EMOVLM_PLAN")  # a folder for the audit, which reads there what the study consists of
# The command of every rule: its script, run so that its log is kept and the record of the job is written. The script
# gets the description of the job on standard input, so no part of the description is read by the shell.
RUN = "python -m emovlm.provenance.records.job --log {log:q} <<'JOB'\n{params.job}\nJOB"


def job(rule, script=None, params=None, names=None, modules=None):
    """The description of a rule's jobs (src/emovlm/core/job.py), for `params:` of the rule.

    `params` is what the script reads of the study: a dictionary, or a function of the wildcards that returns one.
    `names` says, for inputs and outputs that are lists of files, what each file is called: the script then gets a
    dictionary. Inputs and outputs all have a name; those without files are left out. `modules` are files whose code the
    script looks up by name: a function of the wildcards that returns a list. The script also gets the plug-ins that it
    can use, whose code counts as its own.

    Of the two parameters, `job` is the description. Snakemake reruns a job if its input, or a parameter that is not a
    function of input or output, has changed: that is `rerun`, the code, wildcards and params of the description.
    """
    path = f"{SCRIPTS}/{script or rule}.py"

    def of(wildcards, value):
        return value(wildcards) if callable(value) else value

    def hashed(wildcards=None):
        try:
            return code_hash(ROOT / path, *plugins, *(of(wildcards, modules) or []))
        except StudyError as error:
            raise WorkflowError(str(error)) from None

    plugins = plugins_of(ROOT / path, PLUGINS)
    code = None if modules else hashed()

    @asked_of_each_job
    @cache
    def told(wildcards):
        read = (of(wildcards, params) or {}) | ({"plugins": plugins} if plugins else {})
        names = {"rule": rule, "script": path, "code": code or hashed(wildcards), "wildcards": dict(wildcards.items())}
        # Sorted: the order of keys in a table or a dictionary is no part of what a job is told.
        return followed_by(as_line(names), params=as_line(read, sort_keys=True, default=lambda part: part.told()))

    def files(wildcards, listed):
        if sum(1 if isinstance(v, str) else len(v) for _, v in listed.items()) != len(listed):
            raise WorkflowError(f"{rule}: every input and output needs a name")
        found = {name: v if isinstance(v, str) else list(v) for name, v in listed.items() if v}
        keys = {name: of(wildcards, value) for name, value in (names or {}).items() if name in found}
        return found | {name: dict(zip(keys[name], found[name], strict=True)) for name in keys}

    @asked_of_each_job
    def described(wildcards, input, output):
        inputs, outputs = (as_line(files(wildcards, listed)) for listed in (input, output))
        text = followed_by(told(wildcards), inputs=inputs, outputs=outputs)
        if PLAN:
            with open(Path(PLAN, "jobs.jsonl"), "a", encoding="utf-8") as plan:
                plan.write(text + "\n")
        return text

    return {"job": described, "rerun": told}


def asked_of_each_job(function):
    """Remember a function's signature, which Snakemake asks for several times a job."""
    function.__signature__ = inspect.signature(function)
    return function


def as_line(value, **how):
    """A value as JSON in one line."""
    return json.dumps(value, ensure_ascii=False, **how)


def followed_by(line, **parts):
    """A JSON object in one line with further keys, whose values are JSON already."""
    return line[:-1] + "".join(f', "{key}": {value}' for key, value in parts.items()) + "}"
