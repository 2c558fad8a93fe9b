"""Write the captions of one pretraining variant."""

from pathlib import Path

from emovlm.core.contracts.data import CLIP_TRUTH, FRAME_TRUTH, MANIFEST
from emovlm.core.contracts.frames import FRAME_INDEX
from emovlm.core.contracts.frequency import TERM_FREQUENCY
from emovlm.core.contracts.training import CAPTIONS
from emovlm.core.io import read_table, read_tables, write_table
from emovlm.core.script import parser, run
from emovlm.lexicon.estimator import primary_frequency
from emovlm.training.captions import naming_shares, write_captions


def main() -> None:
    arguments = parser(__doc__)
    arguments.add_argument("--truth", required=True, help="FRAME_TRUTH of the pretraining clips")
    arguments.add_argument("--clips", required=True, help="their CLIP_TRUTH")
    arguments.add_argument("--frames", required=True, nargs="+", help="FRAME_INDEX shards: what was decoded")
    arguments.add_argument("--manifest", required=True)
    arguments.add_argument("--frequency", required=True, help="TERM_FREQUENCY")
    arguments.add_argument("--out", required=True)
    given = arguments.parse_args()
    params = given.params

    decoded = read_tables(given.frames, FRAME_INDEX)[["clip_id", "frame_index"]]
    truth = read_table(given.truth, FRAME_TRUTH).merge(decoded, on=["clip_id", "frame_index"])
    labels = read_table(given.manifest, MANIFEST)[["clip_id", "label"]]
    onsets = read_table(given.clips, CLIP_TRUTH)[["clip_id", "onset_s"]]
    clips = labels.merge(onsets, on="clip_id").set_index("clip_id")
    frequency = primary_frequency(read_table(given.frequency, TERM_FREQUENCY), params["lexicon"])
    prompts = {name: Path(path).read_text(encoding="utf-8").strip() for name, path in params["prompts"].items()}
    shares = naming_shares(
        frequency, params["classes"], params["variant"], params["naming"], params["permutation_seed"]
    )
    write_table(write_captions(truth, clips, shares, prompts, params), given.out, CAPTIONS)


if __name__ == "__main__":
    run(main)
