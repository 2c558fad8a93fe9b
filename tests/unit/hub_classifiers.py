"""Clips and rows for the tests of classifiers from the hub."""

import numpy as np
from PIL import Image
from tests.tiny_models.classifiers import IMAGE_CLASSIFIERS

from emovlm.lexicon.terms import read_classes, read_terms
from emovlm.models.base import Frame
from emovlm.models.hub_classifier.labels import label_settings

OF_CLASS = {"anger": "angry", "happiness": "Happy", "neutral": "neutral", "sadness": "sad", "surprise": "surprise"}
CLASSES = list(OF_CLASS)


def row_of(architecture, **columns):
    family = "image-classification" if architecture in IMAGE_CLASSIFIERS else "video-classification"
    row = {"system": "tiny", "kind": "vision", "training": "none", "family": family, **columns}
    return row | label_settings(row, read_classes(), read_terms())


def frames(n, height=50, width=64, seed=0):
    """Frames that differ much, and smooth enough that resizing leaves something of them."""
    coarse = np.random.default_rng(seed).integers(0, 256, (n, 5, 5, 3), dtype=np.uint8)
    sizes = ((width, height), Image.Resampling.BILINEAR)
    return [Frame(np.asarray(Image.fromarray(c).resize(*sizes)), i / 5) for i, c in enumerate(coarse)]
