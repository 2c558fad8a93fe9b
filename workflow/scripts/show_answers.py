"""Write what was answered about the clips of one dataset for the explorer page: a file a condition, and one for all.

--params: dataset, conditions (rows) and classes.
"""

from emovlm.core.files import read_json
from emovlm.core.script import named_paths, parser, run
from emovlm.report.explorer_answers import write_answers


def main() -> None:
    arguments = parser(__doc__)
    arguments.add_argument("--manifest", required=True)
    arguments.add_argument("--clips", nargs="+", required=True, help="CLIP_INDEX, all shards")
    arguments.add_argument("--answers", nargs="+", required=True, metavar="CONDITION=PATH")
    arguments.add_argument("--samples", nargs="+", required=True, metavar="SAMPLER=PATH")
    arguments.add_argument("--texts", nargs="*", default=[], metavar="KIND/SYSTEM/RUN=PATH")
    arguments.add_argument("--prompts", nargs="+", required=True, metavar="NAME=PATH")
    arguments.add_argument("--tables", nargs="+", required=True, metavar="NAME=PATH", help="confusion and comparisons")
    arguments.add_argument("--values", required=True, help="values.json")
    arguments.add_argument("--out", nargs="+", required=True, metavar="CONDITION=PATH")
    arguments.add_argument("--out-all", required=True, help="answers of all conditions in short")
    given = arguments.parse_args()
    paths = {k: named_paths(getattr(given, k), k) for k in ("answers", "samples", "texts", "prompts", "tables")}
    values, out = read_json(given.values), named_paths(given.out, "out")
    write_answers(
        given.params["dataset"], given.params["conditions"], given.params["classes"], paths,
        given.manifest, given.clips, values, out, given.out_all,
    )  # fmt: skip


if __name__ == "__main__":
    run(main)
