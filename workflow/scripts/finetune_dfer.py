"""Fine-tune MAE-DFER or HiCMAE on the draws of one training sampler.

params: those of ``train_dfer``. The optional input ``sounds`` is for a network that hears.
"""

from pathlib import Path

from emovlm.core.contracts.data import MANIFEST
from emovlm.core.contracts.frames import CLIP_INDEX, SAMPLE, SCHEDULE
from emovlm.core.io import read_table, read_tables
from emovlm.core.job import Job, run
from emovlm.evaluation.clips import last_frame_s
from emovlm.frames.store import RATE, FrameStore, SoundStore
from emovlm.models.base import Audio
from emovlm.models.hub import CHECKPOINT
from emovlm.training.dfer_finetuning import train_dfer
from emovlm.training.loop import write_training


def main(job: Job) -> None:
    inputs, folder = job.inputs, Path(job.outputs["weights"]).parent
    schedule, manifest = read_table(inputs["schedule"], SCHEDULE), read_table(inputs["manifest"], MANIFEST)
    sounds = SoundStore(inputs.get("sounds", []))
    last_s = last_frame_s(read_tables(inputs["clips"], CLIP_INDEX)) if "sounds" in inputs else {}
    log = train_dfer(
        Path(inputs["base"][0]).parent / CHECKPOINT, schedule, read_table(inputs["sample"], SAMPLE), manifest,
        FrameStore(inputs["stores"]), job.params, folder,
        (lambda clip: Audio(sounds.waveform(clip), RATE, last_s[clip])) if "sounds" in inputs else None,
    )  # fmt: skip
    write_training(folder, log, schedule.merge(manifest, on="clip_id")["label"])


if __name__ == "__main__":
    run(main)
