"""Train a vision-only classifier on the draws of one training sampler."""

from pathlib import Path

from emovlm.core.contracts.data import MANIFEST
from emovlm.core.contracts.frames import SAMPLE, SCHEDULE
from emovlm.core.contracts.training import LABEL_COUNTS, TRAINING_LOG
from emovlm.core.io import read_table, write_table
from emovlm.core.script import parser, run
from emovlm.frames.store import FrameStore
from emovlm.training.classifier import train_classifier
from emovlm.training.loop import label_counts


def main() -> None:
    arguments = parser(__doc__)
    arguments.add_argument("--base", required=True, help="model.safetensors of the vision tower")
    arguments.add_argument("--schedule", required=True)
    arguments.add_argument("--sample", required=True, help="SAMPLE: the frames shown of each clip")
    arguments.add_argument("--manifest", required=True)
    arguments.add_argument("--stores", required=True, nargs="+")
    arguments.add_argument("--weights", required=True, help="model.safetensors, beside the other files")
    given = arguments.parse_args()
    folder = Path(given.weights).parent
    schedule, manifest = read_table(given.schedule, SCHEDULE), read_table(given.manifest, MANIFEST)
    log = train_classifier(
        Path(given.base).parent,
        schedule,
        read_table(given.sample, SAMPLE),
        manifest,
        FrameStore(given.stores),
        given.params,
        folder,
    )
    write_table(log, folder / "training.csv", TRAINING_LOG)
    drawn = schedule.merge(manifest, on="clip_id")["label"]
    write_table(label_counts(drawn), folder / "labels.csv", LABEL_COUNTS)


if __name__ == "__main__":
    run(main)
