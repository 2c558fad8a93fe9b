"""Write the texts of the frames between keyframes, for the test clips of one shard.

params: system (what loading it depends on), models (folders of the system by fold), base (folder of its base, if it has
one), answer_store (texts that were written before are kept), classes, max_new_tokens.
"""

from emovlm.core.answer_store import AnswerStore
from emovlm.core.contracts.answers import TEXTS
from emovlm.core.contracts.data import MANIFEST
from emovlm.core.contracts.frames import SAMPLE
from emovlm.core.io import read_table, write_table
from emovlm.core.job import Job, run
from emovlm.core.prompts import read_prompt
from emovlm.evaluation.folds import describe_folds, loader
from emovlm.frames.store import FrameStore


def main(job: Job) -> None:
    inputs, params = job.inputs, job.params
    texts = describe_folds(
        loader(params["system"], params["base"], job.code),
        params["models"],
        read_table(inputs["manifest"], MANIFEST).query("split == 'test'"),
        read_table(inputs["sample"], SAMPLE),
        read_table(inputs["gaps"], SAMPLE),
        FrameStore([inputs["store"]]),
        AnswerStore(params["answer_store"]),
        read_prompt(inputs["prompt"], params["classes"]),
        params["max_new_tokens"],
    )
    write_table(texts, job.outputs["texts"], TEXTS)


if __name__ == "__main__":
    run(main)
