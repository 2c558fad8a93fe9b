"""What a dataset of very many clips costs the jobs that are not sharded: seconds and memory of each.

    PYTHONPATH=src:. python benchmarks/million_clips.py --clips 1000000

Writes annotation lists in MAFW's layout and the tables that decoding would write, without any clip, and runs the
study's own scripts on them, as its rules do. Time is CPU time, memory the peak of the process.
"""

import os
import tempfile
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import pandas as pd
from benchmarks.measured import GIB, Figures, arguments, run_measured
from benchmarks.plan_scale import ROOT, write_mafw

from emovlm.core.contracts.frames import CLIP_INDEX, FRAME_INDEX
from emovlm.core.hashing import shard_of
from emovlm.core.io import write_table
from emovlm.study.load import load_study, read_config

FPS = 25.0


def write_index(folder: Path, clips: int, frames: int, shards: int) -> tuple[list[str], list[str]]:
    """The tables of decoding: every clip decoded, with as many frames."""
    ids = np.array([f"mafw/{k:07}" for k in range(clips)])
    shard = np.array([shard_of(clip_id, shards) for clip_id in ids])
    paths: tuple[list[str], list[str]] = [], []
    for k in range(shards):
        own = ids[shard == k]
        row = {"status": "ok", "reason": None, "n_frames": frames, "fps": FPS, "duration_s": frames / FPS}
        index = np.tile(np.arange(frames), len(own))
        tables = (
            (pd.DataFrame({"clip_id": own, **row, "width": 224, "height": 224}), CLIP_INDEX),
            (
                pd.DataFrame({"clip_id": np.repeat(own, frames), "frame_index": index, "timestamp_s": index / FPS}),
                FRAME_INDEX,
            ),
        )
        for (frame, contract), listed in zip(tables, paths, strict=True):
            listed.append(str(folder / f"{k}.{contract.name.replace(' ', '-')}.parquet"))
            write_table(frame, listed[-1], contract)
    return paths


def measure(figures: Figures, rounds: int, what: str, script: str, **parts: Any) -> None:
    """Run a script of the workflow several times; print and keep its CPU seconds and peak memory."""
    runs = [run_measured(script, **parts) for _ in range(rounds)]
    memory = f"{median(run.memory for run in runs) / GIB:.1f} GiB"
    print(f"{script:16}{median(run.cpu_s for run in runs):8.1f} s{memory:>12}", flush=True)
    figures.row(f"`{script}`, {what}", [run.cpu_s for run in runs], "s CPU", also=memory)


def main() -> None:
    parser = arguments(__doc__)
    parser.add_argument("--clips", type=int, default=1_000_000)
    parser.add_argument("--frames", type=int, default=80, help="frames a clip")
    parser.add_argument("--shards", type=int, default=50)
    given = parser.parse_args()
    figures = Figures("million_clips", ("numpy", "pandas", "pyarrow"))
    measured = partial(measure, figures, given.rounds)
    clips = f"{given.clips:,} clips"
    os.chdir(ROOT)
    study = load_study(read_config())
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_mafw(folder, given.clips)
        (folder / "data/clips").mkdir(parents=True)
        manifest = str(folder / "manifest.parquet")
        words = {name: name for name in study.classes}
        dataset = {"dataset": "mafw", "kind": "mafw", "words": words, "permuted_labels": [], "seed": None}
        made = {"manifest": manifest, "counts": folder / "counts.csv"}
        measured(f"{clips} in MAFW's five folds", "make_manifest", outputs=made, params={**dataset, "folder": folder})
        index = write_index(folder, given.clips, given.frames, given.shards)
        for sampler in ("fps5", "fps5-shuffled"):
            row = study.frame_samplers[sampler]
            params = {"sampler": row.told(), "base": row.base and row.base.told(), "seed": 0}
            indices = dict(zip(("clips", "frames"), index, strict=True))
            measured(
                f"{clips} of {given.frames} frames, {sampler}", "sample_frames", inputs=indices,
                outputs={"sample": folder / f"{sampler}.parquet"}, params=params,
            )  # fmt: skip
        pd.read_parquet(manifest).assign(split="train").to_parquet(manifest)  # MAFW's folds are test sets so far
        drawn = {"sampler": study.training_samplers["balanced"].told(), "seed": 0, "n_draws": 100_000, "fold": 0}
        inputs = {"manifest": manifest, "clips": index[0]}
        schedule = {"schedule": folder / "schedule.parquet"}
        measured(f"{clips}, 100,000 draws", "sample_training", inputs=inputs, outputs=schedule, params=drawn)
    figures.write(given.json)


if __name__ == "__main__":
    main()
