"""Light, camera and background of one clip."""

from dataclasses import dataclass

import numpy as np
from PIL import Image


@dataclass(frozen=True)
class Scene:
    """What surrounds the head.

    Attributes:
        key_direction, fill_direction: (3,) float32 unit vectors towards the lights, camera coordinates.
        key, fill, ambient: (3,) float32 light colours.
        exposure: brightness factor.
        background: (size, size, 3) float32 linear light.
        grain: standard deviation of the camera's noise, grey levels.
        yaw, pitch, roll: the head's mean pose, radians.
        zoom: scale of the head in the frame; shift: (x, y) of its place, share of the frame.
    """

    key_direction: np.ndarray
    fill_direction: np.ndarray
    key: np.ndarray
    fill: np.ndarray
    ambient: np.ndarray
    exposure: float
    background: np.ndarray
    grain: float
    yaw: float
    pitch: float
    roll: float
    zoom: float
    shift: tuple[float, float]


def draw_scene(draw: np.random.Generator, size: int) -> Scene:
    """Draw a scene for a frame of ``size`` x ``size`` pixels.

    Faces are roughly aligned, as after face detection; one clip in eight is seen from the side (up to 30 degrees).
    """
    turn, height = draw.uniform(-0.9, 0.9), draw.uniform(0.0, 0.9)
    key = np.array([np.sin(turn) * np.cos(height), np.sin(height), np.cos(turn) * np.cos(height)])
    fill = np.array([-key[0], 0.2, 0.5])
    tint = 1 + np.array([0.10, 0, -0.12]) * draw.normal(0, 0.8)
    aside = draw.random() < 0.125
    yaw = (
        draw.choice([-1, 1]) * np.radians(draw.uniform(15, 30))
        if aside
        else np.radians(np.clip(draw.normal(0, 6), -15, 15))
    )
    corners = draw.uniform(0.2, 1.0, (3, 3, 1)) * (1 + draw.uniform(0.1, 0.5) * draw.uniform(-1, 1, (3, 3, 3)))
    corners = (corners * draw.uniform(0.15, 0.7)).astype(np.float32)  # a blurred room: mostly grey, a little colour
    background = np.stack(
        [np.asarray(Image.fromarray(corners[..., i]).resize((size, size), Image.Resampling.BICUBIC)) for i in range(3)],
        -1,
    )
    return Scene(
        key_direction=key.astype(np.float32),
        fill_direction=(fill / np.linalg.norm(fill)).astype(np.float32),
        key=(tint * draw.uniform(0.75, 1.30)).astype(np.float32),
        fill=np.full(3, draw.uniform(0.08, 0.35), np.float32),
        ambient=((1.5 - tint / 2) * draw.uniform(0.25, 0.45)).astype(np.float32),
        exposure=float(draw.uniform(0.85, 1.15)),
        background=np.clip(background, 0.01, 1),
        grain=float(draw.uniform(0.5, 2.5)),
        yaw=float(yaw),
        pitch=float(np.clip(draw.normal(0, 0.07), -0.16, 0.16)),
        roll=float(np.clip(draw.normal(0, 0.05), -0.12, 0.12)),
        zoom=float(draw.uniform(0.94, 1.06)),
        shift=(float(draw.normal(0, 0.015)), float(draw.normal(0, 0.012))),
    )
