"""How large the paper's whole study is, and how long Snakemake takes to plan it: jobs, seconds, GPU hours.

    PYTHONPATH=src:. python benchmarks/plan_scale.py

The study is that of `paper_matrix.py`, which says what it assumes; it is planned in a temporary folder, from nothing.
GPU hours are by the cost model (`src/emovlm/systems/cost.py`) for one card, by default an A100 of 80 GB at rates that
were measured by others on transformers at batch size 1 (`GPU` below). What else is assumed is in `docs/scale.md`.
"""

import argparse
import os
import re
import resource
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd
import yaml
from benchmarks.paper_matrix import CLIPS, CONFIG, ROOT, SEEDS, TUNED, conditions, systems, table, write_study

from emovlm.sampling.frame_samplers import sample_frames
from emovlm.synface.plan import clip_lengths, read_class_sizes
from emovlm.systems.cost import Gpu, Size, answer_s, lora_s, prompt_tokens, start_s, training_s

# flops: LoRA of Qwen-7B, sequences of 2,048 tokens, 5.2 s for 8 (QwenLM/Qwen, README, "Profiling of Memory and Speed"):
# 4 x 7.72e9 x 16,384 / 5.2. bandwidth: Qwen2.5-7B writes 40.38 tokens/s (QwenLM/Qwen2.5, docs/source/benchmark/
# speed_benchmark.rst), for each of which it reads 14.1 GB of weights.
GPU = Gpu("A100 80 GB with transformers", flops=97e12, bandwidth=0.57e12)
TESTED = {"mafw": 495, "dfew": 700}  # clips of the class-balanced test sets
TEXT, REPLY, WRITTEN = 150, 32, 64  # tokens: the question with the chat template, the free reply, a text of a gap
FPS, SLURM_S, HOUR = 25, 6, 3600
FOLDS = 5
LONGEST_S = 90 * 60  # of a job; most are far shorter
API = "gemini-2-5-flash"

_qwen = {"layers": 28, "width": 3584, "kv_width": 512, "parameters": 7.07e9}
_vicuna = {"layers": 32, "width": 4096, "kv_width": 4096, "parameters": 6.61e9}
QWEN = Size(vision_parameters=0.67e9, patches=512, tokens=128, **_qwen)
SIZES = {  # frames of 448 px where the family takes any size
    TUNED: QWEN,
    "qwen2-5-omni": QWEN,
    "qwen3-vl": Size(0.58e9, 392, parameters=7.57e9, layers=36, width=4096, kv_width=1024, tokens=98),
    "emotion-qwen": QWEN,
    "video-llava": Size(0.3e9, 257, tokens=257, most_frames=15, **_vicuna),
    "llava-next-video": Size(0.3e9, 577, tokens=144, most_frames=28, **_vicuna),
    "internvl3": Size(0.3e9, 1025, tokens=256, **_qwen),
    API: Size(0, 0, tokens=258),  # runs elsewhere
    "mae-dfer": Size(84.9e6, 50, most_frames=16, views=4),
    "hicmae": Size(81e6, 58, most_frames=16, views=4),
}


def frames_of_a_clip() -> Counter:
    """How many frames each sampler takes of a clip of MAFW's mean length; and how many gaps `between` has."""
    seconds = clip_lengths(
        (np.arange(1000) + 0.5) / 1000, read_class_sizes(ROOT / "resources/published/mafw_classes.csv")
    )
    n = round(float(seconds.mean()) * FPS)
    clips = pd.DataFrame({"clip_id": ["c"], "status": "ok", "n_frames": n, "fps": float(FPS)})
    frames = pd.DataFrame({"clip_id": "c", "frame_index": np.arange(n), "timestamp_s": np.arange(n) / FPS})
    rows = {row["sampler"]: row for row in table("frame_samplers")}
    taken = {name: sample_frames(row, rows.get(row.get("base")), 0, clips, frames) for name, row in rows.items()}
    gaps = taken[CONFIG["enrichment"]["sampler"]]["gap"].nunique()
    return Counter({name: len(sample) for name, sample in taken.items()} | {"gaps": gaps})


