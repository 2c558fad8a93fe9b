"""Evaluation by this project and by lmms-eval: the same checkpoint, clips and question, side by side in one run.

    python3.11 -m venv LMMS
    LMMS/bin/pip install lmms-eval==0.7.3 torch==2.13.0 transformers==5.23.0 decord==0.6.0 'filelock<4'
    PYTHONPATH=src:. python benchmarks/lmms_eval.py --lmms-python LMMS/bin/python --rig results/rig/rig.npz

A checkpoint of random weights of a real class and rendered clips of two seconds go to a temporary folder. Then two
processes of one thread each evaluate them in turns, both with their model loaded: this project through
``standalone.evaluate``, lmms-eval through ``simple_evaluate`` with a task a condition. Compared are one condition
(``uniform8``; lmms-eval at several batch sizes, where its class has them) and the matrix of nine: six frame rates,
shuffled, reversed, keyframes. lmms-eval knows no shuffled or reversed frames, and its frame rates choose others than
ours; so each condition has clips of its own there, lossless, with the frames that we show, in our order and rate.
Making them is not counted. Whether tokens and pixels are the same is looked at first, prompt by prompt.

Times are CPU seconds of a process and its children, and wall time. ``answers``: reading clips and the model's work;
``whole``: tables and metrics too. Ours score all labels as well as reply; the two classes of lmms-eval only reply. Our
times are with nothing kept from the round before; beside them stand ours with larger batches, and without features
kept from one condition to the next. In lmms-eval's favour its model stays loaded from call to call, and is in the
precision asked for, where its classes always take bfloat16.
"""

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.lmms_eval_inputs import CLASSES, SECONDS, SEED, render, save_model, write_tasks
from benchmarks.lmms_eval_sides import spent
from benchmarks.measured import Figures

MATRIX = ("fps1", "fps5", "fps10", "fps15", "fps20", "fps25", "fps5-shuffled", "fps5-reversed", "keyframes")
ONE = "uniform8"
OURS = "ours"
OWN: dict[str, tuple[str, int]] = {  # of ours: MiB of features that are kept, and tokens of a batch, 0: as it is
    OURS: ("1024", 0),
    "ours, batches of 16,384 tokens": ("1024", 16384),
    "ours, no features kept": ("0", 0),
}

# By family: lmms-eval's class, its arguments, what is set afterwards, whether it takes batches of videos, and whether
# it reads the clips itself. That of InternVL leaves this to transformers, which lacks a reader in such an environment;
# so the task reads them, and the class must not choose frames again. That of LLaVA-OneVision (llava_hf) hands
# transformers an empty list of images beside a video, which fails.
CLASS_OF: dict[str, tuple[str, dict[str, Any], dict[str, Any], bool, bool]] = {
    "qwen2.5-vl": ("qwen2_5_vl", {"device_map": "cpu", "min_pixels": 3136, "max_num_frames": 768}, {}, True, True),
    "internvl": ("internvl_hf", {"device_map": "cpu"}, {"num_frames": None}, False, False),
}


