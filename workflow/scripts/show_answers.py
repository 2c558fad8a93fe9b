"""Write what was answered for the explorer page: a file a condition, and for each dataset one with all answers.

params: by dataset, its conditions (rows) and classes.
"""

from emovlm.core.files import read_json
from emovlm.core.job import Job, run
from emovlm.report.explorer_answers import write_answers
from emovlm.report.explorer_data import rows_of

SOURCES = ("manifests", "clips", "answers", "samples", "texts", "prompts", "tables")


def main(job: Job) -> None:
    sources = {name: job.inputs.get(name, {}) for name in SOURCES}
    values, out = read_json(job.inputs["values"]), job.outputs["answers"]
    for dataset, path in job.outputs["short"].items():
        of = job.params[dataset]
        write_answers(dataset, rows_of(of["conditions"]), of["classes"], sources, values, out, path)


if __name__ == "__main__":
    run(main)
