"""The files of an infini-gram index, checked before its engine opens them: the engine ends the process at a bad one.

A folder holds one or more shards. Of each there are ``tokenized.<n>``, the tokens of all documents, each document
behind a token whose bits are all 1; ``table.<n>``, the suffix array; ``offset.<n>``, where documents begin. How many
bytes a token has is written nowhere, but follows from the sizes.
"""

import glob
import math
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from emovlm.core.errors import StudyError

KINDS = ("tokenized", "table", "offset")
LOOKED_AT = 1000  # documents of a shard of which the place is checked


@dataclass(frozen=True)
class Index:
    """Indices that are counted together.

    Attributes:
        folders: where they are.
        shards: their files of tokens.
        width: bytes of a token: 1 or 2.
        tokens: in all, with one for each document.
        documents: in all.
    """

    folders: tuple[str, ...]
    shards: tuple[Path, ...]
    width: int
    tokens: int
    documents: int

    @property
    def between(self) -> int:
        """The token in front of each document."""
        return 256**self.width - 1


def files_of_indices(patterns: Iterable[str]) -> list[str]:
    """The files of the indices in some folders, named or by patterns (``*``, ``?``, ``[...]``, ``**``), sorted.

    Raises:
        StudyError: there is no such folder, or no index in it.
    """
    found = set()
    for pattern in patterns:
        folders = [name for name in sorted(glob.glob(pattern, recursive=True)) if Path(name).is_dir()]
        if not folders:
            raise StudyError(f"{pattern}: no such folder; name those that hold an infini-gram index")
        of_pattern = {str(path) for folder in folders for kind in KINDS for path in Path(folder).glob(f"{kind}.*")}
        if not of_pattern:
            raise StudyError(
                f"{pattern}: no infini-gram index is there; it has files tokenized.0, table.0 and offset.0"
            )
        found |= of_pattern
    return sorted(found)


def open_index(files: Iterable[str | Path]) -> Index:
    """What some files of indices hold.

    Raises:
        StudyError: one is missing, cut off or of another index, or the indices have tokens of different widths.
    """
    shards = sorted({path.with_name(f"tokenized{path.suffix}") for path in map(Path, files)})
    found = [_shard(path) for path in shards]
    widths = {width: path for path, (width, *_) in zip(shards, found, strict=True)}
    if len(widths) != 1:
        says = ", ".join(f"{path} has {8 * width} bits a token" for width, path in widths.items())
        raise StudyError(f"the indices are not of one kind ({says}); give each kind a row of its own")
    folders = tuple(dict.fromkeys(str(path.parent) for path in shards))
    tokens, documents = (sum(each[k] for each in found) for k in (1, 2))
    return Index(folders, tuple(shards), *widths, tokens, documents)


def _shard(tokenized: Path) -> tuple[int, int, int]:
    """Bytes of a token, tokens and documents of a shard."""
    paths = [tokenized.with_name(f"{kind}{tokenized.suffix}") for kind in KINDS]
    if missing := [path.name for path in paths if not (path.is_file() and os.access(path, os.R_OK))]:
        raise StudyError(
            f"{tokenized.parent}: the index is not complete, {missing[0]} is missing or may not be read; copy it there"
        )
    size, table, offset = (path.stat().st_size for path in paths)
    if not size:
        raise StudyError(f"{tokenized}: it is empty; the index was not built to its end")
    pointer = math.ceil(math.log2(size) / 8)  # bytes, as the indexer has it
    width = next((w for w in (1, 2, 4) if size % w == 0 and size // w * pointer == table), None)
    if width == 4:
        raise StudyError(f"{tokenized}: it has 32 bits a token; indices of 8 (bytes) and 16 bits can be counted")
    if width is None:
        raise StudyError(
            f"{paths[1]}: its {table:,} bytes fit no {tokenized.name} of {size:,} bytes; one of them is cut off, or of "
            "another index: copy both again"
        )
    if not offset or offset % 8:
        raise StudyError(f"{paths[2]}: its {offset:,} bytes are not 8 a document; it is cut off: copy it again")
    _check_documents(tokenized, np.memmap(paths[2], np.uint64, "r"), width)
    return width, size // width, offset // 8


def _check_documents(tokenized: Path, offsets: Sequence[int], width: int) -> None:
    data = np.memmap(tokenized, np.uint8, "r")
    for document in np.unique(np.linspace(0, len(offsets) - 1, LOOKED_AT).astype(int)):
        at = int(offsets[document])
        if at + width > len(data) or (data[at : at + width] != 0xFF).any():
            raise StudyError(
                f"{tokenized}: document {document} does not begin where {tokenized.with_name('offset').name}"
                f"{tokenized.suffix} says; the files are damaged or of two indices: copy both again"
            )