def gpu_jobs(gpu: Gpu, shards: dict[str, int]) -> pd.DataFrame:
    """One row for each kind of job: system, dataset, claim, stage, jobs, seconds of one, hours and tokens of all."""
    frames, rows = frames_of_a_clip(), []
    known = {row["system"]: row for row in systems()}

    def add(system: str, dataset: str, claim: str, stage: str, jobs: int, seconds: float, tokens: float = 0) -> None:
        base = known[system].get("base", system)
        name = base if base == system else f"{base}, trained here"
        seconds = seconds + start_s(SIZES[base], gpu) if base != API else 0
        rows.append((name, dataset, claim, stage, jobs, seconds, tokens))

    described = set()
    for c in conditions():
        name, dataset = c["system"], c["dataset"]
        size = SIZES[known[name].get("base", name)]
        runs = SEEDS if "base" in known[name] else 1
        n_shards = shards[dataset]
        clips = TESTED[dataset] / n_shards
        texts = frames["gaps"] * WRITTEN if c["context"] != "none" else 0
        shown = 0 if c["context"] == "text-only" else frames[c["frames"]]
        reply = REPLY if known[name]["kind"] == "vlm" else 0
        seconds = clips * answer_s(size, gpu, shown, TEXT + texts, reply)
        tokens = clips * prompt_tokens(size, shown, TEXT + texts)
        add(name, dataset, c["claims"], "answer", runs * n_shards, seconds, tokens)
        kind = "static" if c["context"] == "static" else "motion"
        if texts and (name, dataset, kind) not in described:
            described.add((name, dataset, kind))
            seen = 1 if kind == "static" else -(-frames[CONFIG["enrichment"]["sampler"]] // frames["gaps"])
            gaps = clips * frames["gaps"]
            seconds = gaps * answer_s(size, gpu, seen, TEXT, WRITTEN)
            add(name, dataset, "T4", "describe", runs * n_shards, seconds, gaps * prompt_tokens(size, seen, TEXT))
    for name, row in known.items():
        if "base" in row:
            given = CONFIG[row["training"]]
            shown = frames[given["sampler"]]
            size = SIZES[row["base"]]
            each = lora_s(size, gpu, shown, TEXT) if row["training"] == "lora" else training_s(size, gpu, shown)
            add(name, name.rsplit("-", 1)[1], "L2", "train", SEEDS * FOLDS, given["draws"] * each)
    jobs = pd.DataFrame(rows, columns=["system", "dataset", "claim", "stage", "jobs", "seconds", "tokens"])
    return jobs.assign(hours=jobs["jobs"] * jobs["seconds"] / HOUR, tokens=jobs["jobs"] * jobs["tokens"])


def shards_needed(gpu: Gpu) -> dict[str, int]:
    """The fewest shards of each dataset with which no job about its clips takes longer than `LONGEST_S`."""
    jobs = gpu_jobs(gpu, dict.fromkeys(TESTED, 1))
    longest = jobs[jobs["stage"] != "train"].groupby("dataset")["seconds"].max()
    return {name: int(np.ceil(longest[name] / LONGEST_S)) for name in TESTED}


def snakemake(*arguments: str, configs: list[Path]) -> tuple[str, float]:
    """What Snakemake says, and its CPU seconds: it has one thread, and others may share this machine."""
    command = [sys.executable, "-m", "snakemake", "--workflow-profile", "profiles/default", *arguments]
    start = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(
        [*command, "--configfile", *map(str, configs)],
        cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT / "src")}, text=True, capture_output=True, check=False,
    )  # fmt: skip
    if done.returncode:
        sys.exit(done.stdout[-2000:] + done.stderr[-2000:])
    end = resource.getrusage(resource.RUSAGE_CHILDREN)
    return done.stdout + done.stderr, end.ru_utime + end.ru_stime - start.ru_utime - start.ru_stime


