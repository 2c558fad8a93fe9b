"""What a study would take: tokens, GPU hours on one card, disk. Calculated from its tables; nothing is run.

A job's time is by the cost model (:mod:`emovlm.models.flops`). The size of a model is by its own files where they are
here, otherwise by ``resources/models.csv``; where neither tells, its hours and bytes are nan, a gap in the estimate.
Systems that are trained here from nothing, the organism's, run on a CPU and cost no GPU hours. Clips are of MAFW's mean
length.
"""

import math
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pandas as pd

from emovlm.core.config import Study
from emovlm.core.errors import StudyError
from emovlm.core.tables import Row
from emovlm.datasets.published_counts import ALL, published_counts
from emovlm.datasets.registry import ANNOTATIONS, PUBLISHED_COUNTS
from emovlm.evaluation.contexts import CONTEXTS
from emovlm.models.flops import BYTES, Gpu, Size, answer_s, lora_s, prompt_tokens, start_s, training_s
from emovlm.models.hub import cached_folder, is_fetched
from emovlm.sampling.frame_samplers import sample_frames
from emovlm.synface.plan import clip_lengths, read_class_sizes

# flops: LoRA of Qwen-7B, sequences of 2,048 tokens, 5.2 s for 8 (QwenLM/Qwen, README, "Profiling of Memory and Speed"):
# 4 x 7.72e9 x 16,384 / 5.2. bandwidth: Qwen2.5-7B writes 40.38 tokens/s (QwenLM/Qwen2.5, docs/source/benchmark/
# speed_benchmark.rst), for each of which it reads 14.1 GB of weights.
GPU = Gpu("an A100 of 80 GB with transformers", flops=97e12, bandwidth=0.57e12)
MODELS = Path("resources/models.csv")
CLASS_SIZES = Path("resources/published/mafw_classes.csv")
FPS, TEXT, HOUR = 25, 150, 3600  # 1/s of the clips; tokens of the question with its chat template
UNKNOWN = Size(*[math.nan] * 7)
COLUMNS = ["system", "dataset", "claims", "stage", "what", "jobs", "seconds", "hours", "read", "written"]


def read_sizes(study: Study, path: Path = MODELS) -> dict[str, Size]:
    """Size of each system that runs on a GPU or behind an API, by its id.

    A system that is fine-tuned here has its base's. A size that is not known is ``UNKNOWN``.
    """
    table = pd.read_csv(path).set_index("model")
    found: dict[str, Size] = {}
    for name, row in study.systems.items():
        first = study.systems[row.get("base", name)]
        if first["training"] == "none":
            if first["system"] not in found:
                found[first["system"]] = _size_of(study, first, table)
            found[name] = found[first["system"]]
    return {name: found[name] for name in study.systems if name in found}


def _size_of(study: Study, row: Row, table: pd.DataFrame) -> Size:
    """Size of a system with weights from outside, or behind an API."""
    fetched = Path(study.config["pathvars"]["results"], "models", row["system"], "1")
    if "weights" in row and row["kind"] != "api":
        here = fetched if is_fetched(row, fetched) else cached_folder(row["weights"], row.get("revision"))
        if here is not None:
            # Imported here, since it takes seconds, and only models that are here need it.
            from emovlm.models.sizes import checkpoint_size

            if size := checkpoint_size(here, row, _side(study, row["system"])):
                return size
    model = row.get("weights") or (row["system"] if row["family"] == "remote" else row["family"])
    if model not in table.index:
        return replace(UNKNOWN, most_frames=row.get("frames", 0))
    known = {field.name for field in fields(Size)} & set(table.columns)
    return Size(**{key: table.at[model, key] for key in known}, most_frames=row.get("frames", 0))


def _side(study: Study, system: str) -> int:
    """Pixels of the largest frames that a system or one that is fine-tuned from it is shown."""
    own = {name for name, row in study.systems.items() if system in (name, row.get("base"))}
    datasets = [study.datasets[row["dataset"]] for row in study.conditions.values() if row["system"] in own]
    usual = study.config["frames"]["size"]
    return max((row.get("size", usual) for row in datasets), default=usual)


def frames_of_a_clip(study: Study, seconds: float) -> dict[str, int]:
    """How many frames each sampler takes of a clip of that length; ``gaps``: between its keyframes."""
    n = round(seconds * FPS)
    clips = pd.DataFrame({"clip_id": ["c"], "status": "ok", "n_frames": n, "fps": float(FPS)})
    frames = pd.DataFrame({"clip_id": "c", "frame_index": np.arange(n), "timestamp_s": np.arange(n) / FPS})
    rows = study.frame_samplers
    taken = {name: sample_frames(row, rows.get(row.get("base")), 0, clips, frames) for name, row in rows.items()}
    gaps = taken[study.config["enrichment"]["sampler"]]["gap"].nunique()
    return {name: len(sample) for name, sample in taken.items()} | {"gaps": gaps}


def mean_length() -> float:
    """Mean length of MAFW's clips in seconds, from its published bins."""
    return float(clip_lengths((np.arange(1000) + 0.5) / 1000, read_class_sizes(CLASS_SIZES)).mean())


def evaluated(study: Study, dataset: str) -> int:
    """How many clips of a dataset are asked about.

    Raises:
        StudyError: its row does not tell.
    """
    row = study.datasets[dataset]
    if row["kind"] == "synface":
        return study.config["synface"]["corpora"][dataset]["test"]["clips"]
    if "subset" in row:
        return sum(bool(line.strip()) for line in Path(row["subset"]).read_text(encoding="utf-8").splitlines())
    if "per_class" in row:
        return row["per_class"] * len(study.classes_of(dataset))
    return listed(study, dataset)


