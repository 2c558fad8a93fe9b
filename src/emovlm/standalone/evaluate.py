"""Evaluate a model on clips, without a workflow: one call from clips to tables and a page.

The steps are the functions that the workflow's scripts call: ``decode_shard``, ``sample_frames``, ``describe_folds``,
``answer_folds``, ``metrics_table`` and so on.
"""

import sys
from collections.abc import Iterable, Sequence
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path
from typing import Any

import pandas as pd

from emovlm.core.answer_store import AnswerStore
from emovlm.core.codehash import PACKAGE, code_hash
from emovlm.core.errors import StudyError
from emovlm.core.plugins import load_plugins
from emovlm.core.prompts import read_prompt
from emovlm.enrichment.gaps import TEXTS_OF
from emovlm.evaluation.clips import clips_to_answer
from emovlm.evaluation.contexts import CONTEXTS
from emovlm.evaluation.folds import Loaded, answer_folds, describe_folds
from emovlm.models.fingerprint import fingerprint_of
from emovlm.models.loading import enough_memory, load_system
from emovlm.sampling.frame_samplers import sample_frames
from emovlm.sampling.sampler_names import between
from emovlm.standalone.conditions import Condition, Planned, plan
from emovlm.standalone.decoded import Decoded, decode
from emovlm.standalone.given_data import Data, read_data
from emovlm.standalone.given_model import Model, find_model
from emovlm.standalone.out_folder import OutFolder
from emovlm.standalone.pictures import pictures_of
from emovlm.standalone.results import Results, results_of

PROMPTS = ("classify", "describe", "motion")


def evaluate(
    model: str | Path,
    dataset: str | Path,
    conditions: Iterable[Condition | str] = ("fps5",),
    out: str | Path = "evaluation",
    *,
    labels: Sequence[str] | None = None,
    split: str = "test",
    fold: int | None = None,
    samplers: str | Path | None = None,
    prompts: str | Path | None = None,
    size: int = 224,
    image_rate: float | None = None,
    timeout_s: float = 60.0,
    max_new_tokens: int = 16,
    seed: int = 2026,
    resamples: int = 2000,
    plugins: Sequence[str | Path] = (),
    **settings: Any,
) -> Results:
    """Ask a model about every clip of a dataset, in each condition.

    Tables and the page ``index.html`` go to ``out``. What is answered is kept there clip by clip: stopped and called
    again, it goes on; with other conditions or prompts it asks only what it has not asked yet.

    In a script, call it below ``if __name__ == "__main__":``, since clips are decoded in a process of their own.

    Args:
        model: a folder as ``save_pretrained`` writes it, ``organisation/name@commit``, or ``table.tsv:system``.
        dataset: a folder of clips: a folder a class, videos with a table ``annotations.csv``, MAFW, or DFEW.
        conditions: what the model is shown; a text is a frame sampler, for frames alone.
        out: folder of this evaluation, made if absent.
        labels: what the model chooses from; the labels of the clips if not given.
        split, fold: which clips are evaluated.
        samplers: table of frame samplers (``config/frame_samplers.tsv``) whose names conditions may use.
        prompts: folder with ``classify.txt``, ``describe.txt`` or ``motion.txt`` in place of the package's own;
            ``{classes}`` in them stands for the labels.
        size: side in px of the square that clips are decoded to.
        image_rate: frames a second of clips that are folders of images.
        timeout_s: longest time to decode one clip.
        max_new_tokens: of the free reply, and of each text between keyframes.
        seed: of shuffled frames and of the intervals.
        resamples: of the bootstrap.
        plugins: Python files, below the working directory, that add metrics or kinds of frame samplers and datasets.
        settings: columns of ``config/systems.tsv``: ``dtype``, ``frames`` (most a prompt), ``on_overflow``, ``pixels``,
            ``min_pixels``, ``batch``, ``pooling``, ``label_map``, ``missing_labels``.

    Raises:
        StudyError: the clips, the model or a condition cannot be used, or ``out`` holds something else. Nothing is
            overwritten then.
    """
    if size < 16:
        raise StudyError(f"size is {size} px; clips are decoded to squares of at least 16 px")
    load_plugins(plugins)
    data = read_data(dataset, labels, split, fold)
    found = find_model(model, data.classes, **settings)
    vision = found.row["kind"] == "vision"
    planned = plan(conditions, None if samplers is None else str(samplers), vision)
    asked = {name: "" if vision else _prompt(prompts, name, data.classes) for name in PROMPTS}
    about = {
        "model": found.name, "data": str(data.folder.resolve()), "kind": data.kind, "split": split, "fold": fold,
        "labels": data.classes, "clips": len(data.manifest), "version": version("emovlm"),
        "system": {k: v for k, v in found.row.items() if k != "label_words"},
        "conditions": [{"name": p.condition.name, **vars(p.condition), "sampler": p.sampler} for p in planned],
        "prompts": {} if vision else asked, "size": size, "max_new_tokens": max_new_tokens, "seed": seed,
        "resamples": resamples, "confidence": 0.95, "plugins": [str(path) for path in plugins],
    }  # fmt: skip
    with OutFolder(out, about) as folder:
        with enough_memory():
            system = load_system(found.row, found.folder)
        if hasattr(system, "match"):  # the labels of a classifier must fit before anything is decoded
            system.match(data.classes)
        loaded = Loaded(system, fingerprint_of(found.row, found.folder), code_hash(PACKAGE / "evaluation/folds.py"))
        decoded = decode(data, folder.path / "frames", size, timeout_s, image_rate)
        asking = _Asking(loaded, found, data, decoded, asked, max_new_tokens, seed, folder.path)
        answers, pictures = {}, {}
        for each in planned:
            print(f"condition {each.condition.name}", file=sys.stderr, flush=True)
            sample = asking.sample(each.sampler, each.base)
            answers[each.condition.name] = asking.answers(each, sample)
            pictures[each.condition.name] = pictures_of(
                answers[each.condition.name], sample, decoded.frames, conditions=len(planned)
            )
        results = results_of(about, answers, pictures)
        results.save(folder.path)
    return results


