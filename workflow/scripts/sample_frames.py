"""Sample the frames of a dataset's clips by one frame sampler.

--params: {"sampler": its row of config/frame_samplers.tsv, "base": the row that it shuffles, if any, "seed": seed}.
"""

import pandas as pd

from emovlm.core.contracts.frames import CLIP_INDEX, FRAME_INDEX, SAMPLE
from emovlm.core.io import read_table, write_table
from emovlm.core.script import parser, run
from emovlm.sampling.frame_samplers import sample_frames


def main() -> None:
    arguments = parser(__doc__)
    arguments.add_argument("--clips", required=True, nargs="+", help="CLIP_INDEX tables, one a shard")
    arguments.add_argument("--frames", required=True, nargs="+", help="FRAME_INDEX tables of the same shards")
    arguments.add_argument("--out", required=True, help="SAMPLE table")
    options = arguments.parse_args()
    params, samples = options.params, []
    for clips, frames in zip(options.clips, options.frames, strict=True):  # one shard in memory at a time
        indices = read_table(clips, CLIP_INDEX), read_table(frames, FRAME_INDEX)
        samples.append(sample_frames(params["sampler"], params.get("base"), params["seed"], *indices))
    write_table(pd.concat([s for s in samples if len(s)] or samples[:1]), options.out, SAMPLE)


if __name__ == "__main__":
    run(main)
