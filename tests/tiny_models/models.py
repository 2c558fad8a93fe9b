"""A tiny model with random weights for each family: its real classes, configuration, processor and token layout.

Sizes are a few thousandths of the real ones; every structure that the study's code meets is there (windows and M-RoPE
of the Qwen models, deepstack, pooled videos, tiles that are not asked for). Each is made in about a second, without a
network, and weighs less than a megabyte.
"""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from emovlm.models.torch_setup import torch  # isort: skip
import transformers as hf
from safetensors.torch import load_file, save_file

from tests.tiny_models import templates, tokenizers

WIDTH, LAYERS, HEADS = 32, 2, 4
SIDE, PATCH = 56, 14  # pixels of a frame, for the families whose weights fix them, and of a patch
Made = tuple[hf.PreTrainedModel, hf.ProcessorMixin]


def _text(tokenizer: Any, **more: Any) -> dict[str, Any]:
    """A small language model over the tokenizer's words."""
    return {
        "vocab_size": len(tokenizer), "hidden_size": WIDTH, "intermediate_size": 2 * WIDTH, "num_hidden_layers": LAYERS,
        "num_attention_heads": HEADS, "num_key_value_heads": 2, "max_position_embeddings": 4096,
        "bos_token_id": tokenizer.bos_token_id, "eos_token_id": tokenizer.eos_token_id,
        "pad_token_id": tokenizer.pad_token_id, "initializer_range": 0.3, **more,
    }  # fmt: skip


def _mrope(**more: Any) -> dict[str, Any]:
    """Positions in time, height and width, as the real models share a head's width among them (16:24:24)."""
    return {"rope_type": "default", "rope_theta": 1e6, "mrope_section": [2, 1, 1], **more}


def _patches(**more: Any) -> dict[str, Any]:
    """A small vision tower of the Qwen kind, whose frames may have any size."""
    return {
        "depth": 2, "hidden_size": WIDTH, "intermediate_size": 2 * WIDTH, "num_heads": 2, "out_hidden_size": WIDTH,
        "initializer_range": 0.3, **more,
    }  # fmt: skip


def _tower(**more: Any) -> dict[str, Any]:
    """A small vision tower that takes frames of one size."""
    return {
        "hidden_size": WIDTH, "intermediate_size": 2 * WIDTH, "num_hidden_layers": LAYERS, "num_attention_heads": 2,
        "image_size": SIDE, "patch_size": PATCH, **more,
    }  # fmt: skip


def _ids(tokenizer: Any, **tokens: str) -> dict[str, int]:
    return {name: tokenizer.convert_tokens_to_ids(token) for name, token in tokens.items()}


def _pixels(least: int, most: int) -> dict[str, int]:
    return {"shortest_edge": least, "longest_edge": most}


def qwen2_5_vl() -> Made:
    tokenizer = tokenizers.qwen(tokenizers.QWEN_VISION)
    size = _pixels(56 * 56, 28 * 28 * 16384)
    processor = hf.Qwen2_5_VLProcessor(
        hf.Qwen2VLImageProcessor(size=size), tokenizer, hf.Qwen2VLVideoProcessor(size=size),
        chat_template=templates.QWEN2_5_VL,
    )  # fmt: skip
    config = hf.Qwen2_5_VLConfig(
        text_config=_text(tokenizer, rope_parameters=_mrope()),
        vision_config=_patches(fullatt_block_indexes=[1], window_size=56, tokens_per_second=2),
        **_ids(tokenizer, image_token_id="<|image_pad|>", video_token_id="<|video_pad|>",
               vision_start_token_id="<|vision_start|>", vision_end_token_id="<|vision_end|>"),
    )  # fmt: skip
    return hf.Qwen2_5_VLForConditionalGeneration(config), processor


def qwen3_vl() -> Made:
    tokenizer = tokenizers.qwen(tokenizers.QWEN_VISION)
    processor = hf.Qwen3VLProcessor(
        hf.Qwen2VLImageProcessor(patch_size=16, size=_pixels(64 * 64, 4096 * 4096)), tokenizer,
        hf.Qwen3VLVideoProcessor(size=_pixels(64 * 64, 32 * 32 * 24576)), chat_template=templates.QWEN3_VL,
    )  # fmt: skip
    config = hf.Qwen3VLConfig(
        text_config=_text(tokenizer, head_dim=8, rope_parameters=_mrope(mrope_interleaved=True)),
        vision_config=_patches(num_position_embeddings=64, deepstack_visual_indexes=[0, 1]),
        **_ids(tokenizer, image_token_id="<|image_pad|>", video_token_id="<|video_pad|>",
               vision_start_token_id="<|vision_start|>", vision_end_token_id="<|vision_end|>"),
    )  # fmt: skip
    return hf.Qwen3VLForConditionalGeneration(config), processor


