"""A classifier of the Hugging Face hub under test: of single frames, or of videos.

Frames are resized, cropped and normalised by the image or video processor that is saved with the checkpoint.

An image classifier reads every frame alone. With its logits z[t, k] for frame t of n and label k, and
p[t, k] = exp(z[t, k]) / sum over j of exp(z[t, j]), a clip's probability of label k is by the column ``pooling``

- ``mean_probability`` (default): P[k] = 1/n sum over t of p[t, k]
- ``mean_logit``: P[k] = exp(m[k]) / sum over j of exp(m[j]), where m[k] = 1/n sum over t of z[t, k]
- ``max_probability``: P[k] = M[k] / sum over j of M[j], where M[k] = max over t of p[t, k]

A video classifier reads as many frames as its configuration says, once: they are spread evenly over the frames given,
in their order; of fewer frames some are repeated. There are no further views of a clip.

The score of a class is the log of the sum of P over the labels that stand for it (usually one;
:mod:`emovlm.models.hub_classifier.labels`). The probability of labels that stand for no class is left out, and the
rest is *not* scaled up to a sum of 1. So a score is what the model says itself; the prediction is the same either way,
and statistics that need probabilities of the study's classes take the softmax of the scores, which scales them.

A class that the model has no label for is an error, unless the row says ``missing_labels`` ``allow``. Then its score is
``MISSING_NATS`` below the lowest score of the other classes: finite, of no weight in a softmax, and never the highest.
"""

import math
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from emovlm.models.torch_setup import device, torch  # isort: skip
from PIL import Image
from transformers import AutoImageProcessor, AutoVideoProcessor, BatchFeature

from emovlm.core.errors import StudyError
from emovlm.models.base import SCORE_DIGITS, Frame, Part, Reply, spread
from emovlm.models.hub_classifier.labels import LabelMatch, match_labels, read_label_map
from emovlm.models.pretrained import load_pretrained

KINDS = {
    "image-classification": "AutoModelForImageClassification",
    "video-classification": "AutoModelForVideoClassification",
}
"""Family -> the class of transformers that loads its models."""

MISSING_NATS = 20.0
FRAMES_AT_ONCE = 32  # of one clip: bounds memory; other clips never share a forward pass


def _mean_probability(logits: torch.Tensor) -> torch.Tensor:
    return logits.log_softmax(-1).logsumexp(0) - math.log(len(logits))


def _mean_logit(logits: torch.Tensor) -> torch.Tensor:
    return logits.mean(0).log_softmax(-1)


def _max_probability(logits: torch.Tensor) -> torch.Tensor:
    return logits.log_softmax(-1).amax(0).log_softmax(-1)


POOLINGS: dict[str, Callable[[torch.Tensor], torch.Tensor]] = {
    "mean_probability": _mean_probability,
    "mean_logit": _mean_logit,
    "max_probability": _max_probability,
}
"""Rule -> function from logits [frames, labels] to log-probabilities [labels]; the formulas are above."""


def frames_wanted(config: Any) -> int:
    """How many frames a video classifier reads.

    Raises:
        StudyError: its configuration does not say.
    """
    for name in ("num_frames", "frames_per_clip"):
        if hasattr(config, name):
            return int(getattr(config, name))
    raise StudyError(f"{type(config).__name__} does not say how many frames the model reads (num_frames)")


class FrameProcessor:
    """What makes the inputs of a model of frames: the processor saved in a folder.

    Raises:
        StudyError: none is saved there.
    """

    def __init__(self, folder: str | Path, family: str):
        self.settings: dict[str, Any] = {"return_tensors": "pt"}
        kind = AutoImageProcessor
        # Older checkpoints of video models come with an image processor that takes lists of frames.
        if family == "video-classification" and Path(folder, "video_preprocessor_config.json").is_file():
            kind = AutoVideoProcessor
            self.settings["do_sample_frames"] = False
        try:
            self.processor = kind.from_pretrained(folder, trust_remote_code=False)
        except (OSError, ValueError):
            raise StudyError(
                f"{Path(folder).name}: no image processor that transformers knows is saved with this classifier "
                "(preprocessor_config.json); without its size and normalisation, what it reads is not known"
            ) from None

    def __call__(self, frames: Sequence[Frame]) -> BatchFeature:
        """Inputs of an image model for each of the frames, or of a video model for all of them together."""
        return self.processor([Image.fromarray(frame.pixels) for frame in frames], **self.settings)


