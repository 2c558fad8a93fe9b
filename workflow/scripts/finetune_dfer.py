"""Fine-tune MAE-DFER or HiCMAE on the draws of one training sampler."""

from pathlib import Path

from emovlm.core.contracts.data import MANIFEST
from emovlm.core.contracts.frames import SAMPLE, SCHEDULE
from emovlm.core.contracts.training import LABEL_COUNTS, TRAINING_LOG
from emovlm.core.io import read_table, write_table
from emovlm.core.script import parser, run
from emovlm.frames.store import RATE, FrameStore, SoundStore
from emovlm.models.base import Audio
from emovlm.models.hub import CHECKPOINT
from emovlm.training.dfer_finetuning import train_dfer
from emovlm.training.loop import label_counts


def main() -> None:
    arguments = parser(__doc__)
    arguments.add_argument("--base", required=True, help="fetched.json beside the pretrained checkpoint")
    arguments.add_argument("--schedule", required=True)
    arguments.add_argument("--sample", required=True, help="SAMPLE: the frames of each clip")
    arguments.add_argument("--manifest", required=True)
    arguments.add_argument("--stores", required=True, nargs="+")
    arguments.add_argument("--sounds", nargs="*", default=[], help="sound stores, for a network that hears")
    arguments.add_argument("--weights", required=True, help="model.safetensors, beside the other files")
    given = arguments.parse_args()
    folder = Path(given.weights).parent
    schedule, manifest = read_table(given.schedule, SCHEDULE), read_table(given.manifest, MANIFEST)
    sounds = SoundStore(given.sounds)
    log = train_dfer(
        Path(given.base).parent / CHECKPOINT, schedule, read_table(given.sample, SAMPLE), manifest,
        FrameStore(given.stores), given.params, folder,
        (lambda clip: Audio(sounds.waveform(clip), RATE)) if given.sounds else None,
    )  # fmt: skip
    write_table(log, folder / "training.csv", TRAINING_LOG)
    drawn = schedule.merge(manifest, on="clip_id")["label"]
    write_table(label_counts(drawn), folder / "labels.csv", LABEL_COUNTS)


if __name__ == "__main__":
    run(main)
