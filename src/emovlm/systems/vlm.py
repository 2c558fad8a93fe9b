"""A vision-language model under test: loaded from a folder as from a hub, asked about frames and text.

Clips are answered one at a time, so that a clip's scores cannot depend on which others share its batch
or shard.
"""

import copy
from pathlib import Path

from emovlm.systems.torch_setup import device, torch  # isort: skip
from PIL import Image
from transformers import AutoModelForImageTextToText, AutoProcessor, BatchFeature

from emovlm.systems.reply import SCORE_DIGITS, Audio, Part, Reply


class VisionLanguageModel:
    """Model and processor of one system.

    Args:
        folder: what ``save_pretrained`` wrote, or the base system's folder where there is an adapter.
        adapter: folder of a LoRA adapter on top, if the system has one.
    """

    def __init__(self, folder: str | Path, adapter: str | Path | None = None):
        self.processor = AutoProcessor.from_pretrained(folder)
        model = AutoModelForImageTextToText.from_pretrained(folder)
        if adapter is not None:
            from peft import PeftModel

            model = PeftModel.from_pretrained(model, adapter).merge_and_unload()
        # Channels last: convolutional towers run faster on a CPU that way.
        self.model = model.to(device(), memory_format=torch.channels_last).eval()
        self.end = self.processor.tokenizer.eos_token_id

    def answer(self, parts: list[Part], classes: list[str], max_new_tokens: int) -> Reply:
        """Likelihood of each class name as the answer to ``parts``, and the free reply.

        Args:
            parts: frames and texts in the order shown, the question last.
            classes: the labels to score.
            max_new_tokens: of the free reply.
        """
        with torch.inference_mode():
            inputs = self._inputs(parts)
            output = self.model(**inputs, use_cache=True, logits_to_keep=1)
            following = output.logits[0, -1].float().log_softmax(-1)
            scores = self._label_scores(classes, following, output.past_key_values)
            text = self._continue(following, output.past_key_values, max_new_tokens)
        return Reply(scores, text, inputs["input_ids"].shape[1])

    def say(self, parts: list[Part], max_new_tokens: int) -> str:
        """The free greedy reply to ``parts``."""
        with torch.inference_mode():
            output = self.model(**self._inputs(parts), use_cache=True, logits_to_keep=1)
            return self._continue(output.logits[0, -1], output.past_key_values, max_new_tokens)

    def _inputs(self, parts: list[Part]) -> BatchFeature:
        content = [
            {"type": "text", "text": part}
            if isinstance(part, str)
            else {"type": "image", "image": Image.fromarray(part.pixels)}
            for part in parts
            if not isinstance(part, Audio)  # these models do not hear
        ]
        inputs = self.processor.apply_chat_template(
            [{"role": "user", "content": content}],
            add_generation_prompt=True, tokenize=True, return_dict=True, return_tensors="pt",
        )  # fmt: skip
        inputs = inputs.to(device())
        if "pixel_values" in inputs and inputs["pixel_values"].ndim == 4:
            inputs["pixel_values"] = inputs["pixel_values"].contiguous(memory_format=torch.channels_last)
        return inputs

    def _label_scores(self, classes: list[str], following: torch.Tensor, cache: object) -> dict[str, float]:
        """Sum of the log-probabilities of each label's tokens after the prompt."""
        labels = [self.processor.tokenizer(c, add_special_tokens=False)["input_ids"] for c in classes]
        totals = [float(following[label[0]]) for label in labels]
        longest = max(map(len, labels))
        if longest > 1:
            branch = copy.deepcopy(cache)
            branch.batch_repeat_interleave(len(labels))
            padded = torch.tensor([label[:-1] + [self.end] * (longest - len(label)) for label in labels]).to(device())
            later = self.model(input_ids=padded, past_key_values=branch).logits.float().log_softmax(-1)
            for row, label in enumerate(labels):
                totals[row] += sum(float(later[row, i, token]) for i, token in enumerate(label[1:]))
        return {c: round(total, SCORE_DIGITS) for c, total in zip(classes, totals, strict=True)}

    def _continue(self, following: torch.Tensor, cache: object, max_new_tokens: int) -> str:
        """Greedy continuation after the prompt; consumes ``cache``."""
        said: list[int] = []
        token = int(following.argmax())
        while token != self.end and len(said) < max_new_tokens:
            said.append(token)
            if len(said) == max_new_tokens:
                break
            step = torch.tensor([[token]], device=device())
            token = int(self.model(input_ids=step, past_key_values=cache, use_cache=True).logits[0, -1].argmax())
        return self.processor.tokenizer.decode(said, skip_special_tokens=True)
