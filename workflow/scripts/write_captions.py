"""Write the captions of one pretraining variant.

params: variant, seed, permutation_seed, classes, lexicon, and those of ``write_captions``.
"""

from emovlm.core.contracts.data import CLIP_TRUTH, FRAME_TRUTH, MANIFEST
from emovlm.core.contracts.frames import FRAME_INDEX
from emovlm.core.contracts.frequency import TERM_FREQUENCY
from emovlm.core.contracts.training import CAPTIONS
from emovlm.core.io import read_table, read_tables, write_table
from emovlm.core.job import Job, run
from emovlm.core.prompts import read_prompts
from emovlm.lexicon.estimator import primary_frequency
from emovlm.training.captions import naming_shares, write_captions


def main(job: Job) -> None:
    inputs, params, classes = job.inputs, job.params, job.params["classes"]
    decoded = read_tables(inputs["frames"], FRAME_INDEX)[["clip_id", "frame_index"]]
    truth = read_table(inputs["truth"], FRAME_TRUTH).merge(decoded, on=["clip_id", "frame_index"])
    labels = read_table(inputs["manifest"], MANIFEST)[["clip_id", "label"]]
    onsets = read_table(inputs["clips"], CLIP_TRUTH)[["clip_id", "onset_s"]]
    clips = labels.merge(onsets, on="clip_id").set_index("clip_id")
    frequency = primary_frequency(read_table(inputs["frequency"], TERM_FREQUENCY), params["lexicon"])
    prompts = read_prompts(inputs["prompts"], classes)
    shares = naming_shares(frequency, classes, params["variant"], params["permutation_seed"])
    write_table(write_captions(truth, clips, shares, prompts, params), job.outputs["captions"], CAPTIONS)


if __name__ == "__main__":
    run(main)
