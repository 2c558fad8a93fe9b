"""Positions of tokens in a prompt with videos, where a library's own are not those that the model was trained with."""

import itertools

from emovlm.models.torch_setup import torch  # isort: skip


def behind(positions: torch.Tensor, kinds: torch.Tensor, mask: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Let each stretch of text, image or video begin behind the last position of the one before.

    Qwen2.5-VL gives the frames of a video positions in time, two a second. Since version 5.3 transformers lets the text
    after a video begin where a single frame would have ended, so that in a long clip text and late frames share
    positions; up to 5.2, and in training, text came behind them all (issue 45381 of huggingface/transformers).

    Args:
        positions: in time, height and width [3, n, length].
        kinds: text, image or video [n, length].
        mask: 0 where a prompt is padded [n, length].

    Returns:
        The positions, and that of the token to come [n].
    """
    positions, following = positions.clone(), []
    for row, real in enumerate(mask.bool()):
        own, kind = positions[:, row, real], kinds[row, real]
        starts = [0, *(torch.nonzero(kind[1:] != kind[:-1])[:, 0] + 1).tolist(), len(kind)]
        last = -1
        for start, end in itertools.pairwise(starts):
            stretch = own[:, start:end]
            stretch += last + 1 - int(stretch.min())
            last = int(stretch.max())
        positions[:, row, real] = own
        following.append(last + 1)
    return positions, torch.tensor(following, device=positions.device)
