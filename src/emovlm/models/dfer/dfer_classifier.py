"""MAE-DFER or HiCMAE under test: networks for dynamic facial expression recognition (DFER), which read no text.

Views, pixels and averaging are those of the official tests (``kinetics.py``, ``kinetics_av.py`` and ``merge`` in both
repositories): frames are made square at the network's size by bilinear interpolation (Pillow's) and normalised by
ImageNet's mean and deviation; a view is 16 frames in a row, and a clip's answer is the mean over its views of the
softmax.
"""

from pathlib import Path

from emovlm.models.torch_setup import device, torch  # isort: skip
import numpy as np
from PIL import Image

from emovlm.core.errors import StudyError
from emovlm.models.base import SCORE_DIGITS, Audio, Frame, Part, Reply
from emovlm.models.dfer.official_weights import load_network
from emovlm.models.dfer.spectrogram import heard_with, log_mel

MEAN, DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # of ImageNet, by colour


def view_starts(frames: int, length: int) -> list[int]:
    """Where the views of a clip begin: at its first frame, and so that the last view ends with its last frame.

    The official test takes 2 x 2 views. Its two crops of a square frame are the same pixels, and so are its two times
    where a clip has no more frames than a view; the mean is that of the different ones, which are all that is
    computed here.
    """
    return sorted({0, max(frames - length, 0)})


def filled(positions: np.ndarray, length: int) -> np.ndarray:
    """Positions of a view's frames; the last is repeated where there are too few."""
    return np.pad(positions, (0, max(length - len(positions), 0)), mode="edge")


def resized(pixels: np.ndarray, side: int) -> np.ndarray:
    """Frames uint8 [n, height, width, 3] as uint8 [n, side, side, 3]."""
    if pixels.shape[1:3] == (side, side):
        return pixels
    return np.stack([np.asarray(Image.fromarray(p).resize((side, side), Image.Resampling.BILINEAR)) for p in pixels])


def normalised(pixels: torch.Tensor) -> torch.Tensor:
    """Pixels 0 to 255 [n, frames, side, side, 3] as the networks take them: float [n, 3, frames, side, side]."""
    mean, deviation = (torch.tensor(values, device=pixels.device) for values in (MEAN, DEVIATION))
    return ((pixels.float() / 255 - mean) / deviation).permute(0, 4, 1, 2, 3)


def frame_step(times_s: np.ndarray) -> float:
    """Seconds from one frame to the next: the smallest distance between frames at different times, 0 for one time."""
    gaps = np.diff(np.unique(times_s))
    return float(gaps.min()) if len(gaps) else 0.0


class DferClassifier:
    """A saved MAE-DFER or HiCMAE; answers with the same call as a vision-language model.

    Args:
        folder: what ``save_network`` wrote.
    """

    def __init__(self, folder: str | Path):
        model, self.classes = load_network(folder)
        self.model = model.to(device())

    def answer(self, parts: list[Part], classes: list[str], max_new_tokens: int = 0) -> Reply:
        """Log-probabilities of ``classes``; texts among ``parts`` are ignored, as is sound by MAE-DFER.

        The frames given, in the order given, are what the official test has left after taking every fourth of a clip:
        the condition decides which frames these are, and a shuffled condition shuffles across both views. So a
        sampler of 6.25 frames a second gives a clip of 25 frames a second the official views. HiCMAE hears the piece
        of the sound that belongs to a view's frames (:func:`emovlm.models.dfer.spectrogram.heard_with`).

        Raises:
            StudyError: a class is none of the network's, or the sound has another rate than 16 kHz.
        """
        unknown = [c for c in classes if c not in self.classes]
        if unknown:
            raise StudyError(f"this network knows {', '.join(self.classes)}, not {', '.join(unknown)}")
        inputs = self._inputs(parts)
        with torch.inference_mode():
            views = self.model(*inputs).float().log_softmax(-1)
            scores = views.logsumexp(0) - np.log(len(views))
        said = dict(zip(self.classes, scores.tolist(), strict=True))
        return Reply({c: round(said[c], SCORE_DIGITS) for c in classes}, "", 0)

    def _inputs(self, parts: list[Part]) -> list[torch.Tensor]:
        """What the network takes of a clip: a view a row."""
        shape = self.model.shape
        frames = [part for part in parts if isinstance(part, Frame)]
        sound = next((part for part in parts if isinstance(part, Audio)), None)
        times = np.array([frame.time_s for frame in frames])
        starts = view_starts(len(frames), shape.frames)
        views = [filled(np.arange(s, min(s + shape.frames, len(frames))), shape.frames) for s in starts]
        shown = {i: resized(frames[i].pixels[None], shape.image)[0] for i in np.unique(views)}
        pixels = np.stack([np.stack([shown[i] for i in view]) for view in views])
        inputs = [normalised(torch.from_numpy(pixels).to(device()))]
        if self.model.hears:
            step = frame_step(times)
            heard = [log_mel(heard_with(sound, times[view], step), *shape.sound) for view in views]
            inputs.append(torch.from_numpy(np.stack(heard))[:, None].to(device()))
        return inputs
