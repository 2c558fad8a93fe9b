"""Render an apex sheet: nine people of every class at the apex, at one size of picture."""

from emovlm.core.contracts.data import CLIP_PLAN
from emovlm.core.io import read_table
from emovlm.core.script import parser, run
from emovlm.synface.face.rig import load_rig
from emovlm.synface.sheet import apex_sheet, save_sheet


def main() -> None:
    arguments = parser(__doc__)
    arguments.add_argument("--plan", required=True, help="plan of the corpus (.parquet)")
    arguments.add_argument("--rig", required=True, help="the face rig (.npz)")
    arguments.add_argument("--size", required=True, type=int, help="px, side of a face")
    arguments.add_argument("--out", required=True, help="the picture (.png)")
    options = arguments.parse_args()
    sheet = apex_sheet(read_table(options.plan, CLIP_PLAN), load_rig(options.rig), size=options.size, **options.params)
    save_sheet(sheet, options.out)


if __name__ == "__main__":
    run(main)