class Side:
    """A process that has a model loaded.

    Attributes:
        started: what it told when it was ready: CPU time, wall time and versions.
    """

    def __init__(self, command: list[str], order: dict[str, Any], log: Path):
        self.log = log
        environment = {
            **os.environ, "OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1", "HF_DATASETS_OFFLINE": "1",
            "HF_DATASETS_CACHE": str(log.parent / "datasets"), "TOKENIZERS_PARALLELISM": "false",
            "PYTHONPATH": order.pop("path"),
        }  # fmt: skip
        begun = spent()[1]
        with open(log, "a") as said:
            self.process = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=said, text=True, env=environment
            )
        self.started = self.asked(order)
        self.started["wall"] = spent()[1] - begun

    def asked(self, order: dict[str, Any]) -> dict[str, Any]:
        self.process.stdin.write(json.dumps(order) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            sys.exit(f"{self.process.args[0]} failed:\n{self.log.read_text()[-3000:]}")
        return json.loads(line)

    def close(self) -> None:
        self.process.stdin.close()
        self.process.wait()


def shares(mine: Side, other: Side, names: list[str]) -> dict[str, tuple[float, float]]:
    """By condition, the share of prompts that are the same in tokens and pixels, and of replies that are the same."""
    found = {}
    for name in names:
        own = mine.asked({"tasks": [name], "memory": "0", "tokens": 0, "look": True})
        theirs = other.asked({"tasks": [f"emovlm_{name}"], "batch": 1, "look": True})
        replies = list(zip(own["replies"][name], theirs["replies"][f"emovlm_{name}"], strict=True))
        same = len(set(own["seen"]) & set(theirs["seen"])) / len(set(own["seen"]))
        found[name] = same, sum(a == b for a, b in replies) / len(replies)
        for a, b in [pair for pair in replies if pair[0] != pair[1]][:2]:
            print(f"{name}: a reply is {a!r} here and {b!r} there")
    return found


def medians(rounds: list[dict[str, Any]], part: str) -> dict[str, float]:
    return {unit: statistics.median(each[part][unit] for each in rounds) for unit in ("cpu", "wall")}


def agreement(own: dict[str, Any], theirs: dict[str, Any]) -> float:
    """The share of equal replies of two evaluations of the same conditions."""
    same = [
        a == b
        for name, replies in own["replies"].items()
        for a, b in zip(replies, theirs["replies"][f"emovlm_{name}"], strict=True)
    ]
    return sum(same) / len(same)


def compare(options: argparse.Namespace, folder: Path) -> dict[str, Any]:
    """Measure, print and return what was found."""
    kind, arguments, later, batched, paths = CLASS_OF[options.family]
    weights = save_model(options.family, folder / "model", options.width, options.layers, options.side)
    render(options.rig, folder / "clips", options.clips, options.side)
    messages = "paths" if paths else "frames"
    write_tasks([ONE, *MATRIX], folder / "clips", folder / "tasks", options.side, options.new_tokens, messages)
    order = {"model": str(folder / "model"), "dtype": options.dtype}
    own = {**order, "clips": str(folder / "clips"), "side": options.side, "new_tokens": options.new_tokens}
    own |= {"classes": CLASSES, "seed": SEED}
    there = {**order, "kind": kind, "tasks": str(folder / "tasks")}
    there["arguments"] = {"pretrained": order["model"], **arguments}
    there["later"] = later
    root = Path(__file__).resolve().parents[1]

    def sides() -> tuple[Side, Side]:
        script = str(Path(__file__).with_name("lmms_eval_sides.py"))
        return (
            Side(
                [sys.executable, "-P", script, "ours"], {**own, "path": f"{root / 'src'}:{root}"}, folder / "ours.log"
            ),
            Side(
                [options.lmms_python, "-P", script, "lmms-eval"],
                {**there, "path": str(root / "src")},
                folder / "lmms.log",
            ),
        )

    starts = []
    for _ in range(options.starts):
        pair = sides()
        starts.append([side.started for side in pair])
        if len(starts) < options.starts:
            [side.close() for side in pair]
    mine, other = pair
    print(
        f"{options.family}, {weights / 1e6:.1f} M weights in {options.dtype}: {options.layers} layers of "
        f"{options.width} and a tower of as many; {options.clips} clips of {SECONDS:.0f} s at {options.side} px; "
        f"replies of {options.new_tokens} tokens"
    )
    rows: list[dict[str, Any]] = []

    def row(what: str, name: str, one: dict[str, float], two: dict[str, float], runs: int) -> None:
        for unit, called in (("cpu", "s CPU"), ("wall", "s wall")):
            rows.append({
                "what": what, "ours": round(one[unit], 3), "other": round(two[unit], 3), "other_name": name,
                "unit": called, "ratio": round(two[unit] / one[unit], 2), "runs": runs,
            })  # fmt: skip
        told = "; ".join(f"{two[unit]:.2f} / {one[unit]:.2f} s {unit} = {two[unit] / one[unit]:.2f}" for unit in one)
        print(f"{what}: {name} / ours: {told}", flush=True)

    equal = shares(mine, other, [ONE] if options.short_look else [ONE, *MATRIX])
    for name, (same, replies) in equal.items():
        print(f"{name}: same tokens and pixels {same:.0%}, same reply {replies:.0%}", flush=True)
    row("start: imports, loading", "lmms-eval", *(
        {unit: statistics.median(each[k][unit] for each in starts) for unit in ("cpu", "wall")} for k in (0, 1)
    ), len(starts))  # fmt: skip
    batches = options.batches if batched else [1]

    def measured(tasks: list[str], sizes: list[int], rounds: int) -> dict[str, list[dict[str, Any]]]:
        """What each way took, in turns."""
        there = [f"emovlm_{name}" for name in tasks]
        taken: dict[str, list[dict[str, Any]]] = {}
        for _ in range(rounds):
            for way, (memory, tokens) in OWN.items():
                taken.setdefault(way, []).append(mine.asked({"tasks": tasks, "memory": memory, "tokens": tokens}))
            for size in sizes:
                way = f"lmms-eval, batch {size}"
                taken.setdefault(way, []).append(other.asked({"tasks": there, "batch": size}))
        return taken

    def told(what: str, taken: dict[str, list[dict[str, Any]]]) -> None:
        for part in ("answers", "whole"):
            for way, rounds in list(taken.items())[1:]:
                row(f"{what}, {part}", way, medians(taken[OURS], part), medians(rounds, part), len(rounds))
        for way, rounds in taken.items():
            if way not in OWN:
                share = agreement(taken[OURS][0], rounds[0])
                print(f"{what}: same replies as {way}: {share:.1%}", flush=True)
                rows.append({
                    "what": f"{what}, same replies", "ours": None, "other": None, "unit": "share",
                    "other_name": way, "ratio": round(share, 3), "runs": 1,
                })  # fmt: skip

    one = measured([ONE], batches, options.rounds)
    told(f"one condition ({ONE})", one)
    best = min(batches, key=lambda size: medians(one[f"lmms-eval, batch {size}"], "answers")["cpu"])
    matrix = measured(list(MATRIX), sorted({1, best}), options.matrix_rounds)
    told(f"matrix of {len(MATRIX)}", matrix)
    shown, computed = matrix[OURS][0]["frames"]
    print(f"matrix: {shown} frames or pairs of frames were shown, {computed} went through the tower here")
    versions = {"ours": mine.started["versions"], "lmms-eval": other.started["versions"]}
    for side in (mine, other):
        side.close()
    about = {key: vars(options)[key] for key in ("family", "clips", "width", "layers", "side", "dtype", "new_tokens")}
    return {"settings": {**about, "weights": weights}, "versions": versions, "best_batch": best, "rows": rows}


def machine() -> str:
    """The processor, how many of it, and what else it is busy with."""
    known = Path("/proc/cpuinfo").read_text() if Path("/proc/cpuinfo").is_file() else ""
    models = [line.partition(":")[2].strip() for line in known.splitlines() if line.startswith("model name")]
    load = os.getloadavg()[0]
    name, python = (models or [platform.machine()])[0], sys.version.split()[0]
    return f"{name}, {os.cpu_count()} cores, load {load:.1f}; Python {python}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lmms-python", required=True, help="python of an environment with lmms-eval")
    parser.add_argument("--rig", default="results/rig/rig.npz")
    parser.add_argument("--family", choices=list(CLASS_OF), default="qwen2.5-vl")
    parser.add_argument("--clips", type=int, default=16, help="a multiple of the batch sizes")
    parser.add_argument("--width", type=int, default=256)
    parser.add_argument("--layers", type=int, default=4)
    parser.add_argument("--side", type=int, default=112, help="px of a frame, a multiple of 28")
    parser.add_argument("--dtype", choices=["float32", "bfloat16"], default="float32")
    parser.add_argument("--new-tokens", type=int, default=4)
    parser.add_argument("--batches", type=int, nargs="+", default=[1, 4, 8, 16])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--matrix-rounds", type=int, default=3)
    parser.add_argument("--starts", type=int, default=3)
    parser.add_argument("--short-look", action="store_true", help=f"compare pixels and tokens of {ONE} alone")
    parser.add_argument("--json", type=Path, help="write what was found here too")
    options = parser.parse_args()
    about = machine()
    print(f"{time.strftime('%Y-%m-%d')}, {about}; one thread a process")
    with tempfile.TemporaryDirectory() as folder:
        found = compare(options, Path(folder))
    print(f"versions: {found['versions']}")
    figures = Figures("lmms_eval", ("torch", "transformers"))
    for row in found["rows"]:
        if row["ours"] is not None and row["unit"] == "s CPU":
            figures.row(row["what"], row["ours"], row["unit"], row["other"], row["other_name"], runs=row["runs"])
        elif row["ours"] is None:
            figures.note(f"{row['what']} as {row['other_name']}: {row['ratio']:.1%}.")
    set_up = ", ".join(f"{name} {value}" for name, value in found["settings"].items())
    figures.note(f"{set_up}; lmms-eval's environment: {found['versions']['lmms-eval']}.")
    figures.write(options.json)


if __name__ == "__main__":
    main()
