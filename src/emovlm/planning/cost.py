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

from emovlm.core.errors import StudyError
from emovlm.datasets.classes import videos_by_label
from emovlm.datasets.published_counts import ALL, published_counts
from emovlm.datasets.registry import DATASET_KINDS
from emovlm.frames.store import Encoding
from emovlm.models.flops import BYTES, Gpu, Size, answer_s, lora_s, prompt_tokens, start_s, training_s
from emovlm.models.hub import cached_folder, is_fetched
from emovlm.models.vlm.pixels import enlarged_sides
from emovlm.sampling.frame_samplers import sample_frames
from emovlm.study.rows import Dataset
from emovlm.study.study import Study
from emovlm.study.systems import System
from emovlm.synface.plan import clip_lengths, read_class_sizes

# flops: LoRA of Qwen-7B, sequences of 2,048 tokens, 5.2 s for 8 (QwenLM/Qwen, README, "Profiling of Memory and Speed"):
# 4 x 7.72e9 x 16,384 / 5.2. bandwidth: Qwen2.5-7B writes 40.38 tokens/s (QwenLM/Qwen2.5, docs/source/benchmark/
# speed_benchmark.rst), for each of which it reads 14.1 GB of weights.
GPU = Gpu("an A100 of 80 GB with transformers", flops=97e12, bandwidth=0.57e12)
MODELS = Path("resources/models.csv")
TABLE_SIDE = 224  # pixels of the frames whose tokens and patches the table has, where frames may have any size
CLASS_SIZES = Path("resources/published/mafw_classes.csv")
FPS, TEXT, HOUR = 25, 150, 3600  # 1/s of the clips; tokens of the question with its chat template
# Size of frames over raw by encoding and form of a dataset, see SHARE_MEASURED.
SHARE: dict[tuple[Encoding, str], float] = {("raw", "clips"): 1.0, ("raw", "frames"): 1.0, ("h264", "clips"): 0.13,
         ("h264", "frames"): 0.32, ("webp", "clips"): 0.15, ("webp", "frames"): 0.29}  # fmt: skip
SHARE_MEASURED = (
    "h264 and webp are without loss. Their size is estimated from seven compressed videos of people and films "
    "(benchmarks/frame_store_size.py) and grows with the noise in yours"
)
AS = ", as "  # how a dataset's frames are stored, if not raw
UNKNOWN = Size(*[math.nan] * 7)
COLUMNS = ["system", "dataset", "claims", "stage", "what", "jobs", "seconds", "hours", "read", "written"]


def read_sizes(study: Study, path: Path = MODELS) -> dict[str, Size]:
    """Size of each system that runs on a GPU or behind an API, by its id.

    A system that is fine-tuned here has its base's. A size that is not known is ``UNKNOWN``.
    """
    table = pd.read_csv(path).set_index("model")
    outside = {system: _size_of(study, system, table) for system in study.systems.values() if system.training == "none"}
    firsts = {name: system.base or system for name, system in study.systems.items()}
    return {name: outside[first] for name, first in firsts.items() if first in outside}


def folder_here(system: System, fetched: Path) -> Path | None:
    """Where this machine has a model from outside: in a folder of its own, fetched, or in the hub's cache."""
    if system.folder is not None:
        return system.folder if system.folder.is_dir() else None
    return fetched if is_fetched(system.told(), fetched) else cached_folder(system.weights, system.revision)


def _size_of(study: Study, system: System, table: pd.DataFrame) -> Size:
    """Size of a system with weights from outside, or behind an API."""
    fetched = Path(study.config.pathvars.results, "models", system.name, "1")
    if (system.weights or system.folder) and not system.served and system.family != "remote":
        here = folder_here(system, fetched)
        if here is not None:
            # Imported here, since it takes seconds, and only models that are here need it.
            from emovlm.models.sizes import checkpoint_size

            if size := checkpoint_size(here, system.told(), _side(study, system)):
                return size
    model = system.weights or (system.name if system.family == "remote" else system.family)
    if model not in table.index:
        return replace(UNKNOWN, most_frames=system.frames or 0)
    known = {field.name for field in fields(Size)} & set(table.columns)
    size = Size(**{key: table.at[model, key] for key in known}, most_frames=system.frames or 0)
    return _shown_at(size, table.at[model, "token_px"], system, _side(study, system))


