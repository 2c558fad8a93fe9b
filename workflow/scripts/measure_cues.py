"""Measure how well facts that have nothing to do with the face predict the class of a rendered corpus."""

from emovlm.core.contracts.data import CLIP_TRUTH, CUES
from emovlm.core.io import read_table, write_table
from emovlm.core.script import parser, run
from emovlm.synface.cues import measure_cues


def main() -> None:
    arguments = parser(__doc__)
    arguments.add_argument("--clips", required=True, help="truth about the corpus's clips (.parquet)")
    arguments.add_argument("--out", required=True, help="the table (.csv)")
    options = arguments.parse_args()
    write_table(measure_cues(read_table(options.clips, CLIP_TRUTH), **options.params), options.out, CUES)


if __name__ == "__main__":
    run(main)
