"""Pretrain the organism on one variant's captions, on the frozen tower.

params: seed, classes, image_size, tower, language.
"""

from pathlib import Path

from emovlm.core.contracts.training import CAPTIONS
from emovlm.core.io import read_table
from emovlm.core.job import Job, run
from emovlm.core.prompts import read_prompts
from emovlm.training.features import FeatureStore
from emovlm.training.language import pretrain_organism
from emovlm.training.loop import write_training


def main(job: Job) -> None:
    inputs, folder = job.inputs, Path(job.outputs["weights"]).parent
    captions, features = read_table(inputs["captions"], CAPTIONS), FeatureStore(inputs["features"])
    prompts = read_prompts(inputs["prompts"], job.params["classes"])
    log = pretrain_organism(Path(inputs["tower"][0]).parent, captions, features, prompts.values(), job.params, folder)
    write_training(folder, log, captions["named"])


if __name__ == "__main__":
    run(main)
