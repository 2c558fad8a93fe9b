"""Write the captions of one pretraining arm."""

from pathlib import Path

import pandas as pd

from emovlm.core.contracts.data import FRAME_TRUTH, MANIFEST
from emovlm.core.contracts.frames import FRAME_INDEX
from emovlm.core.contracts.frequency import TERM_FREQUENCY
from emovlm.core.contracts.training import CAPTIONS
from emovlm.core.io import read_table, read_tables, write_table
from emovlm.core.script import parser, run
from emovlm.systems.captions import naming_shares, write_captions


def main() -> None:
    arguments = parser(__doc__)
    arguments.add_argument("--truth", required=True, help="FRAME_TRUTH of the pretraining clips")
    arguments.add_argument("--frames", required=True, nargs="+", help="FRAME_INDEX shards: what was decoded")
    arguments.add_argument("--manifest", required=True)
    arguments.add_argument("--frequency", required=True, help="TERM_FREQUENCY")
    arguments.add_argument("--out", required=True)
    given = arguments.parse_args()
    params = given.params

    decoded = read_tables(given.frames, FRAME_INDEX)[["clip_id", "frame_index"]]
    truth = read_table(given.truth, FRAME_TRUTH).merge(decoded, on=["clip_id", "frame_index"])
    manifest = read_table(given.manifest, MANIFEST)
    labels = pd.Series(manifest["label"].to_numpy(), index=manifest["clip_id"])
    frequency = read_table(given.frequency, TERM_FREQUENCY)
    lexicon = params["lexicon"]
    primary = frequency.query("language == 'en'")
    primary = primary[(primary["source"] == lexicon["primary_source"]) & (primary["form"] == lexicon["primary_form"])]
    prompts = {name: Path(path).read_text(encoding="utf-8").strip() for name, path in params["prompts"].items()}
    shares = naming_shares(primary, params["classes"], params["arm"], params["naming"])
    write_table(write_captions(truth, labels, shares, prompts, params), given.out, CAPTIONS)


if __name__ == "__main__":
    run(main)
