"""A vision-language model under test: loaded from a folder as from a hub, asked about frames and text.

One prompt at a time by default, so that a clip's scores cannot depend on which others share its batch or shard. In
batches they agree with that to rounding, which in bfloat16 is about 0.1 nats.
"""

import copy
import inspect
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from emovlm.models.torch_setup import device, torch  # isort: skip
from transformers import AutoProcessor, BatchFeature

from emovlm.models.base import SCORE_DIGITS, Frame, Part, Reply
from emovlm.models.pretrained import load_pretrained
from emovlm.models.vlm.families import family_of
from emovlm.models.vlm.inputs import encode, limited, reply_header, reply_tokens, stack, stackable
from emovlm.models.vlm.positions import behind

COPIES_BYTES = 8e9  # of a batch's keys and values, at most, which each label to score needs one of

Row = Mapping[str, Any]


@dataclass
class Read:
    """What a model has read of a batch of prompts.

    ``following``: log-probabilities of the next token [n, words]; ``cache``: keys and values; ``position``: of the
    next token [n]; ``mask``: [n, length], or None where no prompt is padded.
    """

    following: torch.Tensor
    cache: Any
    position: torch.Tensor
    mask: torch.Tensor | None

    def repeated(self, times: int) -> "Read":
        """A copy with each prompt several times."""
        cache = copy.deepcopy(self.cache)
        cache.batch_repeat_interleave(times)
        mask = None if self.mask is None else self.mask.repeat_interleave(times, 0)
        return Read(self.following, cache, self.position.repeat_interleave(times), mask)


