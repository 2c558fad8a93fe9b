"""How a model reads a batch of prompts, scores labels after them and goes on by itself."""

import copy
import inspect
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from emovlm.models.torch_setup import device, torch  # isort: skip
from transformers import BatchFeature, PreTrainedModel, PreTrainedTokenizerBase
from transformers.cache_utils import DynamicCache, DynamicLayer

from emovlm.models.base import SCORE_DIGITS
from emovlm.models.vlm.chat import reply_text
from emovlm.models.vlm.families import Family
from emovlm.models.vlm.positions import behind
from emovlm.models.vlm.rules import Rules


@dataclass
class Batch:
    """Prompts that are read together.

    ``inputs``: without pixels; ``seen``: ``mm_encoder_outputs``; ``prompts``: how many of the rows are prompts, the
    first ones; the others fill it up.
    """

    inputs: BatchFeature
    seen: dict[str, Any]
    prompts: int


@dataclass
class Read:
    """What a model has read of a batch of prompts.

    ``logits``: of the next token [n, words]; ``cache``: keys and values; ``position``: of the next token [n];
    ``mask``: [n, length], or None where no prompt is padded.
    """

    logits: torch.Tensor
    cache: Any
    position: torch.Tensor
    mask: torch.Tensor | None

    def repeated(self, times: int) -> "Read":
        """A copy with each prompt several times."""
        cache = copy.deepcopy(self.cache)
        cache.batch_repeat_interleave(times)
        mask = None if self.mask is None else self.mask.repeat_interleave(times, 0)
        return Read(self.logits, cache, self.position.repeat_interleave(times), mask)


