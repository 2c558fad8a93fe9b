"""How much of pretraining the language part is the bare forward and backward pass of its tensors.

Run it in a clone with the results of a finished study, which it only reads:

    PYTHONPATH=src:. python benchmarks/pretraining_step.py --results results

Both take the same batches of the study's captions on one core: the training as the study runs it (data, padding,
optimizer, clipped gradients, log), and the model's loss and gradients alone, on tensors that were made before.
"""

import statistics
import time
from pathlib import Path

import emovlm.models.torch_setup  # noqa: F401, its settings come first  # isort: skip
import pandas as pd
from benchmarks.measured import Figures, arguments
from transformers import AutoProcessor, FastVlmForConditionalGeneration

from emovlm.core.errors import StudyError
from emovlm.provenance.records.record import read_record
from emovlm.training import language
from emovlm.training.features import FeatureStore


def main() -> None:
    parser = arguments(__doc__)
    parser.add_argument("--results", type=Path, default=Path("results"))
    parser.add_argument("--variant", default="frequency")
    parser.add_argument("--batches", type=int, default=32)
    given = parser.parse_args()
    job = read_record(given.results / f"provenance/jobs/pretrain_organism/organism-{given.variant}/1.json")["job"]
    root = given.results.parent
    params = job["params"]["language"]
    captions = pd.read_parquet(root / job["inputs"]["captions"]).head(given.batches * params["batch"])
    features = FeatureStore([root / path for path in job["inputs"]["features"]])
    folder = root / Path(job["outputs"]["weights"]).parent
    processor = AutoProcessor.from_pretrained(folder)

    def fresh() -> FastVlmForConditionalGeneration:
        model = FastVlmForConditionalGeneration.from_pretrained(folder)
        model.model.vision_tower.requires_grad_(False)
        return model

    made = []
    bare_loss, language._loss = language._loss, lambda model, *rest: made.append(rest) or bare_loss(model, *rest)
    whole, bare = [], []
    for _ in range(given.rounds):
        made.clear()
        model = fresh()
        start = time.process_time()
        language.train_language(model, processor, captions, features, {**params, "epochs": 1}, 1, "train")
        whole.append(time.process_time() - start)
        model = fresh()
        model.train()
        start = time.process_time()
        for rest in made:
            model.zero_grad()
            bare_loss(model, *rest).backward()
        bare.append(time.process_time() - start)
    tokens = sum(len(ids) for part, *_ in made for ids, _ in part)
    padded = sum(len(part) * max(len(ids) for ids, _ in part) for part, *_ in made)
    unpadded = statistics.median(bare) * tokens / padded
    print(f"{given.batches} batches of {params['batch']}, medians of {given.rounds} rounds, one core")
    for name, seconds in (
        ("as the study trains", statistics.median(whole)),
        ("forward and backward alone", statistics.median(bare)),
        ("the same without its padding", unpadded),  # calculated: time goes with the number of tokens
    ):
        print(f"{name:28} {seconds / given.batches * 1e3:6.1f} ms a batch")
    print(f"ratio {statistics.median(whole) / unpadded:.2f}; {1 - tokens / padded:.1%} of tokens are padding")
    figures = Figures("pretraining_step", ("torch", "transformers"))
    figures.row(
        f"a batch of {params['batch']} captions, organism-{given.variant}",
        [1e3 * seconds / given.batches for seconds in whole], "ms CPU",
        limit=("forward and backward alone, without padding, calculated", 1e3 * unpadded / given.batches),
        also=f"{statistics.median(whole) / unpadded:.2f} times the limit",
    )  # fmt: skip
    figures.row("forward and backward alone", [1e3 * seconds / given.batches for seconds in bare], "ms CPU",
                also=f"{1 - tokens / padded:.1%} of tokens are padding")  # fmt: skip
    figures.note(f"{given.batches} batches, one core.")
    figures.write(given.json)


if __name__ == "__main__":
    try:
        main()
    except StudyError as error:
        raise SystemExit(f"error: {error}") from None
