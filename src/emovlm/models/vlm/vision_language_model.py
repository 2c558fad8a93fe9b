"""A vision-language model under test: loaded from a folder as from a hub, asked about frames and text.

One prompt at a time by default, so that a clip's scores cannot depend on which others share its batch or shard. In
batches they agree with that to rounding, which in bfloat16 is about 0.1 nats.
"""

import copy
import inspect
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from emovlm.models.torch_setup import device, torch  # isort: skip
from transformers import AutoProcessor, BatchFeature
from transformers.cache_utils import DynamicLayer

from emovlm.core.errors import StudyError
from emovlm.models.base import SCORE_DIGITS, Frame, Part, Reply
from emovlm.models.pretrained import load_pretrained
from emovlm.models.vlm.chat import find_turn, reply_text
from emovlm.models.vlm.context import TooLongError, context_length, frames_that_fit
from emovlm.models.vlm.families import family_of
from emovlm.models.vlm.inputs import encode, limited, reply_tokens, stack, stackable
from emovlm.models.vlm.positions import behind
from emovlm.models.vlm.rules import Rules

Row = Mapping[str, Any]


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


class VisionLanguageModel:
    """Model and processor of one system.

    Args:
        folder: what ``save_pretrained`` wrote, or the base system's folder where there is an adapter.
        adapter: folder of a LoRA adapter on top, if the system has one.
        row: of ``systems.tsv``: ``family``, ``dtype``, ``frames`` (most a prompt), ``on_overflow`` (what becomes of a
            prompt longer than the context), ``pixels`` (of the longest side of a frame, at most), ``min_pixels`` (of
            a frame of a video, at least) and ``batch``; the organism's, and no limit, where it is silent.

    Raises:
        StudyError: unknown family, weights are missing, the chat template opens a thought that cannot be closed, or
            there are ``min_pixels`` for a family whose weights fix the size.
    """

    def __init__(self, folder: str | Path, adapter: str | Path | None = None, row: Row | None = None):
        row = row or {}
        self.family = family_of(row)
        self.frames, self.on_overflow, self.batch = row.get("frames"), row.get("on_overflow"), row.get("batch") or 1
        self.pixels, self.min_pixels = row.get("pixels"), row.get("min_pixels")
        if self.min_pixels and not self.family.any_size:
            raise StudyError(f"min_pixels: the weights of a model of family {self.family.name} fix the size of frames")
        self.processor = AutoProcessor.from_pretrained(folder)
        self.turn = find_turn(self.processor)
        model = load_pretrained(self.family.model, folder, row.get("dtype"))
        if adapter is not None:
            from peft import PeftModel

            adapted = PeftModel.from_pretrained(model, adapter)
            # Added to weights in bfloat16, most of what was learned would be rounded away.
            model = adapted.merge_and_unload() if model.dtype == torch.float32 else adapted.base_model.model
        layout = {"memory_format": torch.channels_last} if self.family.channels_last else {}
        self.model = model.to(device(), **layout).eval()
        self.pad = self.processor.tokenizer.pad_token_id or 0
        self.header = self.turn.header
        self.context = context_length(self.model.config)
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
        longest = max([max_new_tokens, *map(len, labels)])
        fitted: dict[int, tuple[BatchFeature, int]] = {}
        replies: dict[int, Reply] = {}
        for i, parts in enumerate(prompts):
            try:
                fitted[i] = self._fitted(parts, longest)
            except TooLongError as error:
                replies[i] = Reply({}, "", 0, failure=str(error), frames=0)
        for chosen, inputs in self._batches({i: inputs for i, (inputs, _) in fitted.items()}):
            with torch.inference_mode():
                read = self._read(inputs)
                scores = self._label_scores(labels, read)
                said = self._continue(read, inputs, max_new_tokens)
            lengths = inputs["attention_mask"].sum(1).tolist()
            for i, row, (text, cut), length in zip(chosen, scores, said, lengths, strict=True):
                named = dict(zip(classes, row, strict=True))
                replies[i] = Reply(named, text, length, frames=fitted[i][1], cut=cut)
        return [replies[i] for i in range(len(prompts))]

    def say(self, parts: list[Part], max_new_tokens: int) -> str:
        """The free greedy reply to ``parts``.

        Raises:
            TooLongError: prompt and reply are longer than the context.
        """
        inputs = self.placed(self.encoded(parts, max_new_tokens))
        with torch.inference_mode():
            return self._continue(self._read(inputs), inputs, max_new_tokens)[0][0]

    def encoded(self, parts: Sequence[Part], following: int = 0) -> BatchFeature:
        """The inputs of one prompt, within the limits of the row, and of the context with ``following`` more tokens.

        Raises:
            TooLongError: it is longer, and the row asks for no fewer frames.
        """
        return self._fitted(parts, following)[0]

    def _fitted(self, parts: Sequence[Part], following: int) -> tuple[BatchFeature, int]:
        """As :meth:`encoded`, and how many frames are shown."""
        made: dict[int, BatchFeature] = {}

        def tokens(frames: int) -> int:
            shown = limited(parts, frames, self.pixels)
            made[frames] = encode(self.processor, self.family, shown, self.turn, self.min_pixels)
            return made[frames]["input_ids"].shape[1] + following

        given = sum(isinstance(part, Frame) for part in parts)
        frames = frames_that_fit(min(given, self.frames or given), tokens, self.context, self.on_overflow)
        return made[frames], frames

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

    def _batches(self, encoded: Mapping[int, BatchFeature]) -> list[tuple[list[int], BatchFeature]]:
        """Numbers of the prompts that go together, and their inputs."""
        together: dict[tuple, list[int]] = {}
        for i, inputs in encoded.items():
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

    def _label_scores(self, labels: list[list[int]], read: Read) -> list[list[float]]:
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

    def _continue(self, read: Read, inputs: BatchFeature, max_new_tokens: int) -> list[tuple[str, bool]]:
        """Greedy continuation of each prompt, and whether it was cut; consumes the cache."""
        prompts = [row[real.bool()] for row, real in zip(inputs["input_ids"], inputs["attention_mask"], strict=True)]
        rules = [Rules(self.model, prompt, max_new_tokens) for prompt in prompts]
        said: list[list[int]] = [[] for _ in prompts]
        running = set(range(len(said)))
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
        return [(reply_text(self.processor.tokenizer, told), i in running) for i, told in enumerate(said)]
