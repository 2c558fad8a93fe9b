"""Resampling of clusters of clips, shared by all conditions that answer the same clips."""

import numpy as np

from emovlm.core.hashing import rng


def bootstrap_weights(clusters: list[str], n_resamples: int, seed: int) -> np.ndarray:
    """How often each resample draws each cluster: integers of shape (n_resamples, len(clusters)).

    The draws depend only on the seed and the clusters' names, so that conditions on the same clips get the same
    resamples and their differences are paired.
    """
    n = len(clusters)
    return rng(seed, "bootstrap", *clusters).multinomial(n, np.full(n, 1 / n), size=n_resamples)


def flips(clusters: list[str], n_resamples: int, seed: int) -> np.ndarray:
    """Which clusters swap their two answers in each permutation: 0 or 1 of shape (n_resamples, len(clusters))."""
    return rng(seed, "flips", *clusters).integers(0, 2, size=(n_resamples, len(clusters)))


def resample(counts: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Counts of each resample, (n_resamples, R, K, K + 1): those of the clusters times weights (n_resamples, clusters).

    Clusters are drawn, training runs are not: a resample holds the same people in every run.
    """
    flat = weights.astype(float) @ counts.reshape(len(counts), -1).astype(float)
    return flat.reshape(len(weights), *counts.shape[1:])


def percentile_interval(values: np.ndarray, confidence: float) -> tuple[np.ndarray, np.ndarray]:
    """Percentile bootstrap interval over the first axis; undefined resamples (nan) are left out.

    Percentile rather than BCa: the acceleration of BCa breaks down where a class is never recognised (F1 of 0).
    """
    tail = (1 - confidence) / 2
    low, high = np.nanquantile(values, [tail, 1 - tail], axis=0)
    return low, high
