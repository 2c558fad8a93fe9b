"""The organism: a small FastVLM, built from scratch and saved like any hub model.

A convolutional vision tower (timm), a two-layer projector and a small Qwen2 language model, in the
standard class ``FastVlmForConditionalGeneration``; processor and tokenizer are standard too, so that
``AutoProcessor`` and ``AutoModelForImageTextToText`` load it by the path that 7B weights take.
"""

from pathlib import Path
from typing import Any

from emovlm.models.torch_setup import torch  # isort: skip
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers
from transformers import (
    CLIPImageProcessor,
    FastVlmConfig,
    FastVlmForConditionalGeneration,
    LlavaProcessor,
    PreTrainedTokenizerFast,
)

from emovlm.models.organism.pixels import MEAN, SPREAD
from emovlm.models.organism.template import END

IMAGE, PAD, UNKNOWN = "<image>", "<pad>", "<unknown>"
STRIDE = 32  # pixels a side of one visual token: the tower's total stride
CHAT_TEMPLATE = (
    "{% for message in messages %}{% for part in message['content'] %}"
    "{% if part['type'] == 'image' %}" + IMAGE + "{% else %} {{ part['text'] }} {% endif %}"
    "{% endfor %}{% endfor %}{% if add_generation_prompt %} answer : {% endif %}"
)


def build_tokenizer(words: list[str]) -> PreTrainedTokenizerFast:
    """A word-level tokenizer over ``words`` (lower case, punctuation split off)."""
    vocabulary = {word: i for i, word in enumerate([PAD, END, UNKNOWN, IMAGE, *sorted(set(words))])}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token=UNKNOWN))
    tokenizer.normalizer = normalizers.Lowercase()
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.decoder = decoders.WordPiece(prefix="##", cleanup=False)
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, pad_token=PAD, eos_token=END, unk_token=UNKNOWN,
        extra_special_tokens={"image_token": IMAGE}, padding_side="left",
    )  # fmt: skip


def build_processor(words: list[str], image_size: int) -> LlavaProcessor:
    """Processor for square frames of ``image_size`` pixels: no crop, no resize beyond that size."""
    side = {"height": image_size, "width": image_size}
    images = CLIPImageProcessor(
        do_resize=True, size=side, do_center_crop=False, crop_size=side, do_convert_rgb=True,
        image_mean=[MEAN] * 3, image_std=[SPREAD] * 3,
    )  # fmt: skip
    return LlavaProcessor(
        image_processor=images, tokenizer=build_tokenizer(words), patch_size=STRIDE,
        vision_feature_select_strategy="full", chat_template=CHAT_TEMPLATE,
    )  # fmt: skip


def build_model(params: dict[str, Any], processor: LlavaProcessor, seed: int) -> FastVlmForConditionalGeneration:
    """A FastVLM with random weights.

    Args:
        params: ``config.organism``: ``tower`` (timm ``architecture``, its ``arguments`` and
            ``channels``) and ``language`` (``hidden_size``, ``layers``, ``heads``).
        processor: from :func:`build_processor`; fixes the vocabulary.
        seed: of the weights.
    """
    torch.manual_seed(seed)
    tower, language = params["tower"], params["language"]
    tokenizer = processor.tokenizer
    config = FastVlmConfig(
        vision_config={
            "model_type": "timm_wrapper", "architecture": tower["architecture"], "do_pooling": False,
            "num_classes": 0, "hidden_size": tower["channels"], "model_args": tower.get("arguments", {}),
        },
        text_config={
            "model_type": "qwen2", "vocab_size": len(tokenizer), "hidden_size": language["hidden_size"],
            "intermediate_size": 3 * language["hidden_size"], "num_hidden_layers": language["layers"],
            "num_attention_heads": language["heads"], "num_key_value_heads": language["heads"],
            "max_position_embeddings": 4096, "initializer_range": 0.05, "tie_word_embeddings": True,
            "pad_token_id": tokenizer.pad_token_id, "eos_token_id": tokenizer.eos_token_id, "bos_token_id": None,
        },
        image_token_index=tokenizer.convert_tokens_to_ids(IMAGE),
        tie_word_embeddings=True,
    )  # fmt: skip
    return FastVlmForConditionalGeneration(config)


def save(model: FastVlmForConditionalGeneration, processor: LlavaProcessor, folder: str | Path) -> None:
    """``save_pretrained`` of model and processor into ``folder``."""
    model.save_pretrained(folder)
    processor.save_pretrained(folder)