def qwen2_5_omni() -> Made:
    """The whole model without its voice; the study loads its thinker."""
    named = {
        "image_token": "<|IMAGE|>", "audio_token": "<|AUDIO|>", "video_token": "<|VIDEO|>",
        "vision_bos_token": "<|vision_bos|>", "vision_eos_token": "<|vision_eos|>",
        "audio_bos_token": "<|audio_bos|>", "audio_eos_token": "<|audio_eos|>",
    }  # fmt: skip
    tokenizer = tokenizers.qwen(tokenizers.OMNI, named)
    size = _pixels(56 * 56, 28 * 28 * 16384)
    processor = hf.Qwen2_5OmniProcessor(
        hf.Qwen2VLImageProcessor(size=size), hf.Qwen2VLVideoProcessor(size=size),
        hf.WhisperFeatureExtractor(feature_size=128, chunk_length=300), tokenizer, chat_template=templates.QWEN2_5_OMNI,
    )  # fmt: skip
    thinker = {
        "text_config": _text(tokenizer, rope_parameters=_mrope(), tie_word_embeddings=False),
        "vision_config": _patches(fullatt_block_indexes=[1], window_size=56),
        "audio_config": {"d_model": WIDTH, "encoder_layers": 1, "encoder_attention_heads": 2, "output_dim": WIDTH,
                         "encoder_ffn_dim": 2 * WIDTH, "max_source_positions": 50},
        **_ids(tokenizer, image_token_index="<|IMAGE|>", video_token_index="<|VIDEO|>", audio_token_index="<|AUDIO|>",
               vision_start_token_id="<|vision_bos|>", vision_end_token_id="<|vision_eos|>",
               audio_start_token_id="<|audio_bos|>", audio_end_token_id="<|audio_eos|>"),
    }  # fmt: skip
    config = hf.Qwen2_5OmniConfig(thinker_config=thinker, enable_audio_output=False)
    return hf.Qwen2_5OmniForConditionalGeneration(config), processor