def listed(study: Study, dataset: str) -> int:
    """How many clips a dataset has, by what was published of it, or else by its own list.

    Raises:
        StudyError: there is neither.
    """
    row = study.datasets[dataset]
    kind, place = row["kind"], Path(row["folder"], ANNOTATIONS[row["kind"]])
    if kind not in PUBLISHED_COUNTS:
        if not place.is_file():
            where = f"{study.places['datasets'][dataset]}, row {dataset}"
            raise StudyError(f"{where}: how many clips it has is not known, for {place} is not there")
        return sum(bool(line.strip()) for line in place.read_text(encoding="utf-8").splitlines()) - 1
    return published_counts(Path(PUBLISHED_COUNTS[kind]))[ALL, 0]


def costs(study: Study, gpu: Gpu = GPU) -> pd.DataFrame:
    """One row for each condition, kind of texts and training of systems that run on a GPU or behind an API.

    Columns: system, dataset, claims, stage (answer, describe or train), what (condition, kind of texts or sampler),
    jobs, seconds of one job, hours of all on one card, tokens read and written by all; nan where a size is not known.
    """
    sizes, frames = read_sizes(study), frames_of_a_clip(study, mean_length())
    reply, text = (study.config[part]["max_new_tokens"] for part in ("evaluation", "enrichment"))
    enrichment, rows, described = study.config["enrichment"], [], {}

    def add(system: str, dataset: str, claims: str, stage: str, what: str, jobs: int, work: float, read: float,
            written: float, loads: int = 1) -> None:  # fmt: skip
        served = study.systems[system]["kind"] == "api"
        seconds = 0.0 if served else work + loads * start_s(sizes[system], gpu)
        rows.append((system, dataset, claims, stage, what, jobs, seconds, jobs * seconds / HOUR, read, written))

    for name, row in study.conditions.items():
        system, dataset = row["system"], row["dataset"]
        if system not in sizes:
            continue
        size, runs, n_shards = sizes[system], study.runs_of(system), study.datasets[dataset]["n_shards"]
        clips, claims = evaluated(study, dataset), row.get("claims", "")
        texts = frames["gaps"] * text if row["context"] != "none" else 0
        shown = 0 if row["context"] == "text-only" else frames[row["frames"]]
        said = 0 if study.systems[system]["kind"] == "vision" else reply
        work = clips * answer_s(size, gpu, shown, TEXT + texts, said) / n_shards
        if study.systems[system].get("family") == "remote":  # reads the prompt anew for every label
            again = len(study.classes_of(dataset)) * clips / n_shards
            work += again * answer_s(size, gpu, shown, TEXT + texts, 0)
        read = runs * clips * prompt_tokens(size, shown, TEXT + texts) if said else 0.0
        written = runs * clips * said
        add(system, dataset, claims, "answer", name, runs * n_shards, work, read, written, len(study.folds_of(system)))
        if CONTEXTS[row["context"]] in ("motion", "static"):
            described.setdefault((system, dataset, CONTEXTS[row["context"]]), claims)
    for (system, dataset, kind), claims in described.items():
        size, runs, n_shards = sizes[system], study.runs_of(system), study.datasets[dataset]["n_shards"]
        seen = 1 if kind == "static" else -(-frames[enrichment["sampler"]] // frames["gaps"])
        gaps = evaluated(study, dataset) * frames["gaps"]
        work, asked = gaps * answer_s(size, gpu, seen, TEXT, text) / n_shards, runs * gaps
        add(system, dataset, claims, "describe", kind, runs * n_shards, work,
            asked * prompt_tokens(size, seen, TEXT), asked * text, len(study.folds_of(system)))  # fmt: skip
    for system, row in study.systems.items():
        if system in sizes and "sampler" in row:
            recipe = study.settings_of(study.recipe_of(system))
            shown, size = frames[recipe["sampler"]], sizes[system]
            each = lora_s(size, gpu, shown, TEXT) if row["training"] == "lora" else training_s(size, gpu, shown)
            jobs = study.runs_of(system) * len(study.folds_of(system))
            add(system, row["dataset"], "L2", "train", row["sampler"], jobs, recipe["draws"] * each, 0.0, 0.0)
    return pd.DataFrame(rows, columns=COLUMNS)


def disk(study: Study) -> dict[str, float]:
    """Bytes that the study will take, by what: frames of each dataset, weights of each system from outside.

    They are nan for weights whose size is not known.
    """
    length, needed = mean_length(), {}
    for dataset in sorted({row["dataset"] for row in study.conditions.values()}):
        row = study.datasets[dataset]
        if row["kind"] == "synface":
            clips = sum(split["clips"] for split in study.config["synface"]["corpora"][dataset].values()
                        if isinstance(split, dict))  # fmt: skip
        else:
            clips = listed(study, dataset) if row["kind"] in PUBLISHED_COUNTS else evaluated(study, dataset)
        side = row.get("size", study.config["frames"]["size"])
        needed[f"frames of {dataset}"] = clips * length * FPS * side**2 * 3
    for system, size in read_sizes(study).items():
        row = study.systems[system]
        if row["training"] == "none" and (row["kind"] == "vlm" or (row["kind"] == "vision" and "weights" in row)):
            needed[f"weights of {system}"] = BYTES * (size.parameters + size.vision_parameters) * 1.08  # and embeddings
    return needed
