"""Indices that the indexer of the package infini-gram builds of texts."""

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers
from transformers import PreTrainedTokenizerFast


def build(folder: Path, texts: Sequence[str], tokenizer: Tokenizer | None = None, *options: str) -> Path:
    """An index of texts, one a document, by ``python -m infini_gram.indexing``.

    The indexer knows tokenizers by names of a hub alone. One that lies under such a name in the folder where it is
    started is taken from there.

    Returns:
        The folder of the index.
    """
    (folder / "texts").mkdir(parents=True)
    lines = (json.dumps({"text": text}) + "\n" for text in texts)
    (folder / "texts/all.jsonl").write_text("".join(lines))
    dtype = "u16" if tokenizer else "u8"
    if tokenizer:
        PreTrainedTokenizerFast(tokenizer_object=tokenizer).save_pretrained(folder / "gpt2")
        options = (*options, "--tokenizer", "gpt2")
    command = [sys.executable, "-m", "infini_gram.indexing", "--data_dir", folder / "texts", "--save_dir",
               folder / "index", "--token_dtype", dtype, "--cpus", "1", "--mem", "1", "--ulimit", "1024"]  # fmt: skip
    done = subprocess.run([*command, *options], cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-1000:] + done.stderr[-2000:]
    return folder / "index"


def bytes_tokenizer(texts: Sequence[str], tokens: int) -> Tokenizer:
    """A BPE tokenizer like GPT-2's, trained on texts."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    special = ["<|endoftext|>"]
    trainer = trainers.BpeTrainer(
        vocab_size=tokens, initial_alphabet=alphabet, special_tokens=special, show_progress=False
    )
    tokenizer.train_from_iterator(texts, trainer)
    return tokenizer


def metaspace_tokenizer(texts: Sequence[str], tokens: int) -> Tokenizer:
    """A BPE tokenizer like Llama 2's, trained on texts: a space is ▁, a rare character is written by its bytes."""
    tokenizer = Tokenizer(models.BPE(byte_fallback=True, unk_token="<unk>"))
    tokenizer.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    tokenizer.decoder = decoders.Sequence([decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse()])
    special = ["<unk>", "<s>", "</s>", *(f"<0x{byte:02X}>" for byte in range(256))]
    trainer = trainers.BpeTrainer(vocab_size=tokens, limit_alphabet=90, special_tokens=special, show_progress=False)
    tokenizer.train_from_iterator(texts, trainer)
    return tokenizer
