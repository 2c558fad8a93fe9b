"""Frame stores of tensors that are in memory."""

import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from emovlm.frames.store import StoreWriter


def write_store(tensors: Mapping[str, np.ndarray], path: str | Path) -> None:
    """Write clips that are in memory, tensors by clip id, as one store."""
    longest = max((tensor.shape for tensor in tensors.values()), key=lambda s: len(json.dumps(s)), default=())
    with StoreWriter(path, tensors, longest) as store:
        for clip_id in sorted(tensors):
            store.add(clip_id, tensors[clip_id])