def _shown_at(size: Size, token_px: float, system: System, side: int) -> Size:
    """A size of the table, which is for frames of ``TABLE_SIDE``, for frames as large as the system is shown them.

    Args:
        token_px: pixels a side of one visual token; nan where the weights fix the size of frames.
        side: of the square frames that are stored.
    """
    if math.isnan(token_px):
        return size
    side = min(side, system.pixels or side)
    shown, _ = enlarged_sides(side, side, system.min_pixels, int(token_px))
    more = (round(shown / token_px) / round(TABLE_SIDE / token_px)) ** 2
    return replace(size, tokens=size.tokens * more, patches=size.patches * more)


def _side(study: Study, system: System) -> int:
    """Pixels of the largest frames that a system or one that is fine-tuned from it is shown."""
    asked = [row.dataset.size for row in study.conditions.values() if system in (row.system, row.system.base)]
    return max(asked, default=study.config.frames.size)


def frames_of_a_clip(study: Study, seconds: float) -> dict[str, int]:
    """How many frames each sampler takes of a clip of that length; ``gaps``: between its keyframes."""
    n = round(seconds * FPS)
    clips = pd.DataFrame({"clip_id": ["c"], "status": "ok", "n_frames": n, "fps": float(FPS)})
    frames = pd.DataFrame({"clip_id": "c", "frame_index": np.arange(n), "timestamp_s": np.arange(n) / FPS})
    taken = {
        name: sample_frames(row.told(), row.base and row.base.told(), 0, clips, frames)
        for name, row in study.frame_samplers.items()
    }
    enrichment = study.config.enrichment
    gaps = taken[enrichment.sampler]["gap"].nunique() if enrichment else 0
    return {name: len(sample) for name, sample in taken.items()} | {"gaps": gaps}


def mean_length() -> float:
    """Mean length of MAFW's clips in seconds, from its published bins."""
    return float(clip_lengths((np.arange(1000) + 0.5) / 1000, read_class_sizes(CLASS_SIZES)).mean())


def evaluated(dataset: Dataset) -> int:
    """How many clips of a dataset are asked about.

    Raises:
        StudyError: its row does not tell.
    """
    if dataset.corpus is not None:
        return dataset.corpus.test.clips if dataset.corpus.test else 0
    if dataset.subset is not None:
        return sum(bool(line.strip()) for line in Path(dataset.subset).read_text(encoding="utf-8").splitlines())
    if dataset.per_class is not None:
        return dataset.per_class * len(dataset.classes)
    return listed(dataset)


def listed(dataset: Dataset) -> int:
    """How many clips a dataset has, by what was published of it, or else by its own list.

    Raises:
        StudyError: there is neither.
    """
    place = Path(dataset.folder, DATASET_KINDS[dataset.kind].lists)
    if dataset.kind == "classes" and place.is_dir():
        return sum(map(len, videos_by_label(place).values()))
    if not DATASET_KINDS[dataset.kind].published_counts:
        if not place.is_file():
            where = dataset.cell("folder")
            raise StudyError(f"{where}: how many clips {dataset.name} has is unknown, because there is no {place}")
        return sum(bool(line.strip()) for line in place.read_text(encoding="utf-8").splitlines()) - 1
    return published_counts(Path(DATASET_KINDS[dataset.kind].published_counts))[ALL, 0]


