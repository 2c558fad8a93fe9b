"""Put the true motion between keyframes into words: the upper bound of context enrichment."""

from emovlm.core.contracts.answers import TEXTS
from emovlm.core.contracts.data import FRAME_TRUTH
from emovlm.core.contracts.frames import SAMPLE
from emovlm.core.io import read_table, write_table
from emovlm.core.script import parser, run
from emovlm.enrichment.gaps import true_texts


def main() -> None:
    arguments = parser(__doc__)  # params: seed
    arguments.add_argument("--between", required=True, help="SAMPLE of the frames between keyframes")
    arguments.add_argument("--keyframes", required=True, help="SAMPLE of the keyframes")
    arguments.add_argument("--truth", required=True, help="FRAME_TRUTH")
    arguments.add_argument("--out", required=True)
    given = arguments.parse_args()
    samples = (read_table(path, SAMPLE) for path in (given.between, given.keyframes))
    texts = true_texts(*samples, read_table(given.truth, FRAME_TRUTH), given.params["seed"])
    write_table(texts, given.out, TEXTS)


if __name__ == "__main__":
    run(main)
