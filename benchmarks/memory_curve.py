"""Peak memory of jobs by number of clips: decoding, answering, statistics. It should not grow with the clips.

    PYTHONPATH=src:. python benchmarks/memory_curve.py                              # 50, 100, 200 and 400 clips
    PYTHONPATH=src:. python benchmarks/memory_curve.py --clips 100 1000 --rounds 1

Runs the workflow's own scripts, each in a process of its own, on made-up clips and a tiny model with random
weights. The memory is that of the job's process. It is told twice: with the pages of files that it has mapped, which is
what it has read of the frame store so far and the kernel takes back when others need memory, and without them.
Statistics hold all answers of a condition, so that their memory must grow with them, but slowly.
"""

import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import pandas as pd
from benchmarks.decode_memory import write_clip
from benchmarks.measured import MIB, ROOT, Figures, Used, arguments, run_measured

from emovlm.core.contracts.data import MANIFEST
from emovlm.core.io import write_table

CLIPS, FRAMES, SIDE, SHOWN = (50, 100, 200, 400), 25, 112, 8
FAMILY = "qwen2.5-vl"
CLASSES = ["anger", "happiness", "neutral"]
SETTINGS = {"seed": 1, "resamples": 1000, "confidence": 0.95, "classes": CLASSES, "tail": ["neutral"], "alpha": 0.05,
            "flips": 1000}  # fmt: skip
COMPARED = {"comparison": "same", "claim": "T1", "a": "tiny", "b": "again", "clips": "all", "metric": "uar",
            "test": "difference", "family": "T1"}  # fmt: skip


def make_clips(folder: Path, clips: int) -> None:
    """A manifest and its clips; each person is in three of them. Clips differ, since equal ones are asked once."""
    for k in range(clips):
        write_clip(folder / f"{k}.mp4", FRAMES, SIDE, seed=k)
    rows = [{"clip_id": f"d/{k:06}", "path": f"{k}.mp4", "label": CLASSES[k % len(CLASSES)], "split": "test",
             "fold": 0, "identity": f"p{k // 3}"} for k in range(clips)]  # fmt: skip
    write_table(pd.DataFrame(rows), folder / "manifest.parquet", MANIFEST)


def jobs(folder: Path, model: Path) -> list[tuple[str, dict[str, Any]]]:
    """The scripts and what each is given, in the order in which they run; the tables go to ``folder``."""
    file = folder.joinpath
    manifest, clips = file("manifest.parquet"), file("clips.parquet")
    system = {"system": "tiny", "kind": "vlm", "training": "none", "family": FAMILY}
    asked = {
        "system": system, "base": None, "models": {"0": model}, "answer_store": file("store.jsonl"), "replicate": 1,
        "context": "none", "decision": "likelihood", "classes": CLASSES, "max_new_tokens": 4,
    }  # fmt: skip
    tables = ("metrics", "per_class", "per_run", "confusion", "reliability")
    return [
        ("decode_frames", {
            "wildcards": {"shard": "0"}, "inputs": {"manifest": manifest},
            "outputs": {"store": file("0.safetensors"), "clips": clips, "frames": file("frames.parquet")},
            "params": {"size": SIDE, "timeout_s": 600, "folder": folder, "n_shards": 1},
        }),
        ("sample_frames", {
            "inputs": {"clips": [clips], "frames": [file("frames.parquet")]},
            "outputs": {"sample": file("sample.parquet")},
            "params": {"sampler": {"sampler": "few", "kind": "uniform", "count": SHOWN}, "base": None, "seed": 0},
        }),
        ("answer_clips", {
            "inputs": {"manifest": manifest, "clips": clips, "sample": file("sample.parquet"),
                       "store": file("0.safetensors"), "prompt": ROOT / "config/prompts/classify.txt",
                       "classes": ROOT / "config/classes.tsv", "lexicon": ROOT / "config/lexicon.tsv"},
            "outputs": {"answers": file("answers.parquet")}, "params": asked,
        }),
        ("compute_metrics", {
            "inputs": {"answers": {"tiny": file("answers.parquet")}},
            "outputs": {name: file(f"{name}.csv") for name in tables}, "params": SETTINGS,
        }),
        ("compare_conditions", {
            "inputs": {"answers": {"tiny": file("answers.parquet"), "again": file("answers.parquet")}},
            "outputs": {"comparisons": file("comparisons.csv")},
            "params": {**SETTINGS, "comparisons": [COMPARED]},
        }),
    ]  # fmt: skip


def measured(clips: int, model: Path) -> dict[str, Used]:
    """What each job took, by script."""
    with tempfile.TemporaryDirectory() as name:
        make_clips(Path(name), clips)
        return {script: run_measured(script, **parts) for script, parts in jobs(Path(name), model)}


def main() -> None:
    parser = arguments(__doc__)
    parser.add_argument("--clips", type=int, nargs="+", default=CLIPS, help="numbers of clips, rising")
    given = parser.parse_args()
    figures = Figures("memory_curve", ("numpy", "pandas", "pyarrow", "safetensors", "torch", "transformers", "av"))
    with tempfile.TemporaryDirectory() as folder:
        # Not in this process: it imports torch.
        make = [sys.executable, "-m", "tests.tiny_models", FAMILY, folder]
        subprocess.run(make, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
        rounds = [{n: measured(n, Path(folder)) for n in given.clips} for _ in range(given.rounds)]
    print(f"{', '.join(map(str, given.clips))} clips")
    least, most = given.clips[0], given.clips[-1]
    for script in rounds[0][least]:
        for kind, words in (("without_files", "without files"), ("memory", "with mapped files")):
            peaks = {n: [getattr(each[n][script], kind) / MIB for each in rounds] for n in given.clips}
            middle = [median(peaks[n]) for n in given.clips]
            by_clip = 1024 * np.polyfit(given.clips, middle, 1)[0] if len(given.clips) > 1 else 0
            curve = f"{', '.join(f'{mib:.0f}' for mib in middle)} MiB; {by_clip:+.1f} KiB a clip"
            print(f"{script}, {words}: {curve}", flush=True)
            figures.row(f"`{script}`, {most} clips, {words}", peaks[most], "MiB", peaks[least], f"{least} clips",
                        also=f"curve: {curve}")  # fmt: skip
    figures.note(
        f"Curves are those of {', '.join(map(str, given.clips))} clips, the growth is fitted by least squares."
    )
    stored = FRAMES * SIDE * SIDE * 3 / 1024
    figures.note(f"A clip has {FRAMES} frames of {SIDE} px, {stored:.0f} KiB in the frame store.")
    figures.write(given.json)


if __name__ == "__main__":
    main()
