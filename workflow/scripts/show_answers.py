"""Write what was answered for the explorer page: a file a condition, and for each dataset one with all answers.

--params: conditions (rows) and classes, by dataset.
"""

from emovlm.core.files import read_json
from emovlm.core.script import named_paths, parser, run
from emovlm.report.explorer_answers import write_answers
from emovlm.report.explorer_data import rows_of

PATHS = {
    "manifests": "DATASET",
    "clips": "DATASET/SHARD",
    "answers": "CONDITION",
    "samples": "DATASET/SAMPLER",
    "texts": "KIND/SYSTEM/RUN/DATASET",
    "prompts": "NAME",
    "tables": "NAME",
}


def main() -> None:
    arguments = parser(__doc__)
    for name, key in PATHS.items():
        arguments.add_argument(f"--{name}", nargs="*", default=[], metavar=f"{key}=PATH")
    arguments.add_argument("--values", required=True, help="values.json")
    arguments.add_argument("--out", nargs="+", required=True, metavar="CONDITION=PATH")
    arguments.add_argument("--out-all", nargs="+", required=True, metavar="DATASET=PATH")
    given = arguments.parse_args()
    paths = {name: named_paths(getattr(given, name), name) for name in PATHS}
    values, out = read_json(given.values), named_paths(given.out, "out")
    for dataset, path in named_paths(given.out_all, "out-all").items():
        of = given.params[dataset]
        write_answers(dataset, rows_of(of["conditions"]), of["classes"], paths, values, out, path)


if __name__ == "__main__":
    run(main)
