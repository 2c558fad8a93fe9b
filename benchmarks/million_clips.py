"""What a dataset of very many clips costs the jobs that are not sharded: seconds and memory of each.

    PYTHONPATH=src:. python benchmarks/million_clips.py --clips 1000000

Writes annotation lists in MAFW's layout and the tables that decoding would write, without any clip, and runs the
study's own scripts on them, as its rules do. Time is CPU time, memory the peak of the process.
"""

import argparse
import os
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from benchmarks.measured import run_measured
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


def measure(script: str, **parts: Any) -> None:
    """Run a script of the workflow; print its CPU seconds and peak memory."""
    used = run_measured(script, **parts)
    print(f"{script:16}{used.ru_utime + used.ru_stime:8.1f} s{used.ru_maxrss / 2**20:8.1f} GiB", flush=True)


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--clips", type=int, default=1_000_000)
    arguments.add_argument("--frames", type=int, default=80, help="frames a clip")
    arguments.add_argument("--shards", type=int, default=50)
    given = arguments.parse_args()
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
        measure("make_manifest", outputs=made, params={**dataset, "folder": folder})
        index = write_index(folder, given.clips, given.frames, given.shards)
        for sampler in ("fps5", "fps5-shuffled"):
            row = study.frame_samplers[sampler]
            params = {"sampler": row.told(), "base": row.base and row.base.told(), "seed": 0}
            indices = dict(zip(("clips", "frames"), index, strict=True))
            measure("sample_frames", inputs=indices, outputs={"sample": folder / f"{sampler}.parquet"}, params=params)
        pd.read_parquet(manifest).assign(split="train").to_parquet(manifest)  # MAFW's folds are test sets so far
        drawn = {"sampler": study.training_samplers["balanced"].told(), "seed": 0, "n_draws": 100_000, "fold": 0}
        inputs = {"manifest": manifest, "clips": index[0]}
        measure("sample_training", inputs=inputs, outputs={"schedule": folder / "schedule.parquet"}, params=drawn)


if __name__ == "__main__":
    main()
