"""Put the true motion between keyframes into words: the upper bound of context enrichment.

params: seed.
"""

from emovlm.core.contracts.answers import TEXTS
from emovlm.core.contracts.data import FRAME_TRUTH
from emovlm.core.contracts.frames import SAMPLE
from emovlm.core.io import read_table, write_table
from emovlm.core.job import Job, run
from emovlm.enrichment.gaps import true_texts


def main(job: Job) -> None:
    between, keyframes = (read_table(job.inputs[name], SAMPLE) for name in ("between", "keyframes"))
    texts = true_texts(between, keyframes, read_table(job.inputs["truth"], FRAME_TRUTH), job.params["seed"])
    write_table(texts, job.outputs["texts"], TEXTS)


if __name__ == "__main__":
    run(main)