class _Asking:
    """A loaded model and decoded clips."""

    def __init__(
        self, loaded: Loaded, model: Model, data: Data, decoded: Decoded, prompts: dict[str, str], max_new_tokens: int,
        seed: int, out: Path,
    ) -> None:  # fmt: skip
        self.loaded, self.models = loaded, {"0": str(model.folder)}
        self.data, self.decoded, self.prompts = data, decoded, prompts
        self.max_new_tokens, self.seed = max_new_tokens, seed
        self.clips = clips_to_answer(data.manifest, decoded.clips)
        self.stores = {name: AnswerStore(out / "store" / f"{name}.jsonl") for name in ("answers", "texts")}

    def sample(self, sampler: dict[str, Any], base: dict[str, Any] | None) -> pd.DataFrame:
        """``SAMPLE`` of all clips."""
        return sample_frames(sampler, base, self.seed, self.decoded.clips, self.decoded.index)

    def answers(self, planned: Planned, sample: pd.DataFrame) -> pd.DataFrame:
        """``ANSWERS`` of one condition."""
        condition = planned.condition
        params = {
            "context": condition.context, "decision": condition.decision, "classes": self.data.classes,
            "max_new_tokens": self.max_new_tokens, "replicate": 1,
        }  # fmt: skip
        return answer_folds(
            self._load, self.models, self.clips, sample, self._texts(planned, sample), self.decoded.frames,
            self.stores["answers"], self.prompts["classify"], params,
        )  # fmt: skip

    def _texts(self, planned: Planned, keyframes: pd.DataFrame) -> pd.DataFrame | None:
        """``TEXTS`` that a context shows, written by the model itself."""
        kind = CONTEXTS[planned.condition.context].texts
        if kind is None:
            return None
        gaps = self.sample(between(planned.sampler), None)
        shown, prompt = TEXTS_OF[kind]
        return describe_folds(
            self._load, self.models, self.clips, gaps if shown == "between" else keyframes, gaps, self.decoded.frames,
            self.stores["texts"], self.prompts[prompt], self.max_new_tokens,
        )  # fmt: skip

    def _load(self, folder: str) -> Loaded:
        return self.loaded


def _prompt(folder: str | Path | None, name: str, classes: list[str]) -> str:
    """A prompt of the folder given, or else of the package."""
    given = None if folder is None else Path(folder, f"{name}.txt")
    if folder is not None and not any(Path(folder, f"{each}.txt").is_file() for each in PROMPTS):
        raise StudyError(f"{folder}: none of {', '.join(f'{each}.txt' for each in PROMPTS)} is there")
    own = Path(str(files("emovlm.evaluation") / "prompts" / f"{name}.txt"))
    return read_prompt(given if given is not None and given.is_file() else own, classes)
