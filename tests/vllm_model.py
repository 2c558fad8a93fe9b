"""What a vLLM server says to chat completions, with a model of ``transformers`` behind it.

It speaks the fields, errors and status codes of vLLM's protocol for chat completions, as far as the study uses them,
and computes with the model's own forward pass and ``generate``. It is the ``fault`` of ``tests.api_server.ApiServer``:

    with ApiServer() as server:
        server.fault = VllmModel(folder)
"""

import base64
import io
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from emovlm.models.torch_setup import torch  # isort: skip
from PIL import Image
from transformers import AutoModelForImageTextToText, AutoProcessor


class VllmModel:
    """The model of a folder, served.

    Args:
        name: under which it is served.
        context: tokens of prompt and reply, at most.
        images: of one prompt, at most (``--limit-mm-per-prompt``).
        images_as: settings of the processor for images (``--mm-processor-kwargs``).
        leaves_out: fields of the reply that an older server, or one of another kind, does not know and leaves out.
    """

    def __init__(
        self, folder: Path, name: str = "some-model", context: int = 4096, images: int = 64,
        images_as: Mapping[str, Any] | None = None, leaves_out: tuple[str, ...] = (),
    ):  # fmt: skip
        self.name, self.context, self.images, self.leaves_out = name, context, images, leaves_out
        self.images_as = dict(images_as or {})
        self.processor = AutoProcessor.from_pretrained(folder)
        self.model = AutoModelForImageTextToText.from_pretrained(folder, dtype=torch.float32).eval()
        self.one = threading.Lock()

    def __call__(self, request: dict[str, Any]) -> dict[str, Any]:
        body = request["body"]
        if request["path"] != "/v1/chat/completions":
            return {"status": 404, "body": {"detail": "Not Found"}}
        if body["model"] != self.name:
            return error(404, f"The model `{body['model']}` does not exist.", "NotFoundError", "model")
        if body.get("add_generation_prompt", True) and body.get("continue_final_message"):
            return error(400, "Cannot set both `continue_final_message` and `add_generation_prompt` to True.")
        if (wanted := body.get("prompt_logprobs")) is not None and wanted < -1:
            return error(400, "`prompt_logprobs` must be a positive value or -1.", param="prompt_logprobs")
        messages, images = shown(body["messages"])
        if len(images) > self.images:
            return error(400, f"At most {self.images} image(s) may be provided in one prompt.")
        text = self.processor.apply_chat_template(
            messages,
            add_generation_prompt=body.get("add_generation_prompt", True),
            continue_final_message=body.get("continue_final_message", False),
        )
        more = {"add_special_tokens": body.get("add_special_tokens", False), "return_tensors": "pt"}
        of_images = {"images_kwargs": self.images_as} if images else {}
        inputs = self.processor(text=[text], images=images or None, **of_images, **more)
        tokens, most = inputs["input_ids"][0].tolist(), body.get("max_completion_tokens") or body.get("max_tokens")
        if len(tokens) + most > self.context:
            return error(
                400, f"This model's maximum context length is {self.context} tokens. However, you requested {most} "
                f"output tokens and your prompt contains {len(tokens)} input tokens. Please reduce the length of the "
                "input prompt or the number of requested output tokens.", param="input_tokens",
            )  # fmt: skip
        with self.one, torch.inference_mode():
            said, ended = self._generate(inputs, most)
            logprobs = None if wanted is None else self._logprobs(inputs, tokens, wanted)
        told = body.get("return_token_ids")
        message = {"role": "assistant", "refusal": None, "annotations": None, "reasoning": None,
                   "content": self.processor.tokenizer.decode(said, skip_special_tokens=True)}  # fmt: skip
        choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": "stop" if ended else "length",
                  "stop_reason": None, "token_ids": said if told else None}  # fmt: skip
        usage = {"prompt_tokens": len(tokens), "completion_tokens": len(said), "total_tokens": len(tokens) + len(said)}
        reply = {"id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": self.name, "choices": [choice],
                 "usage": {**usage, "prompt_tokens_details": None}, "prompt_logprobs": logprobs,
                 "prompt_token_ids": tokens if told else None, "kv_transfer_params": None}  # fmt: skip
        return {"status": 200, "body": {key: value for key, value in reply.items() if key not in self.leaves_out}}

    def _generate(self, inputs: Any, most: int) -> tuple[list[int], bool]:
        """The tokens of the greedy reply, and whether it ended by itself."""
        written = self.model.generate(**inputs, do_sample=False, max_new_tokens=most)[0].tolist()
        said, ends = written[inputs["input_ids"].shape[1] :], self.model.generation_config.eos_token_id
        return said, said[-1] in (ends if isinstance(ends, list) else [ends])

    def _logprobs(self, inputs: Any, tokens: list[int], most: int) -> list[dict[str, Any] | None]:
        """Of each token of the prompt after those before it, with the ``most`` likeliest ones beside it."""
        if hasattr(self.model.model, "rope_deltas"):
            self.model.model.rope_deltas = None
        rows = self.model(**inputs).logits[0].float().log_softmax(-1)
        entries: list[dict[str, Any] | None] = [None]
        for row, token in zip(rows, tokens[1:], strict=False):
            likeliest = row.topk(len(row) if most == -1 else most).indices.tolist()
            entries.append({
                str(each): {"logprob": float(row[each]), "rank": int((row > row[each]).sum()) + 1,
                            "decoded_token": self.processor.tokenizer.decode([each])}
                for each in dict.fromkeys([token, *likeliest])
            })  # fmt: skip
        return entries


def error(status: int, message: str, kind: str = "BadRequestError", param: str | None = None) -> dict[str, Any]:
    """An error as vLLM writes it."""
    return {"status": status, "body": {"error": {"message": message, "type": kind, "param": param, "code": status}}}


def shown(messages: list[dict[str, Any]]) -> tuple[list[dict[str, Any]], list[Image.Image]]:
    """The turns as a chat template takes them, and their images."""
    turns, images = [], []
    for message in messages:
        content = message["content"]
        parts = [{"type": "text", "text": content}] if isinstance(content, str) else content
        turn = []
        for part in parts:
            if part["type"] == "image_url":
                data = part["image_url"]["url"].partition(";base64,")[2]
                images.append(Image.open(io.BytesIO(base64.b64decode(data))).convert("RGB"))
                turn.append({"type": "image"})
            else:
                turn.append({"type": "text", "text": part["text"]})
        turns.append({"role": message["role"], "content": turn})
    return turns, images
