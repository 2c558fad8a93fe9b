"""Sample the frames of a dataset's clips by one frame sampler.

--params: {"sampler": its row of config/frame_samplers.tsv, "base": the row that it shuffles, if any, "seed": seed}.
"""

from emovlm.core.contracts.frames import CLIP_INDEX, FRAME_INDEX, SAMPLE
from emovlm.core.io import read_tables, write_table
from emovlm.core.script import parser, run
from emovlm.sampling.frame_samplers import sample_frames


def main() -> None:
    arguments = parser(__doc__)
    arguments.add_argument("--clips", required=True, nargs="+", help="CLIP_INDEX tables of all shards")
    arguments.add_argument("--frames", required=True, nargs="+", help="FRAME_INDEX tables of all shards")
    arguments.add_argument("--out", required=True, help="SAMPLE table")
    options = arguments.parse_args()
    clips, frames = read_tables(options.clips, CLIP_INDEX), read_tables(options.frames, FRAME_INDEX)
    params = options.params
    sample = sample_frames(params["sampler"], params.get("base"), params["seed"], clips, frames)
    write_table(sample, options.out, SAMPLE)


if __name__ == "__main__":
    run(main)
