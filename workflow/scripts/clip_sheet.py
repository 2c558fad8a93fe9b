"""Draw clips of a rendered corpus: faces of every class at the apex, or clips as strips of frames over time."""

from emovlm.core.contracts.data import CLIP_TRUTH
from emovlm.core.io import read_table
from emovlm.core.script import parser, run
from emovlm.synface.sheet import contact_sheet, save_sheet, strips

SHEETS = {"contact": contact_sheet, "strips": strips}


def main() -> None:
    arguments = parser(__doc__)
    arguments.add_argument("--sheet", required=True, choices=list(SHEETS))
    arguments.add_argument("--clips", required=True, help="truth about the corpus's clips (.parquet)")
    arguments.add_argument("--folder", required=True, help="where the MP4 files lie")
    arguments.add_argument("--out", required=True, help="the picture (.png)")
    options = arguments.parse_args()
    sheet = SHEETS[options.sheet](read_table(options.clips, CLIP_TRUTH), options.folder)
    save_sheet(sheet, options.out, small=options.sheet == "contact")


if __name__ == "__main__":
    run(main)
