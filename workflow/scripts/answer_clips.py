"""Ask one system about the test clips of one shard, in one condition.

params: system (what loading it depends on), models (folders of the system by fold), base (folder of its base, if it has
one), answer_store (what was answered before is kept), replicate, context, decision, classes, max_new_tokens.
"""

from emovlm.core.answer_store import AnswerStore
from emovlm.core.contracts.answers import ANSWERS, TEXTS
from emovlm.core.contracts.data import CLIP_TRUTH, MANIFEST
from emovlm.core.contracts.frames import CLIP_INDEX, SAMPLE
from emovlm.core.io import read_table, write_table
from emovlm.core.job import Job, run
from emovlm.core.prompts import read_prompt
from emovlm.evaluation.clips import clips_to_answer
from emovlm.evaluation.folds import answer_folds, loader
from emovlm.evaluation.replies.words import read_words
from emovlm.frames.store import FrameStore, SoundStore
from emovlm.lexicon.terms import LEXICON


def main(job: Job) -> None:
    inputs, params = job.inputs, job.params
    truth = read_table(inputs["truth"], CLIP_TRUTH) if "truth" in inputs else None
    answers = answer_folds(
        loader(params["system"], params["base"], job.code),
        params["models"],
        clips_to_answer(read_table(inputs["manifest"], MANIFEST), read_table(inputs["clips"], CLIP_INDEX), truth),
        read_table(inputs["sample"], SAMPLE),
        read_table(inputs["texts"], TEXTS) if "texts" in inputs else None,
        FrameStore([inputs["store"]]),
        AnswerStore(params["answer_store"]),
        read_prompt(inputs["prompt"], params["classes"]),
        params,
        SoundStore([inputs["sounds"]]) if "sounds" in inputs else None,
        read_words(inputs["classes"], inputs.get("lexicon", LEXICON)),
    )
    write_table(answers, job.outputs["answers"], ANSWERS)


if __name__ == "__main__":
    run(main)
