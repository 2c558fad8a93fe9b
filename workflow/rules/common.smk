"""What all rules share: the valid study, its ids as wildcards, and what is asked of a row in several places."""

import gc
import inspect
import json
import os
import shlex
import sys
from functools import cache
from pathlib import Path

from snakemake.exceptions import WorkflowError

# Planning makes a million small objects and drops few: look for garbage seldom, and never among what is imported.
gc.freeze()
gc.set_threshold(1_000_000)

ROOT = Path(workflow.basedir)
sys.path.insert(0, str(ROOT / "src"))

from emovlm.core.contracts.results import RESULT_TABLES
from emovlm.core.errors import StudyError
from emovlm.core.hashing import seed_of, sha256_json
from emovlm.datasets.registry import DATASET_KINDS, MANIFEST_COLUMNS, files_of
from emovlm.models.api.settings import SERVED
from emovlm.models.base import SETTINGS
from emovlm.models.hub_classifier.labels import label_settings
from emovlm.statistics.verdicts import CLAIM_KINDS
from emovlm.study.config import RECIPES
from emovlm.study.load import DEFAULT, EXTENDS, extended, load_study

# Jobs run the Python that runs Snakemake (a conda environment, where one is deployed, comes first),
# and find the package without installing it. Of conda's jobs Snakemake takes PYTHONPATH away: their shell sets it.
os.environ |= {"PATH": os.pathsep.join([str(Path(sys.executable).parent), *os.get_exec_path()])}
shell.prefix(f"set -euo pipefail; export PYTHONPATH={shlex.quote(str(ROOT / 'src'))}; ")

# A configuration is the files that the command line names, over those that they extend.
NAMED = [os.path.relpath(file) for file in workflow.overwrite_configfiles]
try:
    BELOW = extended(".", NAMED) if NAMED else [DEFAULT]
except StudyError as error:
    raise WorkflowError(str(error)) from None
for file in BELOW:

    configfile: file


config.pop(EXTENDS, None)

try:
    STUDY = load_study(config)
except StudyError as error:
    raise WorkflowError(str(error)) from None

CONFIG = STUDY.config
PLUGINS = CONFIG.plugins  # Python files of the study that add metrics, figures, kinds of claims, ...
os.environ |= {"EMOVLM_API": json.dumps(CONFIG.told()["api"])}  # how API models are reached

RESULTS = CONFIG.pathvars.results
TESTED = [dataset.name for dataset in STUDY.tested]
RENDERED = [dataset.name for dataset in STUDY.datasets.values() if dataset.rendered]
SHOWN = next((name for name in TESTED if name in RENDERED), None)  # the dataset whose clips the figures show
# What `save_pretrained` writes beside the weights.
SAVED = ["config.json", "training.csv"]
SAVED_VLM = [
    *SAVED,
    "generation_config.json",
    "processor_config.json",
    "tokenizer.json",
    "tokenizer_config.json",
    "chat_template.jinja",
]


def one_of(names):
    """A wildcard constraint: exactly these ids."""
    return "|".join(names) or "(?!)"


def trained_by(training):
    """The systems of the study that one kind of training makes."""
    return [system.name for system in STUDY.used if system.training == training]


def fetched():
    """The systems whose weights come from outside; those behind an API stay where they are."""
    return [system.name for system in STUDY.systems.values() if system.from_outside]


pathvars:
    **CONFIG.pathvars.told(),


wildcard_constraints:
    dataset=one_of(STUDY.datasets),
    system=one_of(STUDY.systems),
    sampler=one_of(STUDY.frame_samplers),
    training_sampler=one_of(STUDY.training_samplers),
    replicate=r"\d+",
    condition=r"[a-z0-9-]+",  # any id: a study has hundreds, and Snakemake writes this into every path
    shard=r"\d+",
    fold=r"(/fold[1-9]\d*)?",  # nothing, where one model is for all clips


def table(name):
    """A table of the results, which the report shows with the caption in report/tables/."""
    caption = f"../report/tables/{name}.rst"
    return report(f"<results>/tables/{name}.csv", caption=caption, category="Tables", labels={"table": name})


def replicates(system):
    """The training runs of a system."""
    return range(1, STUDY.systems[system].runs + 1)


def run_seed(replicate):
    """The seed of one training run, the study's own for the first."""
    return CONFIG.seed if int(replicate) == 1 else seed_of(CONFIG.seed, "replicate", replicate)


def folder(dataset):
    """Folder of a dataset's clips and annotations."""
    return STUDY.datasets[dataset].folder.replace("<results>", RESULTS)


@cache
def shards(pattern, dataset):
    """One path a shard of the dataset."""
    return expand(pattern, shard=range(STUDY.datasets[dataset].n_shards), dataset=dataset, allow_missing=True)
