"""Plan the clips of one rendered corpus."""

from emovlm.core.contracts.data import CLIP_PLAN
from emovlm.core.io import write_table
from emovlm.core.script import parser, run
from emovlm.synface.plan import plan_clips, read_class_sizes


def main() -> None:
    arguments = parser(__doc__)  # params: seed, corpus
    arguments.add_argument("--dataset", required=True, help="the corpus's name")
    arguments.add_argument("--class-sizes", required=True, help="MAFW's class sizes and clip lengths (.csv)")
    arguments.add_argument("--out", required=True, help="the plan (.parquet)")
    options = arguments.parse_args()
    sizes = read_class_sizes(options.class_sizes)
    plan = plan_clips(options.dataset, options.params["corpus"], sizes, options.params["seed"])
    write_table(plan, options.out, CLIP_PLAN)


if __name__ == "__main__":
    run(main)