def planned(*configs: Path) -> tuple[Counter, float]:
    """Jobs of a study by rule, by a dry run, and its CPU seconds."""
    text, seconds = snakemake("--dry-run", "--quiet", "rules", configs=list(configs))
    rows = re.findall(r"^(\w+)\s+(\d+)$", text.split("Job stats:")[1].split("total")[0], re.M)
    return Counter({rule: int(n) for rule, n in rows if rule != "all"}), seconds


def local_rules() -> set[str]:
    """Rules that never go to a cluster."""
    blocks = [
        b for p in (ROOT / "workflow/rules").glob("*.smk") for b in re.split(r"^rule ", p.read_text(), flags=re.M)
    ]
    return {block.split(":")[0] for block in blocks if "localrule: True" in block}


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--tflops", type=float, help="operations that the card sustains, 1e12 a second")
    arguments.add_argument("--bandwidth", type=float, help="memory that it reads, GB a second")
    arguments.add_argument(
        "--shards", type=int, help="shards a dataset; by default as few as keep jobs under 90 minutes"
    )
    arguments.add_argument("--clips", type=int, help="clips listed in each dataset's annotations")
    given = arguments.parse_args()
    gpu = GPU
    if given.tflops or given.bandwidth:
        flops, bandwidth = (given.tflops or GPU.flops / 1e12) * 1e12, (given.bandwidth or GPU.bandwidth / 1e9) * 1e9
        gpu = Gpu("the card described", flops, bandwidth)
    shards = dict.fromkeys(TESTED, given.shards) if given.shards else shards_needed(gpu)
    jobs = gpu_jobs(gpu, shards)
    with tempfile.TemporaryDirectory() as name:
        paper = write_study(Path(name), shards, dict.fromkeys(CLIPS, given.clips) if given.clips else CLIPS)
        nothing = Path(name, "nothing.yaml")  # a place for results without any
        nothing.write_text(yaml.safe_dump({"pathvars": yaml.safe_load(paper.read_text())["pathvars"]}))
        _, parsing = snakemake("--list-rules", configs=[paper])
        rules, seconds = planned(paper)
        others = {
            study: planned(*files, nothing)
            for study, files in {"default": [], "full": [Path("config/full.yaml")]}.items()
        }
    on_cluster = sum(n for rule, n in rules.items() if rule not in local_rules())
    split = " and ".join(f"{name} in {n} shard(s)" for name, n in shards.items())
    print(f"the paper's matrix, {split}: {rules.total()} jobs, {on_cluster} of them on the cluster")
    print(f"dry run {seconds:.1f} s of CPU, of which reading the workflow and its tables {parsing:.1f} s")
    for study, (own, taken) in others.items():
        print(f"the {study} study: {own.total()} jobs, dry run {taken:.1f} s")
    print(", ".join(f"{rule} {n}" for rule, n in rules.most_common()))
    print(f"\nGPU hours, {gpu.name}: {gpu.flops / 1e12:.0f} TFLOP/s, {gpu.bandwidth / 1e9:.0f} GB/s sustained")
    for index in ("system", "claim"):
        hours = jobs.pivot_table(
            index=index, columns="stage", values="hours", aggfunc="sum", margins=True, fill_value=0
        )
        print(hours.round(1).to_string())
    api = jobs.loc[jobs["system"] == API, "tokens"].sum()
    waiting = on_cluster * SLURM_S / HOUR
    print(f"the API reads {api / 1e6:.0f} million tokens; SLURM's own {SLURM_S} s a job: {waiting:.1f} h")
    asked = jobs.loc[(jobs["stage"] != "train") & (jobs["seconds"] > 0), "seconds"] / 60
    half = np.average(asked <= 10, weights=jobs.loc[asked.index, "jobs"])
    print(f"a job about clips takes {asked.min():.1f} to {asked.max():.0f} minutes, {half:.0%} of them at most 10")


if __name__ == "__main__":
    main()