class VisionLanguageModel:
    """Model and processor of one system.

    Args:
        folder: what ``save_pretrained`` wrote, or the base system's folder where there is an adapter.
        adapter: folder of a LoRA adapter on top, if the system has one.
        row: of ``systems.tsv``: ``family``, ``dtype``, ``frames`` (most a prompt), ``pixels`` (of the longest side of
            a frame, at most) and ``batch``; the organism's, and no limit, where it is silent.

    Raises:
        StudyError: unknown family, or weights are missing.
    """

    def __init__(self, folder: str | Path, adapter: str | Path | None = None, row: Row | None = None):
        row = row or {}
        self.family = family_of(row)
        self.frames, self.pixels, self.batch = row.get("frames"), row.get("pixels"), row.get("batch") or 1
        self.processor = AutoProcessor.from_pretrained(folder)
        model = load_pretrained(self.family.model, folder, row.get("dtype"))
        if adapter is not None:
            from peft import PeftModel

            adapted = PeftModel.from_pretrained(model, adapter)
            # Added to weights in bfloat16, most of what was learned would be rounded away.
            model = adapted.merge_and_unload() if model.dtype == torch.float32 else adapted.base_model.model
        layout = {"memory_format": torch.channels_last} if self.family.channels_last else {}
        self.model = model.to(device(), **layout).eval()
        self.pad = self.processor.tokenizer.pad_token_id or 0
        self.header = reply_header(self.processor)
        ends = model.generation_config.eos_token_id
        self.ends = {self.processor.tokenizer.eos_token_id, *(ends if isinstance(ends, list) else [ends])} - {None}

    def answer(self, parts: list[Part], classes: list[str], max_new_tokens: int) -> Reply:
        """Likelihood of each class name as the answer to ``parts``, and the free reply.

        Args:
            parts: frames and texts in the order shown, the question last.
            classes: the labels to score.
            max_new_tokens: of the free reply.
        """
        return self.answer_many([parts], classes, max_new_tokens)[0]

    def label_tokens(self, classes: list[str]) -> dict[str, int]:
        """Over how many tokens the score of each label is a sum; the token that ends a reply is not among them."""
        return {c: len(reply_tokens(self.processor, self.header, c)) for c in classes}

    def answer_many(self, prompts: Sequence[list[Part]], classes: list[str], max_new_tokens: int) -> list[Reply]:
        """:meth:`answer` for several prompts at once, as far as their frames have the same shapes."""
        labels = [reply_tokens(self.processor, self.header, c) for c in classes]
        replies: dict[int, Reply] = {}
        for chosen, inputs in self._batches(prompts):
            with torch.inference_mode():
                read = self._read(inputs)
                scores = self._label_scores(labels, read)
                texts = self._continue(read, max_new_tokens)
            lengths = inputs["attention_mask"].sum(1).tolist()
            for i, row, text, length in zip(chosen, scores, texts, lengths, strict=True):
                shown = sum(isinstance(part, Frame) for part in limited(prompts[i], self.frames, None))
                replies[i] = Reply(dict(zip(classes, row, strict=True)), text, length, frames=shown)
        return [replies[i] for i in range(len(prompts))]

    def say(self, parts: list[Part], max_new_tokens: int) -> str:
        """The free greedy reply to ``parts``."""
        with torch.inference_mode():
            return self._continue(self._read(self._inputs(parts)), max_new_tokens)[0]

    def encoded(self, parts: Sequence[Part]) -> BatchFeature:
        """The inputs of one prompt, within the limits of the row."""
        return encode(self.processor, self.family, limited(parts, self.frames, self.pixels))

    def _inputs(self, parts: Sequence[Part]) -> BatchFeature:
        return self.placed(self.encoded(parts))

    def placed(self, inputs: BatchFeature) -> BatchFeature:
        """On the device; pixels in the precision and layout of the weights."""
        inputs = inputs.to(device())
        for name in inputs:
            if name.startswith("pixel_values"):
                inputs[name] = inputs[name].to(self.model.dtype)
                if self.family.channels_last and inputs[name].ndim == 4:
                    inputs[name] = inputs[name].contiguous(memory_format=torch.channels_last)
        return inputs

    def _batches(self, prompts: Sequence[list[Part]]) -> list[tuple[list[int], BatchFeature]]:
        """Numbers of the prompts that go together, and their inputs."""
        encoded = [self.encoded(parts) for parts in prompts]
        together: dict[tuple, list[int]] = {}
        for i, inputs in enumerate(encoded):
            together.setdefault(stackable(inputs), []).append(i)
        return [(chosen, self.placed(stack([encoded[i] for i in chosen], self.pad))) for chosen in together.values()]

    def forward(self, inputs: BatchFeature, **how: Any) -> Any:
        """What the model makes of a batch of prompts that it reads from the beginning."""
        mask, base = inputs["attention_mask"], self.model.model
        if hasattr(base, "rope_deltas"):
            base.rope_deltas = None  # of the prompt before
            if any(name.endswith("grid_thw") for name in inputs):  # the model makes positions in time and space
                return self.model(**inputs, **(self._behind(inputs) if self.family.behind else {}), **how)
        positions = {} if bool(mask.all()) else {"position_ids": (mask.cumsum(1) - 1).clamp(min=0)}
        return self.model(**inputs, **positions, **how)

    def _behind(self, inputs: BatchFeature) -> dict[str, torch.Tensor]:
        """Positions in time and space, put right; the model is told where the next token will be."""
        kinds, mask, base = inputs["mm_token_type_ids"], inputs["attention_mask"], self.model.model
        known = inspect.signature(base.get_rope_index).parameters
        made, _ = base.get_rope_index(**{name: value for name, value in inputs.items() if name in known})
        positions, following = behind(made, kinds, mask)
        base.rope_deltas = (following - mask.sum(1))[:, None]
        return {"position_ids": positions}

    def _read(self, inputs: BatchFeature) -> Read:
        """Let the model read a batch of prompts."""
        output = self.forward(inputs, use_cache=True, logits_to_keep=1)
        mask = inputs["attention_mask"]
        position = mask.sum(1)
        deltas = getattr(self.model.model, "rope_deltas", None)
        if deltas is not None:  # frames take fewer positions than they have tokens
            position = position + deltas[:, 0].to(position.device)
        following = output.logits[:, -1].float().log_softmax(-1)
        return Read(following, output.past_key_values, position, None if bool(mask.all()) else mask)

    def _later(self, tokens: torch.Tensor, read: Read, already: int) -> torch.Tensor:
        """Logits after further ``tokens`` [n, length] of which ``already`` were read; they join the cache."""
        n, length = tokens.shape
        positions = read.position[:, None] + torch.arange(already, already + length, device=tokens.device)
        seen = {}
        if read.mask is not None:
            seen["attention_mask"] = torch.cat([read.mask, read.mask.new_ones(n, already + length)], 1)
        output = self.model(
            input_ids=tokens, past_key_values=read.cache, position_ids=positions, use_cache=True, **seen
        )
        return output.logits.float()

    def _label_scores(self, labels: list[list[int]], read: Read) -> list[list[float]]:
        """For each prompt the sum of the log-probabilities of each label's tokens."""
        n = len(read.following)
        totals = [[float(row[label[0]]) for label in labels] for row in read.following]
        longest = max(map(len, labels))
        one = sum(layer.keys.nbytes + layer.values.nbytes for layer in read.cache.layers)
        at_once = max(1, int(COPIES_BYTES // one))
        for start in range(0, len(labels), at_once) if longest > 1 else ():
            chosen = labels[start : start + at_once]
            filled = [label[:-1] + [min(self.ends)] * (longest - len(label)) for label in chosen]
            tokens = torch.tensor(filled * n, device=device())
            later = self._later(tokens, read.repeated(len(chosen)), 0).log_softmax(-1)
            for i in range(n):
                for k, label in enumerate(chosen):
                    row = later[i * len(chosen) + k]
                    totals[i][start + k] += sum(float(row[j, token]) for j, token in enumerate(label[1:]))
        return [[round(total, SCORE_DIGITS) for total in row] for row in totals]

    def _continue(self, read: Read, max_new_tokens: int) -> list[str]:
        """Greedy continuation of each prompt; consumes the cache."""
        said: list[list[int]] = [[] for _ in read.following]
        running = set(range(len(said)))
        tokens = read.following.argmax(-1)
        for already in range(max_new_tokens):
            running -= {i for i in running if int(tokens[i]) in self.ends}
            for i in running:
                said[i].append(int(tokens[i]))
            if not running or already == max_new_tokens - 1:
                break
            tokens = self._later(tokens[:, None], read, already)[:, -1].argmax(-1)
        return [self.processor.tokenizer.decode(tokens, skip_special_tokens=True).strip() for tokens in said]
