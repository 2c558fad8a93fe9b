"""Pixels as the organism's tower sees them."""

from emovlm.models.torch_setup import torch

MEAN, SPREAD = 0.5, 0.25  # of the pixels that the tower sees


def frame_pixels(frames: torch.Tensor) -> torch.Tensor:
    """What the saved processor makes of frames that already have its size, without its cost a call.

    Args:
        frames: uint8 [n, height, width, 3].

    Returns:
        float32 [n, 3, height, width].
    """
    return (frames.permute(0, 3, 1, 2).float() / 255 - MEAN) / SPREAD