def internvl() -> Made:
    named = {"start_image_token": "<img>", "end_image_token": "</img>", "context_image_token": "<IMG_CONTEXT>",
             "video_token": "<video>"}  # fmt: skip
    tokenizer = tokenizers.qwen([], named)
    side = {"height": SIDE, "width": SIDE}
    length = (SIDE // PATCH // 2) ** 2
    processor = hf.InternVLProcessor(
        hf.GotOcr2ImageProcessor(size=side, crop_to_patches=False), tokenizer, hf.InternVLVideoProcessor(size=side),
        image_seq_length=length, chat_template=templates.INTERNVL,
    )  # fmt: skip
    config = hf.InternVLConfig(
        text_config={"model_type": "qwen2", **_text(tokenizer)},
        vision_config=_tower(initializer_range=0.3), image_seq_length=length, tie_word_embeddings=False,
        **_ids(tokenizer, image_token_id="<IMG_CONTEXT>"),
    )  # fmt: skip
    return hf.InternVLForConditionalGeneration(config), processor


def _clip(**more: Any) -> dict[str, Any]:
    return {"model_type": "clip_vision_model", **_tower(projection_dim=WIDTH, initializer_factor=5.0, **more)}


def video_llava() -> Made:
    tokenizer = tokenizers.llama()
    size = {"size": {"shortest_edge": SIDE}, "crop_size": {"height": SIDE, "width": SIDE}}
    processor = hf.VideoLlavaProcessor(
        hf.VideoLlavaImageProcessor(**size), hf.VideoLlavaVideoProcessor(**size), tokenizer, patch_size=PATCH,
        vision_feature_select_strategy="default", num_additional_image_tokens=1, chat_template=templates.VICUNA,
    )  # fmt: skip
    config = hf.VideoLlavaConfig(
        text_config={"model_type": "llama", **_text(tokenizer)}, vision_config=_clip(),
        **_ids(tokenizer, image_token_index="<image>", video_token_index="<video>"),
    )  # fmt: skip
    return hf.VideoLlavaForConditionalGeneration(config), processor


def llava_next_video() -> Made:
    tokenizer = tokenizers.llama()
    size = {"size": {"shortest_edge": SIDE}, "crop_size": {"height": SIDE, "width": SIDE}}
    grid = [[SIDE, 2 * SIDE], [2 * SIDE, SIDE], [2 * SIDE, 2 * SIDE]]
    processor = hf.LlavaNextVideoProcessor(
        hf.LlavaNextVideoVideoProcessor(**size), hf.LlavaNextImageProcessor(**size, image_grid_pinpoints=grid),
        tokenizer, patch_size=PATCH, vision_feature_select_strategy="default", num_additional_image_tokens=1,
        chat_template=templates.VICUNA,
    )  # fmt: skip
    config = hf.LlavaNextVideoConfig(
        text_config={"model_type": "llama", **_text(tokenizer)}, vision_config=_clip(), image_grid_pinpoints=grid,
        **_ids(tokenizer, image_token_index="<image>", video_token_index="<video>"),
    )  # fmt: skip
    return hf.LlavaNextVideoForConditionalGeneration(config), processor


def llava_onevision() -> Made:
    tokenizer = tokenizers.qwen(["<image>", "<video>"])
    side = {"height": SIDE, "width": SIDE}
    grid = [[SIDE, SIDE], [SIDE, 2 * SIDE], [2 * SIDE, SIDE], [2 * SIDE, 2 * SIDE]]
    processor = hf.LlavaOnevisionProcessor(
        hf.LlavaOnevisionImageProcessor(size=side, image_grid_pinpoints=grid), tokenizer,
        hf.LlavaOnevisionVideoProcessor(size=side), num_image_tokens=(SIDE // PATCH) ** 2,
        vision_feature_select_strategy="full", chat_template=templates.LLAVA_ONEVISION,
    )  # fmt: skip
    config = hf.LlavaOnevisionConfig(
        text_config={"model_type": "qwen2", **_text(tokenizer)},
        vision_config={"model_type": "siglip_vision_model", "vision_use_head": False, **_tower()},
        image_grid_pinpoints=grid, **_ids(tokenizer, image_token_index="<image>", video_token_index="<video>"),
    )  # fmt: skip
    return hf.LlavaOnevisionForConditionalGeneration(config), processor


def smolvlm() -> Made:
    tokenizer = tokenizers.smol()
    edges = {"size": {"longest_edge": 4 * SIDE}, "max_image_size": {"longest_edge": SIDE}}
    video = hf.SmolVLMVideoProcessor(
        **{**edges, "size": {"longest_edge": SIDE}}, fps=1, num_frames=64,
        video_sampling={"fps": 1, "max_frames": 64, "video_size": {"longest_edge": SIDE}},
    )  # fmt: skip
    processor = hf.SmolVLMProcessor(
        hf.SmolVLMImageProcessor(**edges), tokenizer, video, image_seq_len=(SIDE // PATCH // 2) ** 2,
        chat_template=templates.SMOLVLM,
    )  # fmt: skip
    config = hf.SmolVLMConfig(
        text_config={"model_type": "llama", **_text(tokenizer)}, vision_config=_tower(initializer_range=0.3),
        scale_factor=2, **_ids(tokenizer, image_token_id="<image>"),
    )  # fmt: skip
    return hf.SmolVLMForConditionalGeneration(config), processor


MODELS: dict[str, Callable[[], Made]] = {
    "qwen2.5-vl": qwen2_5_vl,
    "qwen2.5-omni": qwen2_5_omni,
    "qwen3-vl": qwen3_vl,
    "video-llava": video_llava,
    "llava-next-video": llava_next_video,
    "internvl": internvl,
    "smolvlm": smolvlm,
    "llava-onevision": llava_onevision,
}
"""Family -> its tiny model and processor."""


# Towers of CLIP and SigLIP have their own name within a tower in the published files, and no longer in the classes.
PUBLISHED = {
    "video-llava": r"^(image_tower|video_tower)\.",
    "llava-next-video": r"^(vision_tower)\.",
    "llava-onevision": r"^(vision_tower)\.",
}


def save_tiny(family: str, folder: str | Path, seed: int = 0) -> None:
    """Save the tiny model of a family, its weights named as in the published checkpoints, and its processor.

    The seed fixes the weights.
    """
    torch.manual_seed(seed)
    model, processor = MODELS[family]()
    model.save_pretrained(folder)
    processor.save_pretrained(folder)
    if family in PUBLISHED:
        path = Path(folder, "model.safetensors")
        weights = load_file(path)
        names = {name: re.sub(PUBLISHED[family], r"\1.vision_model.", name) for name in weights}
        save_file({names[name]: tensor for name, tensor in weights.items()}, path, {"format": "pt"})
