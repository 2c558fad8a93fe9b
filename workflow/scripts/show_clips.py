"""Write the clips of one dataset for the explorer page; pictures only if frame stores are given.

--params: dataset (its row, with the size of its frames) and classes.
"""

from emovlm.core.script import named_paths, parser, run
from emovlm.report.explorer_clips import Places, Sources, write_clips


def main() -> None:
    arguments = parser(__doc__)
    arguments.add_argument("--manifest", required=True)
    arguments.add_argument("--clips", nargs="+", required=True, help="CLIP_INDEX, all shards")
    arguments.add_argument("--frames", nargs="+", required=True, help="FRAME_INDEX, all shards")
    arguments.add_argument("--samples", nargs="+", required=True, metavar="SAMPLER=PATH")
    arguments.add_argument("--truths", nargs="*", default=[], help="CLIP_TRUTH and FRAME_TRUTH of a rendered dataset")
    arguments.add_argument("--stores", nargs="*", default=[], help="frame stores, all shards")
    arguments.add_argument("--out", required=True, help="columns of all clips")
    arguments.add_argument("--details", nargs="+", required=True, help="details of clips, in parts")
    arguments.add_argument("--strips", nargs="*", default=[], help="WebP, one a part of the details")
    arguments.add_argument("--thumbnails", nargs="*", default=[], help="WebP")
    given = arguments.parse_args()
    samples = named_paths(given.samples, "sample")
    sources = Sources(given.manifest, given.clips, given.frames, samples, given.truths, given.stores)
    places = Places(given.out, given.details, given.strips, given.thumbnails)
    write_clips(given.params["dataset"], given.params["classes"], sources, places)


if __name__ == "__main__":
    run(main)
