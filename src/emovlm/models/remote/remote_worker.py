"""The process in which code that came with a model's weights runs, and runs alone.

    PYTHON -I remote_worker.py FOLDER DTYPE

with the Python of the model's own environment, in which this study is not installed. Therefore this file imports
nothing of the package, and torch and transformers only where they are used.
:mod:`emovlm.models.remote.remote_system` takes :func:`send` and :func:`receive` from here.
It must run with old versions of transformers, from 4.50 on.

A message is one line of JSON, then the bytes it announces. Questions come on standard input, replies go to standard
output; whatever the model's code prints goes to standard error instead.
"""

import importlib.util
import json
import os
import re
import sys
import traceback
from typing import Any, BinaryIO

Message = tuple[dict[str, Any], list[bytes]]
THOUGHT = re.compile(r"[<\[◁]\|?(?:think|thought|reason)\w*\|?[>\]▷]\s*$", re.IGNORECASE)
"""A mark at the end of what the chat template writes, after which the model would think."""
TEXT = {"tokenize": False, "enable_thinking": False}
"""How a chat template is rendered: as text, and without thoughts where it has the usual switch."""


def send(stream: BinaryIO, message: dict[str, Any], blobs: list[bytes] | None = None) -> None:
    """Write one message and its bytes."""
    blobs = blobs or []
    stream.write(json.dumps({**message, "bytes": [len(blob) for blob in blobs]}).encode() + b"\n")
    for blob in blobs:
        stream.write(blob)
    stream.flush()


def receive(stream: BinaryIO) -> Message | None:
    """Read one message and its bytes; None where the other side has ended."""
    line = stream.readline()
    if not line.endswith(b"\n"):
        return None
    message = json.loads(line)
    return message, [stream.read(length) for length in message["bytes"]]


def load(folder: str, dtype: str) -> tuple[Any, Any]:
    """Model and processor of a folder by the code in it, all weights from safetensors and none left over.

    Raises:
        ValueError: the weights are not those of the model that the code makes, or it thinks before it answers.
    """
    import torch
    from transformers import AutoModel, AutoProcessor

    processor = AutoProcessor.from_pretrained(folder, trust_remote_code=True)
    model, found = AutoModel.from_pretrained(
        folder,
        trust_remote_code=True,
        use_safetensors=True,
        torch_dtype=getattr(torch, dtype, dtype),
        # What its authors use; a package that must be compiled, so not everyone has it.
        attn_implementation="flash_attention_2" if importlib.util.find_spec("flash_attn") else "sdpa",
        output_loading_info=True,
    )
    wrong = [key for kind in ("missing", "unexpected", "mismatched") for key in found[f"{kind}_keys"]]
    if wrong:
        raise ValueError(f"{len(wrong)} of the weights do not fit the code, {wrong[0]} for example")
    if THOUGHT.search(_header(processor)):
        raise ValueError("its chat template opens a thought, so labels would be scored as the first words of one")
    return model.to("cuda" if torch.cuda.is_available() else "cpu").eval(), processor


def answer(model: Any, processor: Any, question: dict[str, Any], pixels: list[bytes]) -> dict[str, Any]:
    """Score the labels of a question, if it has any, and reply greedily; without content, count the labels' tokens.

    Args:
        question: ``content``, the parts of a turn of the user as the chat template takes them, images and videos with
            their ``shape`` [frames, height, width, 3] and videos with their ``fps``; ``labels``; ``max_new_tokens``;
            ``context``, the most tokens of prompt and answer, None for any number.
        pixels: uint8 of each image and video.

    Returns:
        ``scores``, ``text``, ``tokens`` of the prompt, and whether the text was ``cut``. Of a prompt that is too long
        for the context, ``needed`` alone: how many tokens it would take.
    """
    import torch

    if question["content"] is None:
        return {"lengths": [len(_label_tokens(processor, label)) for label in question["labels"]]}
    inputs = _inputs(processor, question["content"], pixels)
    labels = [_label_tokens(processor, label) for label in question["labels"]]
    length, most = inputs["input_ids"].shape[1], question["max_new_tokens"]
    needed = length + max([most, *map(len, labels)])
    if question["context"] is not None and needed > question["context"]:
        return {"needed": needed}
    inputs = {name: value.to(model.device) if hasattr(value, "to") else value for name, value in inputs.items()}
    with torch.inference_mode():
        scores = _label_scores(model, inputs, labels)
        _forget(model)
        told = model.generate(**inputs, max_new_tokens=most, do_sample=False, num_beams=1)[0, length:].tolist()
    text = processor.tokenizer.decode(told, skip_special_tokens=True).strip()
    ends = model.generation_config.eos_token_id
    ended = told[-1:] and told[-1] in (ends if isinstance(ends, list) else [ends])
    return {"scores": scores, "text": text, "tokens": length, "cut": len(told) == most and not ended}


