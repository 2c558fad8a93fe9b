"""Small tokenizers of the kinds that the families use, trained offline on a few sentences.

The special tokens have the names that the families' own have; the numbers differ.
"""

import json

from tokenizers import Tokenizer, models, pre_tokenizers, trainers
from transformers import LlamaTokenizer, Qwen2Tokenizer
from transformers.models.gpt2.tokenization_gpt2 import GPT2Tokenizer

SENTENCES = [
    "Which emotion does the person show? Answer with one word of: anger, disgust, fear, happiness, neutral, sadness,",
    "surprise, contempt, anxiety, helplessness, disappointment. The person is happy, sad, angry or neutral.",
    "Describe how the face moves. The brows are raised and lowered, the lips parted, the jaw drops, the eyes close.",
    "more lips parted , less brows lowered . nothing changes . face at rest . inner brows raised , cheeks lifted .",
    "system user assistant USER: ASSISTANT: User: Assistant: You are a helpful assistant. Frame1: Frame2: seconds",
]
VOCABULARY = 420
QWEN = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
QWEN_VISION = ["<|vision_start|>", "<|vision_end|>", "<|vision_pad|>", "<|image_pad|>", "<|video_pad|>"]
OMNI = ["<|AUDIO|>", "<|audio_bos|>", "<|audio_eos|>", "<|IMAGE|>", "<|VIDEO|>", "<|vision_bos|>", "<|vision_eos|>"]


def _trained(pre_tokenizer: pre_tokenizers.PreTokenizer, first: list[str], alphabet: list[str]) -> tuple[dict, list]:
    """Vocabulary and merges of byte pair encoding."""
    tokenizer = Tokenizer(models.BPE(byte_fallback=True))
    tokenizer.pre_tokenizer = pre_tokenizer
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY, special_tokens=first, initial_alphabet=alphabet, show_progress=False
    )
    tokenizer.train_from_iterator(SENTENCES, trainer)
    trained = json.loads(tokenizer.to_str())["model"]
    return trained["vocab"], [tuple(merge) for merge in trained["merges"]]


def _bytes() -> tuple[dict, list]:
    return _trained(
        pre_tokenizers.ByteLevel(add_prefix_space=False), ["<|endoftext|>"], sorted(pre_tokenizers.ByteLevel.alphabet())
    )


def qwen(more: list[str], named: dict[str, str] | None = None) -> Qwen2Tokenizer:
    """Byte-level, as Qwen2: Qwen-VL, Qwen-Omni, InternVL3, LLaVA-OneVision.

    Args:
        more: special tokens beside those of the chat.
        named: those that the tokenizer knows by an attribute.
    """
    vocabulary, merges = _bytes()
    tokenizer = Qwen2Tokenizer(
        vocab=vocabulary, merges=merges, eos_token="<|im_end|>", pad_token="<|endoftext|>",
        extra_special_tokens=named or {},
    )  # fmt: skip
    tokenizer.add_tokens([*QWEN, *more], special_tokens=True)
    return tokenizer


def smol() -> GPT2Tokenizer:
    """Byte-level, as SmolLM2: every word but the first has its space in front."""
    vocabulary, merges = _bytes()
    named = {
        "fake_image_token": "<fake_token_around_image>", "image_token": "<image>",
        "end_of_utterance_token": "<end_of_utterance>", "global_image_token": "<global-img>",
    }  # fmt: skip
    tokenizer = GPT2Tokenizer(
        vocab=vocabulary, merges=merges, bos_token="<|im_start|>", eos_token="<end_of_utterance>",
        unk_token="<|endoftext|>", pad_token="<|im_end|>", extra_special_tokens=named,
    )  # fmt: skip
    return tokenizer


def llama() -> LlamaTokenizer:
    """Words with a mark for the space in front, and bytes for unknown characters, as Llama 2 and Vicuna."""
    first = ["<unk>", "<s>", "</s>", *(f"<0x{byte:02X}>" for byte in range(256))]
    metaspace = pre_tokenizers.Metaspace(replacement="▁", prepend_scheme="always", split=True)
    vocabulary, merges = _trained(metaspace, first, [])
    tokenizer = LlamaTokenizer(vocab=vocabulary, merges=merges, pad_token="<pad>", padding_side="left")
    tokenizer.add_tokens(["<image>", "<video>", "<pad>"], special_tokens=True)
    return tokenizer
