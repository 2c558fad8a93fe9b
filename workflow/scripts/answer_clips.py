"""Ask one system about the test clips of one shard, in one condition.

params: system (what loading it depends on), models (folders of the system by fold), base (folder of its base, if it has
one), answer_store (what was answered before is kept), replicate, context, decision, classes, max_new_tokens.
"""

import pandas as pd

from emovlm.core.answer_store import AnswerStore
from emovlm.core.contracts.answers import ANSWERS, TEXTS
from emovlm.core.contracts.data import MANIFEST
from emovlm.core.contracts.frames import CLIP_INDEX, SAMPLE
from emovlm.core.contracts.training import LABEL_COUNTS
from emovlm.core.io import read_table, write_table
from emovlm.core.job import Job, run
from emovlm.core.prompts import read_prompt
from emovlm.evaluation.answering import answer_clips
from emovlm.evaluation.folds import by_fold
from emovlm.frames.store import FrameStore, SoundStore
from emovlm.models.fingerprint import code_of, fingerprint_of
from emovlm.models.loading import load_system


def main(job: Job) -> None:
    inputs, params = job.inputs, job.params
    row, base = params["system"], params["base"]
    manifest = read_table(inputs["manifest"], MANIFEST).query("split == 'test'")
    clips = manifest.merge(read_table(inputs["clips"], CLIP_INDEX), on="clip_id")
    sample = read_table(inputs["sample"], SAMPLE)
    texts = read_table(inputs["texts"], TEXTS) if "texts" in inputs else None
    sounds = SoundStore([inputs["sounds"]]) if "sounds" in inputs else None
    frames, store = FrameStore([inputs["store"]]), AnswerStore(params["answer_store"])
    question = read_prompt(inputs["prompt"], params["classes"])
    adjusted = params["decision"] == "logit-adjusted"
    answers = [
        answer_clips(
            load_system(row, model, base), fingerprint_of(row, model, base), mine, sample, texts, frames, store,
            params["classes"], question, params, code_of(row, job.code),
            read_table(f"{model}/labels.csv", LABEL_COUNTS) if adjusted else None, sounds,
        ).assign(fold=fold)
        for fold, mine, model in by_fold(clips, params["models"])
    ]  # fmt: skip
    empty = pd.DataFrame(columns=list(ANSWERS.columns))
    write_table(pd.concat(answers) if answers else empty, job.outputs["answers"], ANSWERS)


if __name__ == "__main__":
    run(main)
