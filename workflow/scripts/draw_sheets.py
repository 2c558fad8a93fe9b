"""Draw the sprite sheets of one dataset for the explorer page.

--params: size of the stored frames.
"""

from emovlm.core.script import parser, run
from emovlm.report.explorer_clips import Sources, write_pictures


def main() -> None:
    arguments = parser(__doc__)
    arguments.add_argument("--manifest", required=True)
    arguments.add_argument("--clips", nargs="+", required=True, help="CLIP_INDEX, all shards")
    arguments.add_argument("--frames", nargs="+", required=True, help="FRAME_INDEX, all shards")
    arguments.add_argument("--truths", nargs="*", default=[], help="CLIP_TRUTH of a rendered dataset")
    arguments.add_argument("--stores", nargs="+", required=True, help="frame stores, all shards")
    arguments.add_argument("--strips", nargs="+", required=True, help="WebP, frames of clips over time, in parts")
    arguments.add_argument("--thumbnails", nargs="+", required=True, help="WebP, one frame a clip")
    given = arguments.parse_args()
    sources = Sources(given.manifest, given.clips, given.frames, given.truths)
    write_pictures(sources, given.stores, given.params["size"], given.strips, given.thumbnails)


if __name__ == "__main__":
    run(main)
