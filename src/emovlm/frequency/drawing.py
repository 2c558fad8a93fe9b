"""Draw occurrences of terms: by the hash of where each one is, so that neither blocks nor shards change the draw."""

import numpy as np

from emovlm.core.hashing import seed_of

GOLDEN, FIRST, SECOND = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)


def occurrence_keys(seed: int, term: str, file: str, documents: np.ndarray, numbers: np.ndarray) -> np.ndarray:
    """Keys of occurrences of one term in one file; those with the least ones are drawn.

    Args:
        documents: (occurrences,) number of the document in the file.
        numbers: (occurrences,) number of the occurrence among those of the term in the document.

    Returns:
        (occurrences,) int64, at least 0.
    """
    start = np.full(len(documents), seed_of(seed, "contexts", term, file), np.uint64)
    keys = _mixed(_mixed(start + documents.astype(np.uint64)) + numbers.astype(np.uint64))
    return (keys >> np.uint64(1)).astype(np.int64)


def _mixed(values: np.ndarray) -> np.ndarray:
    """Steele, Lea and Flood (2014), SplitMix64."""
    values = values + GOLDEN
    values = (values ^ (values >> np.uint64(30))) * FIRST
    values = (values ^ (values >> np.uint64(27))) * SECOND
    return values ^ (values >> np.uint64(31))
