"""Ask a pretrained organism about apex frames of the validation people: has it learned?"""

from pathlib import Path

from emovlm.core.contracts.data import CLIP_TRUTH, FRAME_TRUTH, MANIFEST
from emovlm.core.contracts.frames import FRAME_INDEX
from emovlm.core.contracts.frequency import TERM_FREQUENCY
from emovlm.core.contracts.training import SANITY_CHECKS
from emovlm.core.io import read_table, read_tables, write_table
from emovlm.core.script import parser, run
from emovlm.evaluation.sanity_checks import apex_frames, check_organism
from emovlm.frames.store import FrameStore
from emovlm.lexicon.estimator import frequent_emotions, primary_frequency
from emovlm.models.loading import load_system


def main() -> None:
    arguments = parser(__doc__)  # params: system, replicate, classes, lexicon, prompts, seed, resamples, confidence
    arguments.add_argument("--model", required=True, help="folder of the system")
    arguments.add_argument("--manifest", required=True)
    arguments.add_argument("--clips", required=True, help="CLIP_TRUTH")
    arguments.add_argument("--truth", required=True, help="FRAME_TRUTH")
    arguments.add_argument("--frames", required=True, nargs="+", help="FRAME_INDEX shards")
    arguments.add_argument("--stores", required=True, nargs="+", help="frame stores")
    arguments.add_argument("--frequency", required=True, help="TERM_FREQUENCY")
    arguments.add_argument("--out", required=True, help="SANITY_CHECKS of this system and replicate")
    given = arguments.parse_args()
    params = given.params
    people = read_table(given.manifest, MANIFEST).query("split == 'validation'")[["clip_id", "identity"]]
    clips = read_table(given.clips, CLIP_TRUTH).drop(columns="identity").merge(people, on="clip_id")
    clips = clips[~clips["micro"] & clips["order"].isna()]
    clips = clips.merge(apex_frames(clips, read_tables(given.frames, FRAME_INDEX)), on="clip_id")
    frequency = primary_frequency(read_table(given.frequency, TERM_FREQUENCY), params["lexicon"])
    prompts = {name: Path(path).read_text(encoding="utf-8").strip() for name, path in params["prompts"].items()}
    checks = check_organism(
        load_system(params["system"], given.model), clips, read_table(given.truth, FRAME_TRUTH),
        FrameStore(given.stores), prompts, {**params, "frequent": frequent_emotions(frequency)},
    )  # fmt: skip
    checks = checks.assign(system=params["system"]["system"], replicate=params["replicate"])
    write_table(checks, given.out, SANITY_CHECKS)


if __name__ == "__main__":
    run(main)
