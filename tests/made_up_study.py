"""A made-up dataset with answers of any size, as the tables that the explorer page is built from."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from emovlm.core.contracts.answers import ANSWERS, TEXTS
from emovlm.core.contracts.data import CLIP_TRUTH, FRAME_TRUTH, MANIFEST
from emovlm.core.contracts.frames import CLIP_INDEX, FRAME_INDEX, SAMPLE
from emovlm.core.contracts.statistics import COMPARISONS, CONFUSION
from emovlm.core.io import write_table
from emovlm.frames.store import StoreWriter
from emovlm.report.explorer_clips import Sources

CLASSES = ["anger", "disgust", "fear", "happiness", "neutral", "sadness", "surprise", "contempt", "anxiety",
           "helplessness", "disappointment"]  # fmt: skip
DATASET = "made"
FPS, FRAMES = 5, 15


@dataclass(frozen=True)
class MadeUp:
    """Where the tables are: arguments of the functions that write the page's files."""

    sources: Sources
    store: str
    samples: dict[str, str]
    conditions: list[dict[str, str]]
    paths: dict[str, dict[str, str]]
    values: dict[str, dict]


def make_up(folder: Path, clips: int, conditions: int, runs: int = 1, size: int = 32) -> MadeUp:
    """Write the tables. The first condition shows texts between its frames, the others frames alone.

    In every condition the answer to the first clip is a failure; the last clip was not decoded.
    """
    draw = np.random.default_rng(1)
    folder.mkdir(parents=True, exist_ok=True)
    names = [f"{DATASET}/{k:05d}" for k in range(clips)]
    label = [CLASSES[k % len(CLASSES)] for k in range(clips)]
    read = names[:-1]

    def table(name: str, frame: pd.DataFrame, contract: object) -> str:
        write_table(frame, folder / name, contract)
        return str(folder / name)

    manifest = pd.DataFrame({"clip_id": names, "path": names, "label": label, "split": "test", "fold": 0,
                             "identity": [f"p{k % 60}" for k in range(clips)]})  # fmt: skip
    index = pd.DataFrame({"clip_id": names, "status": "ok", "reason": None, "n_frames": FRAMES, "fps": float(FPS),
                          "duration_s": FRAMES / FPS, "width": size, "height": size})  # fmt: skip
    index.loc[clips - 1, ["status", "reason", "n_frames"]] = "failed", "the file is empty", 0
    frames = pd.DataFrame({"clip_id": np.repeat(read, FRAMES), "frame_index": np.tile(np.arange(FRAMES), len(read))})
    frames["timestamp_s"] = frames["frame_index"] / FPS
    truth = manifest[["clip_id", "identity", "label", "split"]].assign(
        micro=[k % 5 == 1 for k in range(clips)], order=["fear" if k % 5 == 2 else None for k in range(clips)],
        onset_s=0.4, apex_s=0.8, apex_end_s=1.2, offset_s=2.0, yaw_deg=0.0, blinks=0, frames_sha256="0",
    )  # fmt: skip
    units = frames.assign(au_AU12=np.sin(frames["timestamp_s"]).clip(0), au_AU4=0.3, au_AU9=0.0)
    every = frames.assign(position=frames["frame_index"], role="frame", gap=0)
    keys = every[every["frame_index"] % FPS == 0].assign(role="keyframe")
    keys = keys.assign(position=keys["frame_index"] // FPS, gap=keys["frame_index"] // FPS)
    texts = keys[["clip_id", "gap"]].assign(text=["gap " + str(g) for g in keys["gap"]], reason=None, refused=False)
    texts["frames"] = [[0]] * len(texts)
    with StoreWriter(folder / "0.safetensors", read, (FRAMES, size, size, 3)) as store:
        for k, clip in enumerate(read):
            ramp = np.arange(FRAMES, dtype=np.uint8)[:, None, None, None] * 12
            store.add(clip, np.broadcast_to(ramp + np.uint8(k % 60), (FRAMES, size, size, 3)))
    rows, paths = [], {}
    for c in range(conditions):
        name, first = f"c{c:03d}", c == 0
        rows.append({"condition": name, "system": f"s{c % 6}", "dataset": DATASET,
                     "frames": "keys" if first else "every",
                     "context": "msce" if first else "none", "decision": "likelihood", "claims": "T1",
                     "prompt": "default"})  # fmt: skip
        answers = pd.concat([_answers(names, label, run, draw) for run in range(1, runs + 1)])
        paths[name] = table(f"answers.{name}.parquet", answers, ANSWERS)
    (folder / "prompt.txt").write_text("Which emotion? {classes}")
    sample = {"every": table("every.parquet", every, SAMPLE), "keys": table("keys.parquet", keys, SAMPLE)}
    confusion = pd.DataFrame(
        {"condition": [r["condition"] for r in rows], "label": "anger", "prediction": "failed", "n": 1}
    )
    kinds = {name: {"int": 0, "float": 0.0, "string": "-"}[c.type] for name, c in COMPARISONS.columns.items()}
    comparison = pd.DataFrame(
        [{**kinds, "comparison": "first", "a": "c000", "b": "c001", "metric": "uar", "clips": "all"}]
    )
    value = {
        "value": 0.5,
        "low": 0.4,
        "high": 0.6,
        "n": clips,
        "unit": "share",
        "source": "made up",
        "text": "0.50 [0.40, 0.60]",
    }
    values = {f"metric.{r['condition']}.{m}": value for r in rows for m in ("accuracy", "uar", "macro_f1", "micro.uar")}
    return MadeUp(
        sources=Sources(
            table("manifest.parquet", manifest, MANIFEST), [table("clips.parquet", index, CLIP_INDEX)],
            [table("frames.parquet", frames, FRAME_INDEX)],
            [table("truth.parquet", truth, CLIP_TRUTH), table("units.parquet", units, FRAME_TRUTH)],
        ),
        store=str(folder / "0.safetensors"), samples=sample, conditions=rows, values=values,
        paths={
            "manifests": {DATASET: str(folder / "manifest.parquet")},
            "clips": {f"{DATASET}/0": str(folder / "clips.parquet")},
            "answers": paths, "samples": {f"{DATASET}/{k}": v for k, v in sample.items()},
            "texts": {f"motion/s0/{run}/{DATASET}": table(f"texts.{run}.parquet", texts, TEXTS)
                      for run in range(1, runs + 1)},
            "prompts": {"default": str(folder / "prompt.txt")},
            "tables": {"confusion": table("confusion.csv", confusion, CONFUSION),
                       "comparisons": table("comparisons.csv", comparison, COMPARISONS)},
        },
    )  # fmt: skip


def _answers(names: list[str], label: list[str], run: int, draw: np.random.Generator) -> pd.DataFrame:
    scores = draw.normal(-4, 1, (len(names), len(CLASSES))).round(4)
    frame = pd.DataFrame(scores, columns=[f"score_{c}" for c in CLASSES])
    frame = frame.assign(clip_id=names, dataset=DATASET, identity=names, flag=None, replicate=run, fold=0, label=label,
                         status="ok", reason=None, refused=False, cut=False, parsed=CLASSES[1], exact=None,
                         substring=CLASSES[2],
                         prediction=[CLASSES[k] for k in scores.argmax(axis=1)], reply="so it is",
                         n_frames=3, n_tokens=40)  # fmt: skip
    for k in (0, len(names) - 1):
        frame.loc[k, ["status", "reason", "n_frames"]] = "failed", f"broken {k > 0}", 0
        frame.loc[k, ["prediction", "reply", "parsed", "substring"]] = None
        frame.loc[k, [f"score_{c}" for c in CLASSES]] = np.nan
    frame.loc[2, "cut"] = True
    return frame
