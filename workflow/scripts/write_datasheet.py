"""Write the datasheet of a rendered corpus."""

from emovlm.core.contracts.data import CLIP_PLAN, CLIP_TRUTH, FRAME_TRUTH
from emovlm.core.files import write_text
from emovlm.core.io import read_table
from emovlm.core.script import parser, run
from emovlm.synface.datasheet import datasheet
from emovlm.synface.face.rig import load_rig


def main() -> None:
    arguments = parser(__doc__)
    arguments.add_argument("--dataset", required=True)
    arguments.add_argument("--plan", required=True, help="clip plan (.parquet)")
    arguments.add_argument("--clips", required=True, help="truth about the clips (.parquet)")
    arguments.add_argument("--frames", required=True, help="truth about the frames (.parquet)")
    arguments.add_argument("--rig", required=True, help="the face rig (.npz)")
    arguments.add_argument("--out", required=True, help="the datasheet (.md)")
    options = arguments.parse_args()
    text = datasheet(
        options.dataset,
        read_table(options.plan, CLIP_PLAN),
        read_table(options.clips, CLIP_TRUTH),
        read_table(options.frames, FRAME_TRUTH),
        load_rig(options.rig),
        options.params,
    )
    write_text(options.out, text)


if __name__ == "__main__":
    run(main)
