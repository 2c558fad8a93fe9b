"""Fine-tune a vision-language model by LoRA on the draws of one training sampler."""

from pathlib import Path

from emovlm.core.codehash import code_hash
from emovlm.core.contracts.data import MANIFEST
from emovlm.core.contracts.frames import SAMPLE, SCHEDULE
from emovlm.core.contracts.training import LABEL_COUNTS, TRAINING_LOG
from emovlm.core.io import read_table, write_table
from emovlm.core.prompts import read_prompt
from emovlm.core.script import parser, run
from emovlm.frames.store import FrameStore
from emovlm.training.loop import label_counts
from emovlm.training.lora import finetune_lora


def main() -> None:
    arguments = parser(__doc__)
    arguments.add_argument("--base", required=True, help="model.safetensors of the system to start from")
    arguments.add_argument("--schedule", required=True)
    arguments.add_argument("--sample", required=True, help="SAMPLE: the frames shown of each clip")
    arguments.add_argument("--manifest", required=True)
    arguments.add_argument("--stores", required=True, nargs="+")
    arguments.add_argument("--prompt", required=True, help="file with the question")
    arguments.add_argument("--weights", required=True, help="adapter_model.safetensors, beside the other files")
    given = arguments.parse_args()
    folder = Path(given.weights).parent
    schedule, manifest = read_table(given.schedule, SCHEDULE), read_table(given.manifest, MANIFEST)
    log = finetune_lora(
        Path(given.base).parent,
        schedule,
        read_table(given.sample, SAMPLE),
        manifest,
        FrameStore(given.stores),
        read_prompt(given.prompt, given.params["classes"]),
        given.params,
        folder,
        code_hash(__file__),
    )
    write_table(log, folder / "training.csv", TRAINING_LOG)
    drawn = schedule.merge(manifest, on="clip_id")["label"]
    write_table(label_counts(drawn), folder / "labels.csv", LABEL_COUNTS)


if __name__ == "__main__":
    run(main)
