"""Evaluation by this project and by lmms-eval: the same checkpoint, clips and question, side by side in one run.

    python3.11 -m venv LMMS; LMMS/bin/pip install torch==2.13.0 transformers==5.23.0 lmms-eval==0.7.3 decord==0.6.0 "filelock<4"
    PYTHONPATH=src:. python benchmarks/lmms_eval.py --lmms-python LMMS/bin/python --rig results/rig/rig.npz

A checkpoint of random weights of a real class and rendered clips of two seconds go to a temporary folder. Then two
processes of one thread each evaluate them in turns, both with their model loaded: this project through
``standalone.evaluate``, lmms-eval through ``simple_evaluate`` with a task a condition. Compared are one condition
(``uniform8``; lmms-eval at several batch sizes, where its class has them) and the matrix of nine: six frame rates,
shuffled, reversed, keyframes. lmms-eval knows no shuffled or reversed frames, and its frame rates choose others than
ours; so each condition has clips of its own there, lossless, with the frames that we show, in our order and rate.
Making them is not counted. Whether tokens and pixels are the same is looked at first, prompt by prompt.

Times are CPU seconds of a process and its children, and wall time. ``answers``: reading clips and the model's work;
``whole``: tables and metrics too. Ours score all labels as well as reply; lmms-eval's classes for videos cannot. Our
times are with nothing kept from the round before.
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
from fractions import Fraction
from importlib.resources import files
from pathlib import Path
from typing import Any

import av
import numpy as np
import pandas as pd

from benchmarks.lmms_eval_child import Watch, digest, serve, spent

MATRIX = ("fps1", "fps5", "fps10", "fps15", "fps20", "fps25", "fps5-shuffled", "fps5-reversed", "keyframes")
ONE = "uniform8"
CLASSES = ("anger", "happiness", "neutral", "sadness", "surprise")
SECONDS, FPS, SEED = 2.0, 25.0, 2026
PACKAGES = ("emovlm", "transformers", "torch")
CONTROL = "without features kept"

# By family: lmms-eval's class, its arguments, what is set afterwards, whether it takes batches of videos, and whether it
# reads the clips itself. That of InternVL would choose frames again, and through what transformers no longer has a
# reader for; so the task reads them. That of LLaVA-OneVision (llava_hf) fails on any video with this transformers.
CLASS_OF: dict[str, tuple[str, dict[str, Any], dict[str, Any], bool, bool]] = {
    "qwen2.5-vl": ("qwen2_5_vl", {"device_map": "cpu", "min_pixels": 3136, "max_num_frames": 768}, {}, True, True),
    "internvl": ("internvl_hf", {"device_map": "cpu"}, {"num_frames": None}, False, False),
}

TASK = """task: {name}
dataset_path: json
dataset_kwargs: {{data_files: {{test: {documents}}}}}
test_split: test
output_type: generate_until
doc_to_visual: !function documents.visual
doc_to_text: !function documents.text
doc_to_messages: !function documents.{messages}
doc_to_target: label
process_results: !function documents.right
generation_kwargs: {{max_new_tokens: {new_tokens}, temperature: 0, do_sample: false}}
metric_list: [{{metric: accuracy, aggregation: mean, higher_is_better: true}}]
metadata: {{version: 1}}
"""
DOCUMENTS = '''"""How lmms-eval shows a row of a task."""

import decord


def visual(doc):
    return [doc["video"]]


def text(doc):
    return doc["question"]


def _messages(doc, video):
    return [{"role": "user", "content": [{"type": "video", "url": video}, {"type": "text", "text": doc["question"]}]}]


def paths(doc):
    return _messages(doc, doc["video"])


def frames(doc):
    reader = decord.VideoReader(doc["video"])
    return _messages(doc, reader.get_batch(range(len(reader))).asnumpy())


def right(doc, results):
    return {"accuracy": float(results[0].strip() == doc["label"])}
'''


def save_model(family: str, folder: Path, width: int, layers: int, side: int) -> int:
    """Save a model of random weights whose language model and tower have the width and layers given.

    Returns:
        How many weights it has.
    """
    from emovlm.models.torch_setup import torch
    from tests.tiny_models.models import MODELS, PATCH

    tiny, processor = MODELS[family]()
    config, heads = tiny.config.to_dict(), max(1, width // 64)
    spread = 0.3 * (32 / width) ** 0.5  # the scale of the tiny model's outputs, whatever the width
    text, vision = config["text_config"], config["vision_config"]
    for part in (text, vision):
        part |= {"hidden_size": width, "intermediate_size": 3 * width, "num_hidden_layers": layers}
        part |= {"num_attention_heads": heads, "initializer_range": spread}
        part.pop("layer_types", None)
    text |= {"num_key_value_heads": max(1, heads // 2), "head_dim": width // heads}
    if family == "qwen2.5-vl":
        text["rope_parameters"]["mrope_section"] = [width // heads // 8, *[3 * (width // heads) // 16] * 2]
        full = list(range(3, layers, 4)) or [layers - 1]
        vision |= {"depth": layers, "num_heads": heads, "out_hidden_size": width, "fullatt_block_indexes": full}
        vision["window_size"] = 112
    else:
        square = {"height": side, "width": side}
        processor.video_processor.size = processor.image_processor.size = square
        vision["image_size"] = [side, side]
        processor.image_seq_length = config["image_seq_length"] = (side // PATCH // 2) ** 2
    torch.manual_seed(0)
    model = type(tiny)(type(tiny.config)(**config)).eval()
    model.to(torch.bfloat16).save_pretrained(folder)  # as published; lmms-eval's classes would round the weights
    processor.save_pretrained(folder)
    return sum(weight.numel() for weight in model.parameters())


def render(rig_file: str, folder: Path, clips: int, side: int) -> None:
    """Render clips, a folder a class."""
    from emovlm.core.hashing import seed_of
    from emovlm.synface.dataset import render_row
    from emovlm.synface.face.canvas import make_canvas
    from emovlm.synface.face.identity import make_identity
    from emovlm.synface.face.rig import load_rig
    from emovlm.synface.rendering.render import Renderer
    from emovlm.synface.rendering.video import write_mp4

    rig = load_rig(rig_file)
    canvas = make_canvas(rig)
    renderer = Renderer(rig, canvas, side)
    for k in range(clips):
        label = CLASSES[k % len(CLASSES)]
        row = pd.Series({
            "label": label, "variant": 0, "fps": FPS, "duration_s": SECONDS, "intensity": 1.0, "micro": False,
            "order": None, "seed": seed_of(SEED, "benchmark", k),
        }, dtype=object)  # fmt: skip
        _, pixels = render_row(renderer, make_identity(rig, canvas, SEED, f"benchmark-{k}"), row)
        write_mp4(folder / label / f"{k}.mp4", np.ascontiguousarray(pixels), FPS, crf=20)


def write_tasks(clips: Path, folder: Path, side: int, new_tokens: int, messages: str) -> list[str]:
    """Write a task of lmms-eval for each condition, with clips of the frames that we show; returns the ids of clips."""
    from emovlm.core.prompts import read_prompt
    from emovlm.sampling.frame_samplers import sample_frames
    from emovlm.sampling.sampler_names import named_sampler
    from emovlm.standalone.decoded import decode
    from emovlm.standalone.given_data import read_data

    data = read_data(clips, None, "test", None)
    question = read_prompt(Path(str(files("emovlm.evaluation") / "prompts/classify.txt")), data.classes)
    (folder / "decoded").mkdir(parents=True)
    decoded = decode(data, folder / "decoded", side, 60.0, None)
    labels = dict(zip(data.manifest["clip_id"], data.manifest["label"], strict=True))
    (folder / "documents.py").write_text(DOCUMENTS)
    for name in (ONE, *MATRIX):
        sample = sample_frames(*named_sampler(name), SEED, decoded.clips, decoded.index)
        (folder / name).mkdir()
        lines = []
        for k, (clip, rows) in enumerate(sample.groupby("clip_id", sort=True)):
            times = np.sort(rows["timestamp_s"].to_numpy())
            video = folder / name / f"{k}.mp4"
            rate = (len(times) - 1) / (times[-1] - times[0])
            write_lossless(video, decoded.frames.frames(clip, rows["frame_index"].to_numpy()), rate)
            lines.append(json.dumps({"video": str(video), "question": question, "label": labels[clip]}))
        documents = folder / f"{name}.jsonl"
        documents.write_text("\n".join(lines) + "\n")
        told = TASK.format(name=f"emovlm_{name}", documents=documents, messages=messages, new_tokens=new_tokens)
        (folder / f"{name}.yaml").write_text(told)
    return sorted(labels)


def write_lossless(path: Path, frames: np.ndarray, rate: float) -> None:
    """Write frames as a clip that decodes to the same pixels."""
    with av.open(str(path), "w") as container:
        options = {"qp": "0", "preset": "ultrafast"}
        stream = container.add_stream("libx264rgb", rate=Fraction(rate).limit_denominator(1001), options=options)
        stream.height, stream.width = frames.shape[1:3]
        stream.pix_fmt = "rgb24"
        for pixels in frames:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(np.ascontiguousarray(pixels), format="rgb24")))
        container.mux(stream.encode())


def ours(order: dict[str, Any]) -> Any:
    """Load our side: what evaluates conditions with a model that is loaded."""
    from emovlm.models.loading import load_system
    from emovlm.models.vlm import vision, vision_language_model
    from emovlm.standalone import evaluate as module
    from emovlm.standalone.given_model import find_model

    settings = {"dtype": order["dtype"]}
    found = find_model(order["model"], CLASSES, **settings)
    system = load_system(found.row, found.folder)
    module.load_system = lambda row, folder: system
    asking, encode, decode = module._Asking, vision_language_model.encode, module.decode
    sampled, answered = asking.sample, asking.answers

    def work(asked: dict[str, Any]) -> dict[str, Any]:
        os.environ[vision.MEMORY] = asked["memory"]
        system.vision = vision.Vision(system.model, system.family)
        whole, answers, seen = Watch(), Watch(), []

        def shown(*given: Any, **named: Any) -> Any:
            made = encode(*given, **named)
            pixels = made["pixel_values_videos"] if "pixel_values_videos" in made else made["pixel_values"]
            seen.append(digest(made["input_ids"], pixels))
            return made

        vision_language_model.encode = shown if asked.get("look") else encode
        module.decode = answers.watched(decode)
        asking.sample, asking.answers = answers.watched(sampled), answers.watched(answered)
        with tempfile.TemporaryDirectory() as folder:
            results = whole.watched(module.evaluate)(
                order["model"], order["clips"], asked["tasks"], folder, size=order["side"], seed=SEED,
                max_new_tokens=order["new_tokens"], **settings,
            )  # fmt: skip
        told = results.answers.sort_values("clip_id").groupby("condition")
        return {
            "whole": whole.told(), "answers": answers.told(), "seen": seen,
            "replies": {name: list(rows["reply"].fillna("").str.strip()) for name, rows in told},
            "frames": [system.vision.shown, system.vision.computed],
        }  # fmt: skip

    return work


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
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=open(log, "a"), text=True, env=environment
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
        own = mine.asked({"tasks": [name], "memory": "0", "look": True})
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
    pairs = [pair for name in own["replies"] for pair in zip(own["replies"][name], theirs["replies"][f"emovlm_{name}"])]
    return sum(a == b for a, b in pairs) / len(pairs)


def compare(options: argparse.Namespace, folder: Path) -> dict[str, Any]:
    """Measure, print and return what was found."""
    kind, arguments, later, batched, paths = CLASS_OF[options.family]
    weights = save_model(options.family, folder / "model", options.width, options.layers, options.side)
    render(options.rig, folder / "clips", options.clips, options.side)
    write_tasks(folder / "clips", folder / "tasks", options.side, options.new_tokens, "paths" if paths else "frames")
    order = {"model": str(folder / "model"), "dtype": options.dtype}
    own = {**order, "clips": str(folder / "clips"), "side": options.side, "new_tokens": options.new_tokens}
    there = {**order, "kind": kind, "tasks": str(folder / "tasks")}
    there["arguments"] = {"pretrained": order["model"], **arguments}
    there["later"] = later
    root = Path(__file__).resolve().parents[1]

    def sides() -> tuple[Side, Side]:
        child = str(Path(__file__).with_name("lmms_eval_child.py"))
        return (
            Side([sys.executable, __file__, "--serve"], {**own, "path": f"{root / 'src'}:{root}"}, folder / "ours.log"),
            Side([options.lmms_python, "-P", child], {**there, "path": ""}, folder / "lmms.log"),
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

    equal = shares(mine, other, [ONE, *MATRIX])
    for name, (same, replies) in equal.items():
        print(f"{name}: same tokens and pixels {same:.0%}, same reply {replies:.0%}", flush=True)
    row("start: imports, loading", "lmms-eval", *(
        {unit: statistics.median(each[k][unit] for each in starts) for unit in ("cpu", "wall")} for k in (0, 1)
    ), len(starts))  # fmt: skip
    batches = options.batches if batched else [1]

    def measured(tasks: list[str], sizes: list[int], rounds: int) -> dict[Any, list[dict[str, Any]]]:
        """What each way took, in turns."""
        there = [f"emovlm_{name}" for name in tasks]
        taken: dict[Any, list[dict[str, Any]]] = {}
        for _ in range(rounds):
            taken.setdefault("ours", []).append(mine.asked({"tasks": tasks, "memory": "1024"}))
            taken.setdefault(CONTROL, []).append(mine.asked({"tasks": tasks, "memory": "0"}))
            for size in sizes:
                taken.setdefault(size, []).append(other.asked({"tasks": there, "batch": size}))
        return taken

    def told(what: str, taken: dict[Any, list[dict[str, Any]]]) -> None:
        for part in ("answers", "whole"):
            for way, rounds in taken.items():
                if way != "ours":
                    name = f"ours {way}" if way == CONTROL else f"lmms-eval, batch {way}"
                    row(f"{what}, {part}", name, medians(taken["ours"], part), medians(rounds, part), len(rounds))
        for way, rounds in taken.items():
            if way not in ("ours", CONTROL):
                share = agreement(taken["ours"][0], rounds[0])
                print(f"{what}: same replies as lmms-eval at batch {way}: {share:.1%}", flush=True)
                rows.append({
                    "what": f"{what}, same replies", "ours": None, "other": None, "unit": "share",
                    "other_name": f"lmms-eval, batch {way}", "ratio": round(share, 3), "runs": 1,
                })  # fmt: skip

    one = measured([ONE], batches, options.rounds)
    told(f"one condition ({ONE})", one)
    best = min(batches, key=lambda size: medians(one[size], "answers")["cpu"])
    matrix = measured(list(MATRIX), sorted({1, best}), options.matrix_rounds)
    told(f"matrix of {len(MATRIX)}", matrix)
    shown, computed = matrix["ours"][0]["frames"]
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
    return f"{(models or [platform.machine()])[0]}, {os.cpu_count()} cores, load {load:.1f}; Python {sys.version.split()[0]}"


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
    parser.add_argument("--json", type=Path, help="write what was found here too")
    options = parser.parse_args()
    about = machine()
    print(f"{time.strftime('%Y-%m-%d')}, {about}; one thread a process")
    with tempfile.TemporaryDirectory() as folder:
        found = compare(options, Path(folder))
    print(f"versions: {found['versions']}")
    if options.json:
        options.json.write_text(json.dumps({"benchmark": "lmms_eval", "machine": about, **found}, indent=1) + "\n")


if __name__ == "__main__":
    if sys.argv[1:] == ["--serve"]:
        serve(ours, PACKAGES)
    else:
        main()
