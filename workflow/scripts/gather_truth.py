"""Join the shards of a rendered corpus and write its annotation files."""

from emovlm.core.script import parser, run
from emovlm.synface.dataset import gather


def main() -> None:
    arguments = parser(__doc__)
    arguments.add_argument("--plan", required=True, help="the plan (.parquet)")
    arguments.add_argument("--clips", nargs="+", required=True, help="clip truth of every shard")
    arguments.add_argument("--frames", nargs="+", required=True, help="frame truth of every shard")
    arguments.add_argument("--folder", required=True, help="where the MP4 files lie")
    arguments.add_argument("--annotations", required=True, help="folder for the annotation files")
    arguments.add_argument("--out-clips", required=True, help="joined clip truth (.parquet)")
    arguments.add_argument("--out-frames", required=True, help="joined frame truth (.parquet)")
    options = arguments.parse_args()
    gather(
        options.plan,
        options.clips,
        options.frames,
        options.folder,
        options.annotations,
        options.out_clips,
        options.out_frames,
    )


if __name__ == "__main__":
    run(main)
