"""Fine-tune a vision-language model by LoRA on the draws of one training sampler.

params: those of ``finetune_lora``, and classes.
"""

from pathlib import Path

from emovlm.core.contracts.data import MANIFEST
from emovlm.core.contracts.frames import SAMPLE, SCHEDULE
from emovlm.core.io import read_table
from emovlm.core.job import Job, run
from emovlm.core.prompts import read_prompt
from emovlm.frames.store import FrameStore
from emovlm.training.loop import write_training
from emovlm.training.lora import finetune_lora


def main(job: Job) -> None:
    inputs, folder = job.inputs, Path(job.outputs["weights"]).parent
    schedule, manifest = read_table(inputs["schedule"], SCHEDULE), read_table(inputs["manifest"], MANIFEST)
    question = read_prompt(inputs["prompt"], job.params["classes"])
    log = finetune_lora(
        Path(inputs["base"][0]).parent, schedule, read_table(inputs["sample"], SAMPLE), manifest,
        FrameStore(inputs["stores"]), question, job.params, folder, job.code,
    )  # fmt: skip
    write_training(folder, log, schedule.merge(manifest, on="clip_id")["label"])


if __name__ == "__main__":
    run(main)
