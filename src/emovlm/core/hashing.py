"""Content hashes, shard numbers and seeds: all stable across machines and Python versions."""

import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np


def sha256_bytes(data: bytes | memoryview) -> str:
    """Hex SHA-256 of ``data``."""
    return hashlib.sha256(data).hexdigest()


def sha256_file(path: str | Path) -> str:
    """Hex SHA-256 of a file's bytes, read in blocks."""
    with open(path, "rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def sha256_json(value: Any) -> str:
    """Hex SHA-256 of a JSON-like value, whatever the order of its keys."""
    return sha256_bytes(json.dumps(value, sort_keys=True, ensure_ascii=False).encode())


def shard_of(clip_id: str, n_shards: int) -> int:
    """The shard (0 .. n_shards - 1) a clip belongs to; depends on nothing but its id."""
    return int(sha256_bytes(clip_id.encode())[:12], 16) % n_shards


def seed_of(*parts: object) -> int:
    """A 63-bit seed from any values, so that each clip, step or resample draws independently."""
    return int(sha256_bytes("\x1f".join(map(str, parts)).encode())[:16], 16) >> 1


def rng(*parts: object) -> "np.random.Generator":
    """A numpy generator seeded by :func:`seed_of`."""
    import numpy as np  # takes longer than hashing does

    return np.random.default_rng(seed_of(*parts))
