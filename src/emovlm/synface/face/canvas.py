"""The canvas that skin is painted on: the head unrolled round a vertical axis, with the resting face's coordinates.

Painting by the resting face's own x and y (decimetres) keeps brows, wrinkles and beard in place on every person.
"""

import itertools
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from PIL import Image

from emovlm.synface.face.rig import SKIN, Rig
from emovlm.synface.motion.facs import WRINKLES
from emovlm.synface.rendering.raster import rasterise

SIZE = 256  # texels a side
HALF_ANGLE = np.radians(115)  # the canvas reaches this far round to either side
LOW, HIGH = 5.7, 8.55  # decimetres: the canvas's lower and upper edge
AXIS_Z = 0.35  # decimetres: the vertical axis it is rolled round

Stroke = list[tuple[float, float, float]]
"""Points of a polyline: x, y and half-width, decimetres."""


@dataclass(frozen=True)
class Canvas:
    """Where each texel lies on the resting face.

    Attributes:
        uv: (vertices, 2) float32, each vertex's place on the canvas in texels.
        x, y: (SIZE, SIZE) float32, decimetres.
        angle: (SIZE, SIZE) float32, absolute angle round the axis, 0 in front.
        wrinkles: (SIZE, SIZE, wrinkles) float32, depth of each wrinkle map, 0..1.
    """

    uv: np.ndarray
    x: np.ndarray
    y: np.ndarray
    angle: np.ndarray
    wrinkles: np.ndarray

    @cached_property
    def flush(self) -> np.ndarray:
        """(SIZE, SIZE) float32, 0..0.5: the cheeks and the nose, where blood shows."""
        x = np.abs(self.x)
        return 0.5 * (blob(x, self.y, 0.42, 6.95, 0.16, 0.14) + blob(x, self.y, 0.0, 6.93, 0.12, 0.10))

    @cached_property
    def shadow(self) -> np.ndarray:
        """(SIZE, SIZE) float32, 0..1: under the eyes."""
        return blob(np.abs(self.x), self.y, 0.30, 7.17, 0.14, 0.06)

    @cached_property
    def freckled(self) -> np.ndarray:
        """(SIZE, SIZE) float32, 0..1: where freckles are."""
        return blob(np.abs(self.x), self.y, 0.2, 7.05, 0.5, 0.5)

    @cached_property
    def beard(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """(SIZE, SIZE) float32, 0..1, where hair grows on the jaw, above the lips and before the ears."""
        x, y, angle = np.abs(self.x), self.y, self.angle
        jaw = np.clip((6.74 - y) / 0.1, 0, 1) * np.clip((y - 6.0) / 0.1, 0, 1) * (angle < 1.25)
        jaw *= 1 - blob(x, y, 0.0, 6.60, 0.22, 0.07)  # none on the lips
        moustache = np.exp(-(((y - 6.78) / 0.045) ** 4)) * np.clip((0.26 - x) / 0.06, 0, 1)
        whiskers = np.clip((angle - 0.9) / 0.1, 0, 1) * np.clip((1.3 - angle) / 0.1, 0, 1)
        return jaw, moustache, whiskers * (y > 6.2) * np.clip((7.3 - y) / 0.2, 0, 1)


def make_canvas(rig: Rig) -> Canvas:
    """Unroll the rig's base head and lay the wrinkle maps out on it."""
    turn = np.arctan2(rig.base[:, 0], rig.base[:, 2] - AXIS_Z)
    uv = np.stack([(turn / HALF_ANGLE / 2 + 0.5) * SIZE, (HIGH - rig.base[:, 1]) / (HIGH - LOW) * SIZE], 1)
    uv = uv.astype(np.float32)
    row, column = np.mgrid[0:SIZE, 0:SIZE].astype(np.float32) + 0.5
    angle = (column / SIZE * 2 - 1) * HALF_ANGLE
    painted, x, y = _bake(rig, uv)
    x = np.where(painted, x, np.sin(angle) * 0.95)
    y = np.where(painted, y, HIGH - row / SIZE * (HIGH - LOW))
    wrinkles = np.stack(_wrinkle_maps(x, y), -1) * (np.abs(angle) < 1.35)[..., None]
    return Canvas(
        uv,
        x.astype(np.float32),
        y.astype(np.float32),
        np.abs(angle).astype(np.float32),
        np.ascontiguousarray(wrinkles, np.float32),
    )


def _bake(rig: Rig, uv: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Which texels the skin covers, and the resting x and y there."""
    points = np.column_stack([uv, 1 + np.hypot(rig.base[:, 0], rig.base[:, 2] - AXIS_Z)]).astype(np.float32)
    skin = rig.triangles[(rig.material == SKIN) & (rig.inner_mouth[rig.triangles].max(1) < 0.5)]
    depth = np.zeros((SIZE, SIZE), np.float32)
    seen = np.zeros((SIZE, SIZE), np.int32)
    weights = np.zeros((SIZE, SIZE, 2), np.float32)
    rasterise(points, skin, np.zeros(len(skin), np.uint8), len(skin), depth, seen, weights)
    corners = rig.base[skin[np.maximum(seen, 0)]][..., :2]
    weights = np.concatenate([1 - weights.sum(-1, keepdims=True), weights], -1)
    x, y = np.moveaxis((corners * weights[..., None]).sum(2), -1, 0)
    return seen >= 0, x, y


def stroke(x: np.ndarray, y: np.ndarray, points: Stroke) -> np.ndarray:
    """How much of each texel a brush stroke covers: 1 in its middle, 0 at its edge; mirrored to both sides of the face.

    Args:
        points: the stroke's polyline, on the person's left side (x >= 0).
    """
    side = np.abs(x)
    nearest = np.full(x.shape, 9.0, np.float32)
    for (x0, y0, w0), (x1, y1, w1) in itertools.pairwise(points):
        dx, dy = x1 - x0, y1 - y0
        along = np.clip(((side - x0) * dx + (y - y0) * dy) / (dx * dx + dy * dy), 0, 1)
        distance = np.hypot(side - (x0 + along * dx), y - (y0 + along * dy))
        nearest = np.minimum(nearest, distance / (w0 + along * (w1 - w0)))
    return np.clip(1 - nearest, 0, 1)


def rows_of(canvas: Canvas, points: Stroke) -> slice:
    """The rows of the canvas that hold all of a :func:`stroke`; it covers nothing elsewhere."""
    highest, lowest = max(y + width for _, y, width in points), min(y - width for _, y, width in points)
    near = np.nonzero(((canvas.y < highest + 0.01) & (canvas.y > lowest - 0.01)).any(axis=1))[0]
    return slice(near[0], near[-1] + 1)


def blob(x: np.ndarray, y: np.ndarray, cx: float, cy: float, rx: float, ry: float) -> np.ndarray:
    """A soft patch, 1 in its middle (cx, cy), of so many decimetres' half-width and half-height."""
    return np.exp(-(((x - cx) / rx) ** 2) - ((y - cy) / ry) ** 2)


def noise(draw: np.random.Generator, rows: int, columns: int | None = None) -> np.ndarray:
    """(SIZE, SIZE) float32 smooth noise, -0.5..0.5, of ``rows`` x ``columns`` random cells."""
    return smooth(cells(draw, rows, columns))


def cells(draw: np.random.Generator, rows: int, columns: int | None = None) -> np.ndarray:
    """(rows, columns) float32 random values, 0..1, for :func:`smooth`; as many columns as rows if not given."""
    return draw.random((rows, columns or rows), dtype=np.float32)


def smooth(cells: np.ndarray) -> np.ndarray:
    """(SIZE, SIZE) float32 noise, -0.5..0.5, from random cells."""
    return np.asarray(Image.fromarray(cells).resize((SIZE, SIZE), Image.Resampling.BICUBIC)) - np.float32(0.5)


def _wrinkle_maps(x: np.ndarray, y: np.ndarray) -> list[np.ndarray]:
    """One depth map for each of ``facs.WRINKLES``."""

    def lines(*strokes: tuple[float, Stroke]) -> np.ndarray:
        return np.maximum.reduce([depth * stroke(x, y, points) for depth, points in strokes])

    maps = {
        "forehead": lines(
            *(
                (depth, [(0, h, 0.022), (0.2, h + 0.025, 0.022), (0.45, h + 0.005, 0.016), (0.58, h - 0.04, 0.008)])
                for h, depth in ((7.66, 0.8), (7.78, 0.7), (7.90, 0.5))
            )
        ),
        "glabella": lines(
            (0.8, [(0.045, 7.38, 0.020), (0.055, 7.46, 0.024), (0.070, 7.55, 0.012)]),
            (0.5, [(0.0, 7.44, 0.014), (0.001, 7.52, 0.014)]),
        ),
        "nasolabial": lines(
            (
                0.9,
                [
                    (0.15, 7.03, 0.020),
                    (0.19, 6.96, 0.032),
                    (0.25, 6.86, 0.036),
                    (0.31, 6.76, 0.028),
                    (0.33, 6.68, 0.01),
                ],
            )
        ),
        "crow's feet": lines(
            *(
                (0.7, [(0.50, 7.29 + a, 0.008), (0.57, 7.30 + 2 * a, 0.016), (0.63, 7.30 + 3.2 * a, 0.008)])
                for a in (0.03, 0.0, -0.03)
            )
        ),
        "nose bridge": lines(
            *(
                (1.0, [(0.0, 7.26 + a, 0.018), (0.06, 7.27 + a, 0.016), (0.10, 7.22 + a, 0.008)])
                for a in (0.0, 0.06, 0.12)
            )
        ),
        "chin": lines((0.7, [(0.0, 6.41, 0.024), (0.08, 6.40, 0.022), (0.14, 6.36, 0.010)])),
        "mouth corner": lines((0.8, [(0.265, 6.64, 0.016), (0.29, 6.57, 0.026), (0.30, 6.48, 0.012)])),
        "eye bag": lines((0.8, [(0.20, 7.12, 0.014), (0.31, 7.08, 0.022), (0.43, 7.12, 0.012)])),
    }
    return [maps[name] for name in WRINKLES]