class Reader:
    """The language model of a system, which reads what its vision tower has seen.

    Args:
        model: with its tower.
        tokenizer: of the model.

    Attributes:
        pads_right: whether the prompts of a batch are padded on the right; otherwise on the left.
    """

    def __init__(self, model: PreTrainedModel, family: Family, tokenizer: PreTrainedTokenizerBase):
        self.model, self.family, self.tokenizer = model, family, tokenizer
        ends = model.generation_config.eos_token_id
        self.ends = {tokenizer.eos_token_id, *(ends if isinstance(ends, list) else [ends])} - {None}
        # Layers that keep a window of what they read would keep padding in place of the prompt's end.
        layers = DynamicCache(config=model.config.get_text_config()).layers
        self.pads_right = all(type(layer) is DynamicLayer for layer in layers)

    def forward(self, inputs: BatchFeature, **how: Any) -> Any:
        """What the model makes of a batch of prompts that it reads from the beginning.

        Args:
            inputs: with pixels, or without any where ``mm_encoder_outputs`` are among ``how``.
        """
        return self._forward(inputs, self.positions(inputs)[0], **how)

    def _forward(self, inputs: BatchFeature, positions: torch.Tensor | None, **how: Any) -> Any:
        return self.model(**inputs, **({} if positions is None else {"position_ids": positions}), **how)

    def positions(self, inputs: BatchFeature) -> tuple[torch.Tensor | None, torch.Tensor]:
        """Positions of the tokens, and the position of what follows each prompt [n].

        They are [n, length], or [3, n, length] in time and space; None: those that the model takes by itself.
        """
        mask, base = inputs["attention_mask"], self.model.model
        if hasattr(base, "get_rope_index") and any(name.endswith("grid_thw") for name in inputs):
            known = inspect.signature(base.get_rope_index).parameters
            # Qwen2.5-Omni calls the seconds of a step by another name here.
            given = {**inputs, "second_per_grids": inputs.get(self.family.clock)}
            made, _ = base.get_rope_index(**{name: value for name, value in given.items() if name in known})
            if self.family.behind:
                return behind(made, inputs["mm_token_type_ids"], mask)
            return made, made.masked_fill(mask == 0, -1).amax((0, 2)) + 1
        if hasattr(base, "rope_deltas"):
            base.rope_deltas = None  # of the prompt before
        following = mask.sum(1)
        return None if bool(mask.all()) else (mask.cumsum(1) - 1).clamp(min=0), following

    def read(self, batch: Batch) -> Read:
        """Let the model read a batch of prompts."""
        inputs = batch.inputs
        mask, seen = inputs["attention_mask"], {"mm_encoder_outputs": batch.seen} if batch.seen else {}
        places, following = self.positions(inputs)
        whole = bool(mask.all())
        if whole or not self.pads_right:
            output = self._forward(inputs, places, use_cache=True, logits_to_keep=1, **seen)
            return Read(output.logits[:, -1].float(), output.past_key_values, following, None if whole else mask)
        # What stands behind a prompt does not change what the model makes of it, so no mask is needed; attention
        # without one is faster by far.
        inputs = {name: tensor for name, tensor in inputs.items() if name != "attention_mask"}
        if places.ndim == 2:
            places = torch.arange(mask.shape[1], device=mask.device).expand(mask.shape)
        last, row = mask.sum(1) - 1, torch.arange(len(mask), device=mask.device)
        kept, where = last.unique(return_inverse=True)
        output = self.model(**inputs, position_ids=places, use_cache=True, logits_to_keep=kept, **seen)
        if output.logits.shape[1] == mask.shape[1]:  # Qwen2.5-Omni keeps all
            where = last
        return Read(output.logits[row, where].float(), output.past_key_values, following, mask)

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

    def label_scores(self, labels: list[list[int]], read: Read) -> list[list[float]]:
        """For each prompt the sum of the log-probabilities of each label's tokens."""
        totals = [[float(row[label[0]]) for label in labels] for row in read.logits.log_softmax(-1)]
        if max(map(len, labels)) > 1:
            after = self._side_by_side if self.pads_right else self._copied
            for row, later in zip(totals, after(labels, read), strict=True):
                for k, label in enumerate(labels):
                    row[k] += sum(float(later[k][j, token]) for j, token in enumerate(label[1:]))
        return [[round(total, SCORE_DIGITS) for total in row] for row in totals]

    def _side_by_side(self, labels: list[list[int]], read: Read) -> Iterator[list[torch.Tensor]]:
        """For each prompt the log-probabilities after each token of each label but its last [tokens, words].

        The labels follow the prompt in one sequence, in which each sees the prompt and itself alone, at the positions
        that it would have alone. So one pass reads them all, and the prompt's keys and values are not copied.
        """
        n, already = len(read.logits), read.cache.get_seq_length()
        beginnings = [label[:-1] for label in labels]
        lengths = [len(tokens) for tokens in beginnings]
        label_of = torch.arange(len(labels), device=device()).repeat_interleave(torch.tensor(lengths, device=device()))
        place = torch.cat([torch.arange(length, device=device()) for length in lengths])
        own = (label_of[:, None] == label_of) & (place[:, None] >= place)
        prompt = torch.ones(n, already, dtype=torch.long, device=device()) if read.mask is None else read.mask
        seen = torch.cat([prompt[:, None].expand(-1, len(place), -1).bool(), own.expand(n, -1, -1)], 2)
        hidden = torch.zeros(seen.shape, dtype=self.model.dtype, device=device())
        output = self.model(
            input_ids=torch.tensor([[token for tokens in beginnings for token in tokens]] * n, device=device()),
            position_ids=read.position[:, None] + place,
            attention_mask=hidden.masked_fill(~seen, torch.finfo(hidden.dtype).min)[:, None],
            past_key_values=read.cache,
            use_cache=True,
        )
        read.cache.crop(-len(place))
        for row in output.logits.float().log_softmax(-1):
            yield list(row.split(lengths))

    def _copied(self, labels: list[list[int]], read: Read) -> Iterator[list[torch.Tensor]]:
        """As :meth:`_side_by_side`, for models that keep a window of what they read: each label has a copy of it."""
        longest = max(map(len, labels))
        filled = [label[:-1] + [min(self.ends)] * (longest - len(label)) for label in labels]
        tokens = torch.tensor(filled * len(read.logits), device=device())
        later = self._later(tokens, read.repeated(len(labels)), 0).log_softmax(-1)
        for row in later.split(len(labels)):
            yield list(row)

    def go_on(self, read: Read, batch: Batch, max_new_tokens: int) -> list[tuple[str, bool]]:
        """Greedy continuation of each prompt, and whether it was cut; consumes the cache."""
        inputs = batch.inputs
        prompts = [row[real.bool()] for row, real in zip(inputs["input_ids"], inputs["attention_mask"], strict=True)]
        rules = [Rules(self.model, prompt, max_new_tokens) for prompt in prompts]
        said: list[list[int]] = [[] for _ in prompts]
        running = set(range(batch.prompts))
        logits = read.logits
        for already in range(max_new_tokens):
            tokens = [rule.next(row) for rule, row in zip(rules, logits, strict=True)]
            running -= {i for i in running if tokens[i] in self.ends}
            for i in running:
                said[i].append(tokens[i])
            if not running or already == max_new_tokens - 1:
                break
            new = torch.tensor(tokens, device=logits.device)[:, None]
            logits = self._later(new, read, already)[:, -1]
        return [(reply_text(self.tokenizer, told), i in running) for i, told in enumerate(said[: batch.prompts])]
