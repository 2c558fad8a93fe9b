"""Write the clips of one dataset for the explorer page: columns to filter by, and details in parts.

--params: dataset (its id, licence and size of frames), classes, and sheets (0: no pictures).
"""

from emovlm.core.script import named_paths, parser, run
from emovlm.report.explorer_clips import Sources, write_clips


def main() -> None:
    arguments = parser(__doc__)
    arguments.add_argument("--manifest", required=True)
    arguments.add_argument("--clips", nargs="+", required=True, help="CLIP_INDEX, all shards")
    arguments.add_argument("--frames", nargs="+", required=True, help="FRAME_INDEX, all shards")
    arguments.add_argument("--samples", nargs="+", required=True, metavar="SAMPLER=PATH")
    arguments.add_argument("--truths", nargs="*", default=[], help="CLIP_TRUTH and FRAME_TRUTH of a rendered dataset")
    arguments.add_argument("--out", required=True, help="columns of all clips")
    arguments.add_argument("--details", nargs="+", required=True, help="details of clips, in parts")
    given = arguments.parse_args()
    sources = Sources(given.manifest, given.clips, given.frames, given.truths)
    samples = named_paths(given.samples, "sample")
    write_clips(**given.params, sources=sources, samples=samples, out=given.out, details=given.details)


if __name__ == "__main__":
    run(main)
