"""What a checkpoint's own generation configuration asks of a reply, sampling left out: ``repetition_penalty`` etc."""

import copy

from emovlm.models.torch_setup import torch  # isort: skip
from transformers import LogitsProcessorList, PreTrainedModel


class Rules:
    """Choose the next token of one reply as ``generate`` does with ``do_sample=False`` and ``num_beams=1``.

    The rules are the library's own, made from the model's generation configuration, so that none is forgotten. What
    belongs to sampling (``temperature``, ``top_p``, ``top_k``) has no part in a greedy reply.

    Args:
        prompt: tokens of the prompt, without padding [length].
        max_new_tokens: of the reply.
    """

    def __init__(self, model: PreTrainedModel, prompt: torch.Tensor, max_new_tokens: int):
        self.tokens = prompt
        config = copy.deepcopy(model.generation_config)
        config.do_sample, config.num_beams = False, 1
        config.max_length = len(prompt) + max_new_tokens
        model._prepare_special_tokens(config, device=prompt.device)
        self.processors: LogitsProcessorList = model._get_logits_processor(
            config, input_ids_seq_length=len(prompt), device=prompt.device, model_kwargs={}
        )

    def next(self, logits: torch.Tensor) -> int:
        """The best next token, by the logits [words] after the prompt and what was chosen before."""
        scores = self.processors(self.tokens[None], logits[None].clone()) if self.processors else logits
        token = scores.argmax()
        self.tokens = torch.cat([self.tokens, token[None]])
        return int(token)
