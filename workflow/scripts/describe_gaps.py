"""Write the texts of the frames between keyframes, for the test clips of one shard.

params: system (what loading it depends on), models (folders of the system by fold), base (folder of its base, if it has
one), answer_store (texts that were written before are kept), classes, max_new_tokens.
"""

import pandas as pd

from emovlm.core.answer_store import AnswerStore
from emovlm.core.contracts.answers import TEXTS
from emovlm.core.contracts.data import MANIFEST
from emovlm.core.contracts.frames import SAMPLE
from emovlm.core.io import read_table, write_table
from emovlm.core.job import Job, run
from emovlm.core.prompts import read_prompt
from emovlm.enrichment.gaps import describe_gaps
from emovlm.evaluation.folds import by_fold
from emovlm.frames.store import FrameStore
from emovlm.models.fingerprint import code_of, fingerprint_of
from emovlm.models.loading import load_system


def main(job: Job) -> None:
    inputs, params = job.inputs, job.params
    row, base = params["system"], params["base"]
    frames, store = FrameStore([inputs["store"]]), AnswerStore(params["answer_store"])
    manifest = read_table(inputs["manifest"], MANIFEST).query("split == 'test'")
    gaps = read_table(inputs["gaps"], SAMPLE)[["clip_id", "gap"]].drop_duplicates()
    sample = read_table(inputs["sample"], SAMPLE).merge(gaps, on=["clip_id", "gap"])
    clips = manifest[manifest["clip_id"].isin(frames.clip_ids())]
    prompt = read_prompt(inputs["prompt"], params["classes"])
    texts = [
        describe_gaps(
            load_system(row, model, base), fingerprint_of(row, model, base),
            sample[sample["clip_id"].isin(mine["clip_id"])], frames, store, prompt, params["max_new_tokens"],
            code_of(row, job.code),
        )
        for _, mine, model in by_fold(clips, params["models"])
    ]  # fmt: skip
    empty = pd.DataFrame(columns=list(TEXTS.columns))
    write_table(pd.concat(texts) if texts else empty, job.outputs["texts"], TEXTS)


if __name__ == "__main__":
    run(main)
