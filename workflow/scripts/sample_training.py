"""Draw the training schedule of one training sampler.

--params: {"sampler": its row of config/training_samplers.tsv, "seed": seed, "n_draws": length of the schedule, "fold":
official fold whose clips are left out, 0 if the dataset has none}.
"""

from emovlm.core.contracts.data import MANIFEST
from emovlm.core.contracts.frames import CLIP_INDEX, SCHEDULE
from emovlm.core.io import read_table, read_tables, write_table
from emovlm.core.script import parser, run
from emovlm.sampling.training_samplers import training_schedule


def main() -> None:
    arguments = parser(__doc__)
    arguments.add_argument("--manifest", required=True, help="MANIFEST table")
    arguments.add_argument("--clips", nargs="*", default=[], help="CLIP_INDEX tables: leave out clips that failed")
    arguments.add_argument("--out", required=True, help="SCHEDULE table")
    options = arguments.parse_args()
    manifest, params = read_table(options.manifest, MANIFEST), options.params
    failed: list[str] = []
    if options.clips:
        clips = read_tables(options.clips, CLIP_INDEX)
        failed = clips.loc[clips["status"] == "failed", "clip_id"].tolist()
    schedule = training_schedule(params["sampler"], manifest, params["n_draws"], params["seed"], failed, params["fold"])
    write_table(schedule, options.out, SCHEDULE)


if __name__ == "__main__":
    run(main)
