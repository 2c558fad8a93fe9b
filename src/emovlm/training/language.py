"""The organism learns language: captions of rendered faces, on a frozen tower."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from emovlm.models.torch_setup import torch  # isort: skip
import pandas as pd
from torch.nn import functional
from transformers import AutoModel, FastVlmForConditionalGeneration, LlavaProcessor
from transformers.modeling_outputs import BaseModelOutputWithPooling

from emovlm.core.errors import StudyError
from emovlm.core.hashing import rng
from emovlm.models.organism.build import build_model, build_processor, save
from emovlm.models.vlm.context import context_length
from emovlm.training.captions import vocabulary
from emovlm.training.features import Features
from emovlm.training.loop import train

IGNORE = -100  # label of tokens that do not count in the loss
PARTS = 3  # of a batch: a third of its tokens would be padding otherwise, and more parts cost more than they save


def encode(captions: pd.DataFrame, processor: LlavaProcessor, cells: int) -> list[tuple[torch.Tensor, int]]:
    """Token ids of each sample (image tokens repeated ``cells`` times, end token last) and the answer's start."""
    tokenizer = processor.tokenizer
    encoded = []
    for prompt, answer in zip(captions["prompt"], captions["answer"], strict=True):
        asked = tokenizer(prompt.replace("<image>", "<image>" * cells), add_special_tokens=False)["input_ids"]
        told = tokenizer(answer, add_special_tokens=False)["input_ids"]
        encoded.append((torch.tensor([*asked, *told, tokenizer.eos_token_id]), len(asked)))
    return encoded


def train_language(
    model: FastVlmForConditionalGeneration, processor: LlavaProcessor, captions: pd.DataFrame, features: Features,
    params: dict[str, Any], seed: int, what: str,
) -> pd.DataFrame:  # fmt: skip
    """Fit all parameters that require a gradient, in place; the tower must not.

    Args:
        captions: columns clip_id, frames, prompt, answer of ``CAPTIONS``, in training order.
        features: of the clips' frames.
        params: ``epochs``, ``batch``, ``learning_rate``.
        seed: of the order of batches.
        what: the work, for the progress report.

    Returns:
        The training log (step, mean loss since the last row).

    Raises:
        StudyError: a sample is longer than the model's context.
    """
    cells = features.of(captions["clip_id"].iloc[0], captions["frames"].iloc[0]).shape[1]
    samples = encode(captions, processor, cells)
    _check_lengths(captions, samples, context_length(model.config))
    image = model.config.image_token_id
    shown_until = [int(torch.nonzero(ids == image)[-1]) for ids, _ in samples]
    batches = [b for epoch in range(params["epochs"]) for b in _batches(shown_until, params["batch"], seed, epoch)]

    def loss_of(batch: list[int]) -> torch.Tensor:
        told = sum(len(samples[i][0]) - samples[i][1] for i in batch)
        loss = torch.zeros(())
        for part in _parts(batch, samples):
            shown = torch.cat([features.of(captions["clip_id"].iat[i], captions["frames"].iat[i]) for i in part])
            chosen = [samples[i] for i in part]
            share = sum(len(ids) - start for ids, start in chosen) / told
            loss = loss + share * _loss(model, chosen, shown, processor.tokenizer.pad_token_id)
        return loss

    return train(model, batches, len(batches), loss_of, params["learning_rate"], what)


def _check_lengths(captions: pd.DataFrame, samples: list[tuple[torch.Tensor, int]], context: int) -> None:
    tokens, clip = max(zip((len(ids) for ids, _ in samples), captions["clip_id"], strict=True))
    if tokens > context:
        raise StudyError(
            f"clip {clip}: prompt and answer take {tokens} tokens, and the model's context is {context}; show fewer "
            "frames in training"
        )


def pretrain_organism(
    tower: str | Path, captions: pd.DataFrame, features: Features, prompts: Iterable[str], params: dict[str, Any],
    folder: str | Path,
) -> pd.DataFrame:  # fmt: skip
    """Build the organism around a trained tower, teach it language, and save it.

    Args:
        tower: folder of the tower.
        captions: ``CAPTIONS`` of one variant.
        features: of the pretraining clips' frames, by this tower.
        prompts: the texts that the organism will be asked; their words join its vocabulary.
        params: ``tower``, ``language``, ``classes``, ``image_size``, ``seed``.
        folder: where ``save_pretrained`` writes.

    Returns:
        The training log.
    """
    processor = build_processor(vocabulary(params["classes"], prompts), params["image_size"])
    model = build_model(params, processor, params["seed"])
    model.model.vision_tower.load_state_dict(AutoModel.from_pretrained(tower).state_dict())
    model.model.vision_tower.requires_grad_(False)
    torch.manual_seed(params["seed"])
    log = train_language(model, processor, captions, features, params["language"], params["seed"], "pretrain organism")
    save(model, processor, folder)
    return log


def _batches(shown_until: list[int], size: int, seed: int, epoch: int) -> list[list[int]]:
    """Batches of samples whose last image stands at about the same token (padding is wasted work), in random order.

    Whole lengths would pad a little less, but depend on what a caption names: both variants of the intervention
    must see the same batches.
    """
    order = rng(seed, "batches", epoch).permutation(len(shown_until))
    batches = []
    for start in range(0, len(order), 32 * size):
        near = sorted(order[start : start + 32 * size], key=lambda i: shown_until[i])
        batches += [near[i : i + size] for i in range(0, len(near), size)]
    return [batches[i] for i in rng(seed, "batch order", epoch).permutation(len(batches))]


def _parts(batch: list[int], samples: list[tuple[torch.Tensor, int]]) -> list[list[int]]:
    """The samples of a batch in parts of about equal length, which are computed one after another with less padding.

    The batch stays the same in all variants, and so does its loss but for rounding.
    """
    ordered = sorted(batch, key=lambda i: len(samples[i][0]))
    size = -(-len(ordered) // PARTS)
    return [ordered[i : i + size] for i in range(0, len(ordered), size)]


def _loss(
    model: FastVlmForConditionalGeneration, batch: list[tuple[torch.Tensor, int]], shown: torch.Tensor, pad: int
) -> torch.Tensor:
    longest = max(len(ids) for ids, _ in batch)
    ids = torch.stack([functional.pad(t, (0, longest - len(t)), value=pad) for t, _ in batch])
    labels = ids.clone()
    mask = torch.zeros_like(ids)
    for row, (tokens, start) in enumerate(batch):
        labels[row, :start] = IGNORE
        labels[row, len(tokens) :] = IGNORE
        mask[row, : len(tokens)] = 1
    seen = BaseModelOutputWithPooling(pooler_output=model.model.multi_modal_projector(shown))
    return model(input_ids=ids, attention_mask=mask, labels=labels, mm_encoder_outputs={"image": seen}).loss
