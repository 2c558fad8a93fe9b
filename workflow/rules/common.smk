"""What all rules share: the valid study, its ids as wildcards, and the two ingredients of `params`."""

import json
import os
import sys
from pathlib import Path

from snakemake.exceptions import WorkflowError

ROOT = Path(workflow.basedir)
sys.path.insert(0, str(ROOT / "src"))

from emovlm.core.codehash import code_hash
from emovlm.core.config import load_study
from emovlm.core.errors import StudyError

# Jobs run the Python that runs Snakemake (a conda environment, where one is deployed, comes first),
# and find the package without installing it.
os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
os.environ["PYTHONPATH"] = str(ROOT / "src")

try:
    STUDY = load_study(config)
except StudyError as error:
    raise WorkflowError(str(error)) from None

SCRIPTS = "workflow/scripts"
RESULTS = config["pathvars"]["results"]
PRETRAINED = [name for name, row in STUDY.systems.items() if row["training"] == "pretrain"]
TUNED = [name for name, row in STUDY.systems.items() if row["training"] == "lora"]
CLASSIFIERS = [name for name, row in STUDY.systems.items() if row["training"] == "classifier"]
SYNFACE = [name for name, row in STUDY.datasets.items() if row["kind"] == "synface"]


def one_of(names):
    """A wildcard constraint: exactly these ids."""
    return "|".join(names) or "(?!)"


wildcard_constraints:
    dataset=one_of(STUDY.datasets),
    system=one_of(STUDY.systems),
    sampler=one_of(STUDY.frame_samplers),
    training_sampler=one_of(STUDY.training_samplers),
    condition=one_of(STUDY.conditions),
    shard=r"\d+",


def code(script):
    """Hash of what a script does, with the package modules it imports: an edit reruns its rules."""
    try:
        return code_hash(ROOT / SCRIPTS / f"{script}.py")
    except StudyError as error:
        raise WorkflowError(str(error)) from None


def as_json(**values):
    """The slice of the study that a rule reads, as text: a change of it reruns the rule."""
    return json.dumps(values, sort_keys=True, ensure_ascii=False)


def folder(dataset):
    """Folder of a dataset's clips and annotations."""
    return STUDY.datasets[dataset]["folder"].replace("<results>", RESULTS)


def n_shards(dataset):
    return STUDY.datasets[dataset]["n_shards"]


def shards(pattern, dataset):
    """One path a shard of the dataset."""
    return expand(pattern, shard=range(n_shards(dataset)), dataset=dataset, allow_missing=True)
