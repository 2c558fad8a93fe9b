"""Render one shard of a planned corpus as MP4 clips, with the truth about each clip and frame."""

from emovlm.core.script import parser, run
from emovlm.synface.dataset import render_shard


def main() -> None:
    arguments = parser(__doc__)  # params: seed, image_size, supersampling, crf
    arguments.add_argument("--plan", required=True, help="the plan (.parquet)")
    arguments.add_argument("--rig", required=True, help="the face rig (.npz)")
    arguments.add_argument("--dataset", required=True, help="the corpus's name")
    arguments.add_argument("--shard", type=int, required=True)
    arguments.add_argument("--n-shards", type=int, required=True)
    arguments.add_argument("--folder", required=True, help="where the MP4 files go")
    arguments.add_argument("--clips", required=True, help="truth about the shard's clips (.parquet)")
    arguments.add_argument("--frames", required=True, help="truth about the shard's frames (.parquet)")
    options = arguments.parse_args()
    render_shard(
        options.plan,
        options.rig,
        options.dataset,
        options.shard,
        options.n_shards,
        options.params,
        options.folder,
        options.clips,
        options.frames,
    )


if __name__ == "__main__":
    run(main)
