"""What all rules share: the valid study, its ids as wildcards, and what is asked of a row in several places."""

import gc
import json
import os
import shlex
import sys
from pathlib import Path

from snakemake.exceptions import WorkflowError

ROOT = Path(workflow.basedir)
sys.path.insert(0, str(ROOT / "src"))

from emovlm.core.errors import StudyError
from emovlm.core.hashing import seed_of
from emovlm.datasets.registry import ANNOTATIONS, PUBLISHED_COUNTS
from emovlm.evaluation.contexts import CONTEXTS
from emovlm.study.load import load_study
from emovlm.study.systems import TRAINED_ON_LABELS

gc.set_threshold(100_000)  # planning makes many small objects and drops few: look for garbage less often

# Jobs run the Python that runs Snakemake (a conda environment, where one is deployed, comes first),
# and find the package without installing it. Of conda's jobs Snakemake takes PYTHONPATH away: their shell sets it.
os.environ |= {"PATH": os.pathsep.join([str(Path(sys.executable).parent), *os.get_exec_path()])}
shell.prefix(f"set -euo pipefail; export PYTHONPATH={shlex.quote(str(ROOT / 'src'))}; ")

try:
    STUDY = load_study(config)
except StudyError as error:
    raise WorkflowError(str(error)) from None

os.environ |= {"EMOVLM_API": json.dumps(config.get("api", {}))}  # how API models are reached

RESULTS = config["pathvars"]["results"]
FACES = config["organism"]["dataset"]
PROMPTS = config["prompts"]
TESTED = sorted({row["dataset"] for row in STUDY.conditions.values()})
RENDERED = list(config["synface"]["corpora"])
SHOWN = next(name for name in TESTED if name in RENDERED)  # the dataset whose clips the figures show
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
    """The systems that one kind of training makes."""
    return [name for name, row in STUDY.systems.items() if row["training"] == training]


def fetched():
    """The systems whose weights come from outside; those behind an API stay where they are."""
    return [name for name in trained_by("none") if STUDY.systems[name]["kind"] != "api"]


def served():
    """The systems behind an API that a condition asks."""
    return sorted({r["system"] for r in STUDY.conditions.values() if STUDY.systems[r["system"]]["kind"] == "api"})


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
    return range(1, STUDY.runs_of(system) + 1)


def run_seed(replicate):
    """The seed of one training run, the study's own for the first."""
    return config["seed"] if int(replicate) == 1 else seed_of(config["seed"], "replicate", replicate)


def folder(dataset):
    """Folder of a dataset's clips and annotations."""
    return STUDY.datasets[dataset]["folder"].replace("<results>", RESULTS)


def n_shards(dataset):
    """Into how many shards a dataset is split."""
    return STUDY.datasets[dataset]["n_shards"]


def shards(pattern, dataset):
    """One path a shard of the dataset."""
    return expand(pattern, shard=range(n_shards(dataset)), dataset=dataset, allow_missing=True)


def bare(row):
    """A row without its remark, which changes no result."""
    return {k: v for k, v in row.items() if k != "about"}
