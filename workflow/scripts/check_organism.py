"""Ask a pretrained organism about apex frames of the validation people: has it learned?

params: system (what loading it depends on), model (its folder), replicate, classes, lexicon, seed, resamples,
confidence.
"""

from emovlm.core.contracts.data import CLIP_TRUTH, FRAME_TRUTH, MANIFEST
from emovlm.core.contracts.frames import FRAME_INDEX
from emovlm.core.contracts.frequency import TERM_FREQUENCY
from emovlm.core.contracts.training import SANITY_CHECKS
from emovlm.core.io import read_table, read_tables, write_table
from emovlm.core.job import Job, run
from emovlm.core.prompts import read_prompts
from emovlm.evaluation.sanity_checks import apex_frames, check_organism
from emovlm.frames.store import FrameStore
from emovlm.lexicon.estimator import frequent_emotions, primary_frequency
from emovlm.models.loading import load_system


def main(job: Job) -> None:
    inputs, params = job.inputs, job.params
    people = read_table(inputs["manifest"], MANIFEST).query("split == 'validation'")[["clip_id", "identity"]]
    clips = read_table(inputs["clips"], CLIP_TRUTH).drop(columns="identity").merge(people, on="clip_id")
    clips = clips[~clips["micro"] & clips["order"].isna()]
    clips = clips.merge(apex_frames(clips, read_tables(inputs["frames"], FRAME_INDEX)), on="clip_id")
    frequency = primary_frequency(read_table(inputs["frequency"], TERM_FREQUENCY), params["lexicon"])
    checks = check_organism(
        load_system(params["system"], params["model"]), clips, read_table(inputs["truth"], FRAME_TRUTH),
        FrameStore(inputs["stores"]), read_prompts(inputs["prompts"], params["classes"]),
        {**params, "frequent": frequent_emotions(frequency)},
    )  # fmt: skip
    checks = checks.assign(system=params["system"]["system"], replicate=params["replicate"])
    write_table(checks, job.outputs["checks"], SANITY_CHECKS)


if __name__ == "__main__":
    run(main)
