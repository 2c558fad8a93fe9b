"""The paper's whole matrix as tables of the study: two gated datasets, ten systems, every sampler and context, 5 seeds.

`write_study` writes them in a folder, with stand-ins for what is gated, so that Snakemake can plan the study without
any clip or weight. What is assumed:

- Seeds (`replicates`) are of training. A system that is not trained here answers greedily, so it runs once.
- A vision-language model is shown every frame sampler of `config/frame_samplers.tsv`, but for the frames `between`
  keyframes, which only texts are about, and keyframes with every context, but for `truth`, which only rendered
  clips have. It is calibrated, and once trained here logit-adjusted, on the frames that training shows.
- A vision-only network takes a fixed number of frames and reads no text: it is shown the samplers of kind `count` and
  their derivatives, as in the default study.
- Qwen2.5-VL is tuned by LoRA, and both vision-only networks are trained, under every training sampler, for each
  dataset on its own.
- Stand-ins, since their kinds are not in the code yet: DFEW comes in MAFW's layout; Gemini, an API, is a row with
  weights; the vision-only networks are trained by the rule `train_classifier` on fetched weights; commits are zeros.
  Official folds are not planned: one training a system and seed, not one a fold.
- The embedded study comes along, since the rules need a rendered dataset and the claims name its conditions.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import yaml

from emovlm.core.tables import read_rows
from emovlm.evaluation.prompts import CONTEXTS

ROOT = Path(__file__).resolve().parents[1]
CONFIG = yaml.safe_load((ROOT / "config.yaml").read_text())
SEEDS = 5
CLIPS = {"mafw": 9172, "dfew": 11697}  # single-label clips
TUNED = "qwen2-5-vl"
ZERO_SHOT = {
    TUNED: "Qwen/Qwen2.5-VL-7B-Instruct",
    "qwen2-5-omni": "Qwen/Qwen2.5-Omni-7B",
    "qwen3-vl": "Qwen/Qwen3-VL-8B-Instruct",
    "emotion-qwen": "stand-in/Emotion-Qwen",
    "video-llava": "LanguageBind/Video-LLaVA-7B-hf",
    "llava-next-video": "llava-hf/LLaVA-NeXT-Video-7B-hf",
    "internvl3": "OpenGVLab/InternVL3-8B-hf",
    "gemini-2-5-flash": "stand-in/an-API",
}
VISION_ONLY = {"mae-dfer": "stand-in/MAE-DFER", "hicmae": "stand-in/HiCMAE"}
COMMIT = "0" * 40
FIRST_CLAIM = {"rate": "T1", "held": "T1", "window": "T1", "shuffled": "T2", "reversed": "T2", "keyframes": "T4"}

Row = dict[str, Any]


def table(name: str) -> list[Row]:
    """A table of the default study."""
    return read_rows(ROOT / CONFIG["tables"][name], name)


def systems() -> list[Row]:
    """The ten systems as they come, and those trained here."""
    fetched = [
        {"system": name, "kind": kind, "training": "none", "weights": weights, "revision": COMMIT}
        for kind, group in (("vlm", ZERO_SHOT), ("vision", VISION_ONLY))
        for name, weights in group.items()
    ]
    trained = [
        {
            "system": f"{base}-{sampler['sampler']}-{dataset}",
            "kind": kind,
            "training": training,
            "base": base,
            "sampler": sampler["sampler"],
        }
        for kind, training, bases in (("vlm", "lora", [TUNED]), ("vision", "classifier", VISION_ONLY))
        for base in bases
        for dataset in CLIPS
        for sampler in table("training_samplers")
    ]
    return fetched + trained


def conditions() -> list[Row]:
    """Every system on its datasets, with every sampler, context and decision that applies."""
    rows = []
    for system in systems():
        if system["system"] in VISION_ONLY:
            continue  # only what training starts from
        trained = system["training"] != "none"
        name = system["system"]
        for dataset in [name.rsplit("-", 1)[1]] if trained else CLIPS:
            stem = name if trained else f"{name}-{dataset}"
            for frames, context, decision, claim in _shown(system["kind"], trained):
                parts = [stem, frames, *(x for x in (context, decision) if x not in ("none", "likelihood"))]
                row = {"condition": "-".join(parts), "system": name, "dataset": dataset, "frames": frames}
                rows.append(row | {"context": context, "decision": decision, "claims": claim})
    return rows


def _shown(kind: str, trained: bool) -> Iterable[tuple[str, str, str, str]]:
    """Frames, context, decision and the first claim that needs them."""
    samplers = {row["sampler"]: row for row in table("frame_samplers")}
    for row in samplers.values():
        counted = "count" in (row["kind"], samplers.get(row.get("base"), {}).get("kind"))
        if row["kind"] != "between" and (kind == "vlm" or counted):
            yield row["sampler"], "none", "likelihood", FIRST_CLAIM.get(row["kind"], "L2" if trained else "L1")
    usual = CONFIG["lora" if kind == "vlm" else "classifier"]["sampler"]
    if trained:
        yield usual, "none", "logit-adjusted", "L2"
    if kind == "vlm":
        yield usual, "none", "calibrated", "L2"
        for context in CONTEXTS:
            if context not in ("none", "truth"):
                yield CONFIG["enrichment"]["keyframes"], context, "likelihood", "T4"


def comparisons(rows: list[Row]) -> list[Row]:
    """Does shuffling hurt (T2), for every system: frames in random order against the same in theirs."""
    known = {row["condition"] for row in rows}
    pairs = [(c, c.removesuffix("-shuffled")) for c in known if c.endswith("-shuffled")]
    about = {"claim": "T2", "metric": "macro_f1", "test": "equivalence", "family": "T2-paper"}
    return [{"comparison": a, "a": a, "b": b, **about} for a, b in sorted(pairs) if b in known]


def write_study(folder: Path, shards: dict[str, int], clips: dict[str, int] = CLIPS) -> Path:
    """Write the tables, the annotations of ``clips`` clips a dataset and the configuration; no clips.

    Returns:
        The configuration, for Snakemake's ``--configfile``.
    """
    answered = conditions()
    own = {"systems": systems(), "conditions": answered, "comparisons": comparisons(answered), "datasets": []}
    for name, n in clips.items():
        write_annotations(folder / name, n)
        about = {"kind": "mafw", "folder": folder / name, "n_shards": shards[name], "licence": "gated"}
        own["datasets"].append({"dataset": name, **about})
    for name, rows in own.items():
        text = (ROOT / CONFIG["tables"][name]).read_text()
        columns = text.split("\n", 1)[0].split("\t")
        lines = ["\t".join(str(row.get(column, "")) for column in columns) for row in rows]
        (folder / f"{name}.tsv").write_text(text + "\n".join(lines) + "\n")
    places = {name: str(folder / path) for name, path in CONFIG["pathvars"].items()}
    tables = {name: str(folder / f"{name}.tsv") for name in own}
    config = {"study": "paper-matrix", "replicates": SEEDS, "pathvars": places, "tables": tables}
    (folder / "config.yaml").write_text(yaml.safe_dump(config))
    return folder / "config.yaml"


def write_annotations(folder: Path, clips: int) -> None:
    """Five folds in MAFW's layout: each clip is tested in one and trained on in the others. No clip files."""
    emotions = [row["emotion"] for row in table("lexicon")]
    lines = [f"{k:07}.mp4 {emotions[k % len(emotions)]}\n" for k in range(clips)]
    (folder / "data/clips").mkdir(parents=True)
    for fold in range(5):
        place = folder / "Train & Test Set/single/no_caption" / f"set_{fold + 1}"
        place.mkdir(parents=True)
        (place / "test.txt").write_text("".join(lines[fold::5]))
        (place / "train.txt").write_text("".join(line for k, line in enumerate(lines) if k % 5 != fold))
