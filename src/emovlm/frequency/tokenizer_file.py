"""The file ``tokenizer.json`` of a BPE tokenizer: which bytes each token stands for, and whether an index has them."""

import json
import re
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from emovlm.core.errors import StudyError
from emovlm.frequency.index_files import Index

LOOKED_AT = 1 << 20  # tokens at the start of an index that are checked against its tokenizer
TOLERATED = 0.0002
"""Share of neighbours that the tokenizer would have joined. Of the index's own it was 0, of others 0.0019 and more."""
ONE_BYTE = re.compile("<0x([0-9A-F]{2})>")  # how tokenizers with ▁ write a token that is one byte


@dataclass(frozen=True)
class TokenizerFile:
    """The tokens of a tokenizer as bytes, by number, and the pairs that it joins to one."""

    tokens: list[bytes]
    joined: frozenset[tuple[int, int]]


def read_tokenizer(path: str | Path) -> TokenizerFile:
    """Read ``tokenizer.json``.

    Raises:
        StudyError: it is missing or not of a BPE tokenizer whose tokens stand for bytes (GPT-2 and those like it) or
            are written with ``▁`` for a space (Llama 2).
    """
    try:
        content = json.loads(Path(path).read_text(encoding="utf-8"))
        model = content["model"]
        numbers: dict[str, int] = model["vocab"]
        if model.get("type", "BPE") != "BPE" or not isinstance(numbers, dict):
            raise StudyError(f"{path}: a tokenizer of the type {model.get('type')}; only BPE can be counted")
        added = {each["id"]: each["content"].encode() for each in content.get("added_tokens") or ()}
        merges = [tuple(each.split(" ")) if isinstance(each, str) else tuple(each) for each in model["merges"]]
    except OSError as error:
        raise StudyError(f"{path}: the tokenizer cannot be read ({error.strerror})") from None
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise StudyError(
            f"{path}: not a tokenizer.json as the library tokenizers writes it ({type(error).__name__}: {error})"
        ) from None
    of_bytes = _has_type(content, "ByteLevel")
    if not of_bytes and not any("▁" in text for text in numbers):
        raise StudyError(f"{path}: its tokens are neither bytes (ByteLevel) nor written with ▁; it cannot be counted")
    letters = bytes_of_letters()
    tokens = [b""] * (max([*numbers.values(), *added]) + 1)
    for text, number in numbers.items():
        if of_bytes and number not in added:
            if strange := set(text) - letters.keys():
                raise StudyError(f"{path}: the token {text!r} has {min(strange)!r}, which stands for no byte")
            tokens[number] = bytes(letters[char] for char in text)
        elif byte := not of_bytes and ONE_BYTE.fullmatch(text):
            tokens[number] = bytes.fromhex(byte[1])
        else:
            tokens[number] = added.get(number, text.replace("▁", " ").encode())
    for number in added.keys() - {*numbers.values()}:
        tokens[number] = added[number]
    pairs = ((numbers[a], numbers[b]) for a, b in merges if a in numbers and b in numbers)
    return TokenizerFile(tokens, frozenset(pairs))


def check_tokens(tokenizer: TokenizerFile, index: Index, path: str | Path) -> None:
    """Is an index of a tokenizer's tokens?

    Its own tokenizer leaves no two tokens side by side that it joins to one, except white space, of which it makes
    words of their own.

    Raises:
        StudyError: the index has tokens that the tokenizer lacks, or many that it would have joined.
    """
    shard, tokens = index.shards[0], tokenizer.tokens
    if len(tokens) > index.between - 1:
        raise StudyError(
            f"{shard}: it has {8 * index.width} bits a token, too few for the {len(tokens):,} tokens of {path}; name "
            "the tokenizer that the index was built with"
        )
    data = np.memmap(shard, f"<u{index.width}", "r")[:LOOKED_AT]
    unknown = data[(data >= len(tokens)) & (data != index.between)]
    if len(unknown):
        raise StudyError(
            f"{shard}: it has a token {unknown[0]}, but {path} has {len(tokens):,}; name the tokenizer that the index "
            "was built with"
        )
    blank = {token for token, each in enumerate(tokens) if not each.strip()}
    numbers = data.tolist()
    wrong = [pair for pair in pairwise(numbers) if pair in tokenizer.joined and not blank.issuperset(pair)]
    if len(wrong) > TOLERATED * len(numbers):
        one, other = (tokens[token].decode(errors="replace") for token in wrong[0])
        raise StudyError(
            f"{shard}: its tokens are not those of {path}: {len(wrong):,} of the first {len(numbers):,} stand before "
            f"one that it would have joined with it ({one!r} and {other!r}); name the tokenizer that the index was "
            "built with (and build it with --version 4)"
        )


def bytes_of_letters() -> dict[str, int]:
    """The letters by which GPT-2's and other byte-level tokenizers write bytes: printable ones stand for themselves."""
    shown = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = [byte for byte in range(256) if byte not in shown]
    return {chr(byte): byte for byte in shown} | {chr(256 + k): byte for k, byte in enumerate(others)}


def _has_type(content: Any, name: str) -> bool:
    """Is there a part of a type anywhere in the file?"""
    if isinstance(content, dict):
        parts = (value for key, value in content.items() if key != "model")
        return content.get("type") == name or any(_has_type(part, name) for part in parts)
    return isinstance(content, list) and any(_has_type(part, name) for part in content)
