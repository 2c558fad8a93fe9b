"""How a model reads a batch of prompts, scores labels after them and goes on by itself."""

import copy
import inspect
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from emovlm.models.torch_setup import device, torch  # isort: skip
from transformers import BatchFeature, PreTrainedModel, PreTrainedTokenizerBase
from transformers.cache_utils import DynamicLayer

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
    """

    def __init__(self, model: PreTrainedModel, family: Family, tokenizer: PreTrainedTokenizerBase):
        self.model, self.family, self.tokenizer = model, family, tokenizer
        ends = model.generation_config.eos_token_id
        self.ends = {tokenizer.eos_token_id, *(ends if isinstance(ends, list) else [ends])} - {None}

    def forward(self, inputs: BatchFeature, **how: Any) -> Any:
        """What the model makes of a batch of prompts that it reads from the beginning.

        Args:
            inputs: with pixels, or without any where ``mm_encoder_outputs`` are among ``how``.
        """
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

    def read(self, batch: Batch) -> Read:
        """Let the model read a batch of prompts."""
        inputs = batch.inputs
        seen = {"mm_encoder_outputs": batch.seen} if batch.seen else {}
        output = self.forward(inputs, use_cache=True, logits_to_keep=1, **seen)
        mask = inputs["attention_mask"]
        position = mask.sum(1)
        deltas = getattr(self.model.model, "rope_deltas", None)
        if deltas is not None:  # frames take fewer positions than they have tokens
            position = position + deltas[:, 0].to(position.device)
        return Read(output.logits[:, -1].float(), output.past_key_values, position, None if bool(mask.all()) else mask)

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
            plain = all(type(layer) is DynamicLayer for layer in read.cache.layers)
            for row, later in zip(totals, (self._side_by_side if plain else self._copied)(labels, read), strict=True):
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
