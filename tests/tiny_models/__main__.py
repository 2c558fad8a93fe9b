"""Save a tiny model with random weights, to try things with.

python -m tests.tiny_models qwen2.5-vl FOLDER
"""

import argparse

from tests.tiny_models.classifiers import IMAGE_CLASSIFIERS, VIDEO_CLASSIFIERS, save_classifier
from tests.tiny_models.models import MODELS, save_tiny

parser = argparse.ArgumentParser(prog="python -m tests.tiny_models", description=__doc__)
parser.add_argument("kind", choices=[*MODELS, *IMAGE_CLASSIFIERS, *VIDEO_CLASSIFIERS])
parser.add_argument("folder")
given = parser.parse_args()
(save_tiny if given.kind in MODELS else save_classifier)(given.kind, given.folder)