def _inputs(processor: Any, content: list[dict[str, Any]], pixels: list[bytes]) -> dict[str, Any]:
    """What the model reads, made by its own chat template and processor as its authors' scripts call them."""
    import numpy as np
    import torch
    from PIL import Image

    visuals = [part for part in content if part["type"] != "text"]
    arrays = [np.frombuffer(blob, np.uint8).reshape(part["shape"]) for part, blob in zip(visuals, pixels, strict=True)]
    images = [Image.fromarray(a[0]) for part, a in zip(visuals, arrays, strict=True) if part["type"] == "image"]
    # Copied, for torch does not take memory that cannot be written; [frames, 3, height, width] as videos are decoded.
    videos = [torch.from_numpy(a.copy()).permute(0, 3, 1, 2) for part, a in zip(visuals, arrays, strict=True)
              if part["type"] == "video"]  # fmt: skip
    shown = [{"type": part["type"], **({"text": _plain(processor, part["text"])} if "text" in part else {})}
             for part in content]  # fmt: skip
    text = processor.apply_chat_template([{"role": "user", "content": shown}], add_generation_prompt=True, **TEXT)
    rates = {"fps": [part["fps"] for part in visuals if part["type"] == "video"]} if videos else {}
    return dict(processor(text=[text], images=images or None, videos=videos or None, return_tensors="pt", **rates))


def _plain(processor: Any, text: str) -> str:
    """A text without special tokens, as ``models/vlm/inputs.py`` of the study makes it."""
    special = {token.content for token in processor.tokenizer.added_tokens_decoder.values() if token.special}
    special |= {getattr(processor, name, None) or "" for name in ("image_token", "video_token")}
    tokens = re.compile("|".join(map(re.escape, sorted(filter(None, special), key=len, reverse=True))) or "$^")
    while (rest := tokens.sub("", text)) != text:
        text = rest
    return text


def _header(processor: Any) -> str:
    """What the chat template writes before a reply."""
    asked = [{"role": "user", "content": [{"type": "text", "text": "?"}]}]
    whole, without = (processor.apply_chat_template(asked, add_generation_prompt=on, **TEXT) for on in (True, False))
    return whole.removeprefix(without)


def _label_tokens(processor: Any, label: str) -> list[int]:
    """The tokens of a label as the beginning of a reply."""
    header = _header(processor)
    begun = header + ("" if header[-1:].isspace() else " ") + label
    before, whole = (processor.tokenizer(text, add_special_tokens=False)["input_ids"] for text in (header, begun))
    if whole[: len(before)] != before or len(whole) == len(before):
        raise ValueError(f"the label {label!r} cannot be scored as a reply after {header!r}")
    return whole[len(before) :]


def _label_scores(model: Any, inputs: dict[str, Any], labels: list[list[int]]) -> list[float]:
    """Log-likelihood of each label: one pass over the prompt for each different beginning of a label.

    How the code continues from a cache is not known, so each pass reads the whole prompt again.
    """
    following = {}
    for beginning in {tuple(label[:k]) for label in labels for k in range(len(label))}:
        _forget(model)
        logits = model(**_longer(inputs, beginning), use_cache=False).logits[0, -1]
        following[beginning] = logits.float().log_softmax(-1)
    return [sum(float(following[tuple(label[:k])][token]) for k, token in enumerate(label)) for label in labels]


def _longer(inputs: dict[str, Any], tokens: tuple[int, ...]) -> dict[str, Any]:
    """The inputs with further tokens of text at the end."""
    import torch

    told, longer = inputs["input_ids"], dict(inputs)
    for name, value in inputs.items():
        if getattr(value, "shape", None) == told.shape:  # of text: its tokens, its mask, its kinds (0 is text)
            new = tokens if name == "input_ids" else [int(name == "attention_mask")] * len(tokens)
            longer[name] = torch.cat([value, torch.tensor([new], dtype=value.dtype, device=value.device)], 1)
    return longer


def _forget(model: Any) -> None:
    """Let the model take the positions of the prompt at hand: Qwen's code keeps those of the one before."""
    for module in model.modules():
        if hasattr(module, "rope_deltas"):
            module.rope_deltas = None


def main(folder: str, dtype: str) -> None:
    """Load the model of a folder, say so, and answer until the questions end."""
    replies = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    sys.stdout = sys.stderr  # at once, and in order
    try:
        model, processor = load(folder, dtype)
    except Exception as error:  # of code that is not ours: whatever it is, the study is told
        send(replies, _failed(error))
        return
    text = model.config.get_text_config()
    rope = getattr(text, "rope_parameters", None) or getattr(text, "rope_scaling", None)
    told = {"length": getattr(text, "max_position_embeddings", None), "rope": rope}
    send(replies, {"ready": True, **told})
    while received := receive(sys.stdin.buffer):
        try:
            reply = answer(model, processor, *received)
        except Exception as error:
            reply = _failed(error)
        send(replies, reply)


def _failed(error: Exception) -> dict[str, str]:
    traceback.print_exception(error)
    return {"error": f"{type(error).__name__}: {error}"}


if __name__ == "__main__":
    main(*sys.argv[1:])