def costs(study: Study, gpu: Gpu = GPU) -> pd.DataFrame:
    """One row for each condition, kind of texts and training of systems that run on a GPU or behind an API.

    Columns: system, dataset, claims, stage (answer, describe or train), what (condition, kind of texts or sampler),
    jobs, seconds of one job, hours of all on one card, tokens read and written by all; nan where a size is not known.
    """
    sizes, frames = read_sizes(study), frames_of_a_clip(study, mean_length())
    reply, enrichment = study.config.evaluation.max_new_tokens, study.config.enrichment
    rows: list[tuple] = []
    described: dict[tuple[System, Dataset, str], list[str]] = {}

    def add(system: System, dataset: Dataset, claims: list[str], stage: str, what: str, jobs: int, work: float,
            read: float, written: float, loads: int = 1) -> None:  # fmt: skip
        seconds = 0.0 if system.served else work + loads * start_s(sizes[system.name], gpu)
        told = system.name, dataset.name, " ".join(claims), stage, what
        rows.append((*told, jobs, seconds, jobs * seconds / HOUR, read, written))

    for name, condition in study.conditions.items():
        system, dataset = condition.system, condition.dataset
        if system.name not in sizes:
            continue
        size, clips, n_shards = sizes[system.name], evaluated(dataset), dataset.n_shards
        texts = frames["gaps"] * enrichment.max_new_tokens if condition.texts else 0
        shown = 0 if condition.context == "text-only" else frames[condition.frames.name]
        said = 0 if system.kind == "vision" else reply
        work = clips * answer_s(size, gpu, shown, TEXT + texts, said) / n_shards
        if system.family == "remote":  # reads the prompt anew for every label
            again = len(dataset.classes) * clips / n_shards
            work += again * answer_s(size, gpu, shown, TEXT + texts, 0)
        read = system.runs * clips * prompt_tokens(size, shown, TEXT + texts) if said else 0.0
        if system.served and system.scores:  # each label is a request of its own
            read *= 1 + len(dataset.classes)
        jobs, written = system.runs * n_shards, system.runs * clips * said
        add(system, dataset, condition.claims, "answer", name, jobs, work, read, written, len(system.folds))
        if condition.texts in ("motion", "static"):
            described.setdefault((system, dataset, condition.texts), condition.claims)
    for (system, dataset, kind), claims in described.items():
        size, text, jobs = sizes[system.name], enrichment.max_new_tokens, system.runs * dataset.n_shards
        seen = 1 if kind == "static" else -(-frames[enrichment.sampler] // frames["gaps"])
        gaps = evaluated(dataset) * frames["gaps"]
        work, asked = gaps * answer_s(size, gpu, seen, TEXT, text) / dataset.n_shards, system.runs * gaps
        add(system, dataset, claims, "describe", kind, jobs, work, asked * prompt_tokens(size, seen, TEXT),
            asked * text, len(system.folds))  # fmt: skip
    for name, system in study.systems.items():
        if name in sizes and system.sampler is not None:
            shown, size = frames[system.recipe.sampler], sizes[name]
            each = lora_s(size, gpu, shown, TEXT) if system.training == "lora" else training_s(size, gpu, shown)
            jobs, what = system.runs * len(system.folds), system.sampler.name
            claims = [claim for row in study.conditions.values() if row.system is system for claim in row.claims]
            claims = list(dict.fromkeys(claims))
            add(system, system.dataset, claims, "train", what, jobs, system.recipe.draws * each, 0.0, 0.0)
    return pd.DataFrame(rows, columns=COLUMNS)


def frame_bytes(dataset: Dataset, encoding: Encoding) -> float:
    """Bytes that the frames of a dataset will take on disk.

    Raises:
        StudyError: how many clips it has is not known.
    """
    if dataset.corpus is not None:
        clips = sum(split.clips for split in dataset.corpus.splits.values())
    else:
        clips = listed(dataset) if DATASET_KINDS[dataset.kind].published_counts else evaluated(dataset)
    return clips * mean_length() * FPS * dataset.size**2 * 3 * SHARE[encoding, dataset.form or "clips"]


def disk(study: Study) -> dict[str, float]:
    """Bytes that the study will take, by what: frames of each dataset, weights of each system from outside.

    They are nan for weights whose size is not known. Frames that are not stored raw have their encoding in their name,
    after ``AS``.
    """
    needed = {}
    for dataset in study.tested:
        encoding = dataset.encoding or "raw"
        told = "" if encoding == "raw" else f"{AS}{encoding}"
        needed[f"frames of {dataset.name}{told}"] = frame_bytes(dataset, encoding)
    for name, size in read_sizes(study).items():
        system = study.systems[name]
        if system.training == "none" and (system.kind == "vlm" or (system.kind == "vision" and system.weights)):
            needed[f"weights of {name}"] = BYTES * (size.parameters + size.vision_parameters) * 1.08  # and embeddings
    return needed