class HubClassifier:
    """An image or video classifier of the hub; answers with the same call as a vision-language model.

    Args:
        folder: the files of the checkpoint.
        row: of ``systems.tsv``: ``family``, ``dtype``, ``frames`` (of a clip that an image classifier reads, at most;
            of more, the evenly spaced ones), ``pooling``, ``label_map``, ``missing_labels``; and ``label_words``, for
            each class what labels may call it (:func:`emovlm.models.hub_classifier.labels.label_settings`).

    Raises:
        StudyError: the pooling is unknown; weights or the processor are missing; the model does not choose one of
            several labels.
    """

    def __init__(self, folder: str | Path, row: Mapping[str, Any]):
        if (pooling := row.get("pooling", "mean_probability")) not in POOLINGS:
            raise StudyError(f"system {row['system']}: unknown pooling {pooling!r}; known: {', '.join(POOLINGS)}")
        self.pool = POOLINGS[pooling]
        self.row, self.video = row, row["family"] == "video-classification"
        self.model = load_pretrained(KINDS[row["family"]], folder, row.get("dtype")).to(device()).eval()
        self.inputs_of = FrameProcessor(folder, row["family"])
        config = self.model.config
        if config.num_labels < 2 or config.problem_type not in (None, "single_label_classification"):
            raise StudyError(
                f"system {row['system']}: {Path(folder).name} does not choose one of several labels "
                f"(problem_type {config.problem_type}, {config.num_labels} labels)"
            )
        self.labels = [str(config.id2label[number]) for number in range(config.num_labels)]
        self.frames = frames_wanted(config) if self.video else row.get("frames")
        self.matches: dict[tuple[str, ...], LabelMatch] = {}

    def answer(self, parts: list[Part], classes: list[str], max_new_tokens: int = 0) -> Reply:
        """Log-probabilities of ``classes`` (nats); all but frames among ``parts`` is ignored.

        Raises:
            StudyError: the model's labels do not fit the classes.
        """
        numbers = self.match(classes).numbers
        shown = self.shown([part for part in parts if isinstance(part, Frame)])
        said = self.log_probabilities(shown)
        scores = {name: float(said[chosen].logsumexp(0)) for name, chosen in numbers.items()}
        lowest = min(scores.values()) - MISSING_NATS
        return Reply({c: round(scores.get(c, lowest), SCORE_DIGITS) for c in classes}, "", 0, frames=len(shown))

    def match(self, classes: Sequence[str]) -> LabelMatch:
        """Which of the model's labels stand for which of the classes; what is left out is printed once.

        Raises:
            StudyError: they do not fit; the message lists both sides.
        """
        key = tuple(classes)
        if key not in self.matches:
            where = f"system {self.row['system']}"
            given = read_label_map(self.row.get("label_map", {}), where)
            allow = self.row.get("missing_labels") == "allow"
            try:
                self.matches[key] = match_labels(self.labels, classes, self.row.get("label_words"), given, allow)
            except StudyError as error:
                raise StudyError(f"{where}: {error}") from None
            if self.matches[key].missing or self.matches[key].left_out:
                print(f"{where}: {self.matches[key]}", file=sys.stderr)
        return self.matches[key]

    def shown(self, frames: Sequence[Frame]) -> list[Frame]:
        """Those of a clip's frames that the model reads, in their order."""
        if not self.frames or (len(frames) <= self.frames and not self.video):
            return list(frames)
        return [frames[i] for i in spread(len(frames), self.frames)]

    def log_probabilities(self, frames: Sequence[Frame]) -> torch.Tensor:
        """Log-probability of each of the model's labels for a clip, float32 [labels], of the frames that it reads."""
        if self.video:
            return self._logits(frames)[0].log_softmax(-1)
        parts = [frames[start : start + FRAMES_AT_ONCE] for start in range(0, len(frames), FRAMES_AT_ONCE)]
        return self.pool(torch.cat([self._logits(part) for part in parts]))

    def _logits(self, frames: Sequence[Frame]) -> torch.Tensor:
        inputs = self.inputs_of(frames).to(device(), self.model.dtype)
        with torch.inference_mode():
            return self.model(**inputs).logits.float().cpu()
