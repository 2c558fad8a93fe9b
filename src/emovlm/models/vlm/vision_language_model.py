"""A vision-language model under test: loaded from a folder as from a hub, asked about frames and text.

Prompts are answered in batches whose shape follows from each prompt's own length (``models.vlm.batches``), so a clip's
scores do not depend on which others share its batch or shard. They agree with those of the prompt alone to rounding,
which in bfloat16 is about 0.1 nats.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from emovlm.models.torch_setup import device, torch  # isort: skip
from transformers import AutoProcessor, BatchFeature

from emovlm.core.ahead import ahead
from emovlm.core.errors import StudyError
from emovlm.models.base import Frame, Part, Reply
from emovlm.models.pretrained import load_pretrained
from emovlm.models.vlm.batches import CPU_TOKENS, GPU_TOKENS, PROMPTS, Limits, Prompts, Sorter
from emovlm.models.vlm.chat import find_turn
from emovlm.models.vlm.context import TooLongError, context_length, frames_that_fit
from emovlm.models.vlm.encoding import Encoded, Encoder
from emovlm.models.vlm.families import family_of
from emovlm.models.vlm.inputs import limited, reply_tokens, stack
from emovlm.models.vlm.reading import Batch, Reader
from emovlm.models.vlm.vision import Vision, as_encoder_outputs

Row = Mapping[str, Any]
AHEAD = 2  # batches whose prompts are made while the model is busy


@dataclass
class Fitted:
    """What is shown of a prompt: how many tokens, and frames."""

    tokens: int
    frames: int


class VisionLanguageModel:
    """Model and processor of one system.

    Args:
        folder: what ``save_pretrained`` wrote, or the base system's folder where there is an adapter.
        adapter: folder of a LoRA adapter on top, if the system has one.
        row: of ``systems.tsv``: ``family``, ``dtype``, ``frames`` (most a prompt), ``on_overflow`` (what becomes of a
            prompt longer than the context), ``pixels`` (of the longest side of a frame, at most), ``min_pixels`` (of
            a frame of a video, at least), ``batch`` and ``batch_tokens`` (of a batch, at most); the organism's, and
            no limit but ``models.vlm.batches``', where it is silent.

    Raises:
        StudyError: unknown family, weights are missing, the chat template opens a thought that cannot be closed, or
            there are ``min_pixels`` for a family whose weights fix the size.
    """

    def __init__(self, folder: str | Path, adapter: str | Path | None = None, row: Row | None = None):
        row = row or {}
        self.family = family_of(row)
        self.frames, self.on_overflow = row.get("frames"), row.get("on_overflow")
        on_cpu = device().type == "cpu"
        tokens = row.get("batch_tokens") or (CPU_TOKENS if on_cpu else GPU_TOKENS)
        self.limits = Limits(row.get("batch") or PROMPTS, tokens)
        self.pixels, self.min_pixels = row.get("pixels"), row.get("min_pixels")
        if self.min_pixels and not self.family.any_size:
            raise StudyError(f"min_pixels: the weights of a model of family {self.family.name} fix the size of frames")
        self.processor = AutoProcessor.from_pretrained(folder, trust_remote_code=False)
        self.turn = find_turn(self.processor)
        model = load_pretrained(self.family.model, folder, row.get("dtype"))
        if adapter is not None:
            from peft import PeftModel

            adapted = PeftModel.from_pretrained(model, adapter)
            # Added to weights in bfloat16, most of what was learned would be rounded away.
            model = adapted.merge_and_unload() if model.dtype == torch.float32 else adapted.base_model.model
        layout = {"memory_format": torch.channels_last} if self.family.channels_last else {}
        self.model = model.to(device(), **layout).eval()
        self.vision = Vision(self.model, self.family)
        self.encoder = Encoder(self.processor, self.family, self.turn, self.min_pixels, self.vision.knows)
        # A processor's work and the CPU's own model would only wait for one another.
        self.ahead = 0 if on_cpu else AHEAD * self.limits.prompts
        self.pad = self.processor.tokenizer.pad_token_id or 0
        self.header = self.turn.header
        self.context = context_length(self.model.config)
        self.reader = Reader(self.model, self.family, self.processor.tokenizer)

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

    def answer_many(self, prompts: Iterable[list[Part]], classes: list[str], max_new_tokens: int) -> list[Reply]:
        """:meth:`answer` for several prompts."""
        return [reply for _, reply in sorted(self.answers(prompts, classes, max_new_tokens), key=lambda each: each[0])]

    def answers(
        self, prompts: Iterable[list[Part]], classes: list[str], max_new_tokens: int
    ) -> Iterator[tuple[int, Reply]]:
        """Number of each prompt and its answer, as :meth:`answer`, in the order in which batches are full.

        Args:
            prompts: taken one by one, as they are wanted.
        """
        labels = [reply_tokens(self.processor, self.header, c) for c in classes]

        def answered(batch: Batch) -> list[tuple[list[float], str, bool]]:
            read = self.reader.read(batch)
            scores = self.reader.label_scores(labels, read)
            return [
                (row, *told) for row, told in zip(scores, self.reader.go_on(read, batch, max_new_tokens), strict=False)
            ]

        for i, fitted, found in self._in_batches(prompts, max([max_new_tokens, *map(len, labels)]), answered):
            if isinstance(found, TooLongError):
                yield i, Reply({}, "", 0, failure=str(found), frames=0)
            else:
                scores, text, cut = found
                named = dict(zip(classes, scores, strict=True))
                yield i, Reply(named, text, fitted.tokens, frames=fitted.frames, cut=cut)

    def say(self, parts: list[Part], max_new_tokens: int) -> str:
        """The free greedy reply to ``parts``.

        Raises:
            TooLongError: prompt and reply are longer than the context.
        """
        [(_, said)] = self.say_many([parts], max_new_tokens)
        if isinstance(said, TooLongError):
            raise said
        return said

    def say_many(self, prompts: Iterable[list[Part]], max_new_tokens: int) -> Iterator[tuple[int, str | TooLongError]]:
        """Number of each prompt and the free greedy reply to it, or why there is none, as :meth:`answers`."""

        def said(batch: Batch) -> list[str]:
            return [text for text, _ in self.reader.go_on(self.reader.read(batch), batch, max_new_tokens)]

        for i, _, found in self._in_batches(prompts, max_new_tokens, said):
            yield i, found

    def _in_batches(
        self, prompts: Iterable[list[Part]], following: int, work: Callable[[Batch], list[Any]]
    ) -> Iterator[tuple[int, Fitted | None, Any]]:
        """Of each prompt its number, what is shown of it, and what ``work`` returns for it or why it does not fit."""

        def encoded() -> Iterator[tuple[int, Fitted | None, Encoded | TooLongError]]:
            for i, parts in enumerate(prompts):
                try:
                    inputs, frames = self._fitted(parts, following)
                    yield i, Fitted(inputs.inputs["input_ids"].shape[1], frames), inputs
                except TooLongError as error:
                    yield i, None, error

        fitted: dict[int, Fitted] = {}
        sorter = Sorter(self.limits)

        def done(length: int, waiting: Prompts) -> Iterator[tuple[int, Fitted, Any]]:
            for i, found in self._halving(length, waiting, work):
                yield i, fitted.pop(i), found

        with closing(ahead(encoded(), self.ahead)) as made:
            for i, shown, inputs in made:
                if shown is None:
                    yield i, None, inputs
                    continue
                fitted[i] = shown
                for batch in sorter.add(i, inputs):
                    yield from done(*batch)
        for batch in sorter.rest():
            yield from done(*batch)

    def _halving(self, length: int, waiting: Prompts, work: Callable[[Batch], list[Any]]) -> Iterator[tuple[int, Any]]:
        """Number of each prompt and what ``work`` returns for it; batches are halved where memory is too small for one.

        Raises:
            torch.OutOfMemoryError: it is too small for one prompt.
        """
        while waiting:
            rows = self.limits.rows(length)
            chosen, found = list(waiting)[:rows], None
            try:
                with torch.inference_mode():
                    found = work(self._batch([waiting[i] for i in chosen], rows, length))
            except torch.OutOfMemoryError:
                if rows == 1:
                    raise
            if found is None:
                self.limits.halve(length)
                torch.cuda.empty_cache()
                continue
            for i, each in zip(chosen, found, strict=True):
                del waiting[i]
                yield i, each

    def encoded(self, parts: Sequence[Part], following: int = 0) -> BatchFeature:
        """The inputs of one prompt, within the limits of the row, and of the context with ``following`` more tokens.

        Raises:
            TooLongError: it is longer, and the row asks for no fewer frames.
        """
        encoded = self._fitted(parts, following)[0]
        return encoded.pixels or encoded.prepare()

    def _fitted(self, parts: Sequence[Part], following: int) -> tuple[Encoded, int]:
        """A prompt as :meth:`encoded`, and how many frames are shown."""
        made: dict[int, Encoded] = {}

        def tokens(frames: int) -> int:
            shown = limited(parts, frames, self.pixels)
            made[frames] = self.encoder(shown)
            return made[frames].inputs["input_ids"].shape[1] + following

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

    def _batch(self, prompts: list[Encoded], rows: int, length: int) -> Batch:
        """Prompts as a batch of a shape; one alone as it is. Frames are seen, so features stand for pixels."""
        seen = self.vision.features(prompts)
        filled = [*range(len(prompts)), *[len(prompts) - 1] * (rows - len(prompts))]
        texts = [prompts[i].inputs for i in filled]
        inputs = stack(texts, self.pad, length if rows > 1 else 0, self.reader.pads_right).to(device())
        outputs = as_encoder_outputs([seen[i] for i in filled], any(name.endswith("grid_thw") for name in inputs))
        return Batch(inputs, outputs, len(prompts))
