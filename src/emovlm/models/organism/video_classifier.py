"""A vision-only classifier under test: a video network whose input is the features of the organism's tower."""

from pathlib import Path

from emovlm.models.torch_setup import device, torch  # isort: skip
import numpy as np
from transformers import AutoModel, AutoModelForVideoClassification

from emovlm.models.base import SCORE_DIGITS, Frame, Part, Reply, spread
from emovlm.models.organism.pixels import frame_pixels


def feature_maps(tower: torch.nn.Module, frames: np.ndarray) -> torch.Tensor:
    """The tower's features of frames uint8 [t, h, w, 3], as a video [t, channels, h / 32, w / 32]."""
    where = next(tower.parameters()).device
    with torch.no_grad():
        return tower(frame_pixels(torch.from_numpy(frames)).to(where)).last_hidden_state


class VideoClassifier:
    """A saved classifier under test; answers with the same call as a vision-language model."""

    def __init__(self, folder: str | Path, tower: str | Path):
        self.tower = AutoModel.from_pretrained(tower).to(device()).eval()
        self.model = AutoModelForVideoClassification.from_pretrained(folder).to(device()).eval()

    def answer(self, parts: list[Part], classes: list[str], max_new_tokens: int = 0) -> Reply:
        """Log-probabilities of ``classes``; all but frames among ``parts`` is ignored.

        The network takes a fixed number of frames: of another number it is shown the nearest in the given order.
        """
        frames = np.stack([part.pixels for part in parts if isinstance(part, Frame)])
        video = feature_maps(self.tower, frames[spread(len(frames), self.model.config.num_frames)])
        with torch.inference_mode():
            scores = self.model(video[None]).logits[0].float().log_softmax(-1)
        label_of = self.model.config.label2id
        return Reply({c: round(float(scores[label_of[c]]), SCORE_DIGITS) for c in classes}, "", 0)
