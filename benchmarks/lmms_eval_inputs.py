"""The model, clips and tasks of ``benchmarks/lmms_eval.py``."""

import json
from collections.abc import Sequence
from fractions import Fraction
from importlib.resources import files
from pathlib import Path

from emovlm.models.torch_setup import torch  # isort: skip
import av
import numpy as np
import pandas as pd
from tests.tiny_models.models import MODELS, PATCH

from emovlm.core.hashing import seed_of
from emovlm.core.prompts import read_prompt
from emovlm.sampling.frame_samplers import sample_frames
from emovlm.sampling.sampler_names import named_sampler
from emovlm.standalone.decoded import decode
from emovlm.standalone.given_data import read_data
from emovlm.synface.dataset import render_row
from emovlm.synface.face.canvas import make_canvas
from emovlm.synface.face.identity import make_identity
from emovlm.synface.face.rig import load_rig
from emovlm.synface.rendering.render import Renderer
from emovlm.synface.rendering.video import write_mp4

CLASSES = ("anger", "happiness", "neutral", "sadness", "surprise")
SECONDS, FPS, SEED = 2.0, 25.0, 2026

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


def write_tasks(
    conditions: Sequence[str], clips: Path, folder: Path, side: int, new_tokens: int, messages: str
) -> None:
    """Write a task of lmms-eval for each condition, with clips of the frames that we show.

    Args:
        conditions: names of frame samplers.
        clips: folder of the clips.
        side: of a frame, px.
        messages: ``paths`` or ``frames``: what the task hands over.
    """
    data = read_data(clips, None, "test", None)
    question = read_prompt(Path(str(files("emovlm.evaluation") / "prompts/classify.txt")), data.classes)
    (folder / "decoded").mkdir(parents=True)
    decoded = decode(data, folder / "decoded", side, 60.0, None)
    labels = dict(zip(data.manifest["clip_id"], data.manifest["label"], strict=True))
    (folder / "documents.py").write_text(DOCUMENTS)
    for name in conditions:
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
