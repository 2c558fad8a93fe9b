"""Paint a person's skin, brows, beard and scalp hair on the canvas."""

import numba as nb
import numpy as np

from emovlm.synface.face.canvas import SIZE, Canvas, cells, noise, rows_of, smooth, stroke
from emovlm.synface.face.person import Person

BEARD_DENSITY = {"none": 0.0, "stubble": 0.28, "short": 0.6, "full": 0.95}
FRONT = 1.35  # radians: the face proper ends here


def paint_skin(canvas: Canvas, person: Person, hairline: np.ndarray, draw: np.random.Generator) -> np.ndarray:
    """The person's skin texture: (SIZE, SIZE, 3) float32, linear light, 0..1.

    Args:
        hairline: (SIZE, SIZE) float, height above which hair grows at each texel (:func:`draw_hairline`).
    """
    tone = 1 + 0.06 * noise(draw, 8) + 0.03 * noise(draw, 48) + 0.03 * noise(draw, 160)
    texture = np.empty((SIZE, SIZE, 3), np.float32)
    for k in range(3):  # NumPy is slow where the last axis, its innermost loop, is as short as three colours
        texture[..., k] = tone * np.float32(person.skin[k])
    _blush(texture, canvas, draw)
    _spots(texture, canvas, person, draw)
    _beard(texture, canvas, person, draw)
    _brows(texture, canvas, person, draw)
    _scalp(texture, canvas, person, hairline, draw)
    return texture.clip(0, 1) ** 2.2


def _mix(texture: np.ndarray, colour: np.ndarray, amount: np.ndarray, tone: np.ndarray | None = None) -> None:
    """Paint over the texture, in place: so much of a colour at each texel, ``tone`` times as bright where given."""
    amount = amount.astype(np.float32)
    _paint(texture, colour, np.ones_like(amount) if tone is None else tone, amount)


@nb.njit(cache=True)
def _paint(texture, colour, tone, amount):
    for row in range(texture.shape[0]):
        for column in range(texture.shape[1]):
            new = amount[row, column]
            for k in range(3):
                paint = np.float32(min(max(colour[k] * tone[row, column], 0.0), 1.0))
                texture[row, column, k] = texture[row, column, k] * (np.float32(1) - new) + paint * new


def _blush(texture: np.ndarray, canvas: Canvas, draw: np.random.Generator) -> None:
    """Redder cheeks and nose, darker under the eyes."""
    rosy = 1 - canvas.flush * draw.uniform(0.3, 1.2) * np.float32(0.14)
    shaded = 1 - canvas.shadow * draw.uniform(0.02, 0.12)
    for k in range(3):
        if k > 0:
            texture[..., k] *= rosy
        texture[..., k] *= shaded


def _spots(texture: np.ndarray, canvas: Canvas, person: Person, draw: np.random.Generator) -> None:
    """Freckles on some fair skin; age spots on old skin."""
    strength = 0.0
    if person.skin[0] > 0.8 and draw.random() < 0.25:
        strength = draw.uniform(0.3, 0.8)
    strength += 0.35 * person.age["old"]
    places = cells(draw, 110)  # drawn for everybody, so that what is drawn later does not depend on it
    if strength > 0:
        speckle = np.clip(smooth(places) * 4 - 1.1, 0, 1) * canvas.freckled
        _mix(texture, person.skin * np.array([0.72, 0.60, 0.52]), speckle * strength)


def _beard(texture: np.ndarray, canvas: Canvas, person: Person, draw: np.random.Generator) -> None:
    density = BEARD_DENSITY[person.beard]
    if density == 0:
        return
    jaw, moustache, whiskers = canvas.beard
    goatee = draw.random() < 0.3
    cover = np.maximum(jaw * (np.clip((0.4 - np.abs(canvas.x)) / 0.1, 0, 1) if goatee else 1), moustache)
    if not goatee:
        cover = np.maximum(cover, 0.9 * whiskers)
    cover = np.clip(cover * (0.8 + 0.6 * noise(draw, 60, 200)), 0, 1)
    _mix(texture, person.hair * 0.85, cover * density * 0.85)


def _brows(texture: np.ndarray, canvas: Canvas, person: Person, draw: np.random.Generator) -> None:
    thick = draw.uniform(0.030, 0.045) * (1 + 0.25 * person.maleness)
    lift, arch, inner = draw.normal(0, 0.012) - 0.02, draw.normal(0, 0.012), draw.uniform(0.085, 0.14)
    line = [
        (inner, 7.462 + lift, thick * 0.85),
        (0.25, 7.482 + lift + arch / 2, thick),
        (0.42, 7.488 + lift + arch, thick * 0.8),
        (0.51, 7.458 + lift + arch / 2, thick * 0.6),
        (0.585, 7.415 + lift, thick * 0.4),
    ]
    rows = rows_of(canvas, line)
    cover = stroke(canvas.x[rows], canvas.y[rows], line) * (canvas.angle[rows] < FRONT)
    cover = np.clip(cover * (1.15 + 0.6 * noise(draw, 128)[rows]), 0, 1)
    cover = cover * draw.uniform(0.55, 0.8) * (1 - 0.2 * person.age["old"])
    _mix(texture[rows], person.hair * min(1, 0.45 / person.hair.max()) * 0.85, cover)  # never lighter than brown


def draw_hairline(canvas: Canvas, person: Person, draw: np.random.Generator) -> np.ndarray:
    """(SIZE, SIZE) float: the height (decimetres) above which hair grows, by the angle round the head."""
    front = draw.uniform(7.90, 8.02) + 0.05 * person.maleness * person.age["old"]
    temple = draw.uniform(0.1, 0.3) * (0.5 if person.maleness < 0.5 else 1.0)
    fringe = person.style in ("long", "short") and draw.random() < (0.5 if person.maleness < 0.5 else 0.25)
    if fringe:
        front, temple = draw.uniform(7.66, 7.76), -0.02
    angle = canvas.angle[0]  # the same in every row
    peak = draw.normal(0, 0.05) * np.exp(-((angle / 0.15) ** 2))
    brow = front - peak - temple * np.sin(np.clip(angle / 0.75, 0, 1) * np.pi) * -0.35 - 0.20 * (angle / 0.75) ** 2
    sideburn = 7.15 if person.maleness > 0.5 else 7.25
    # above the ear, whose own skin is painted at the same angle
    side = np.interp(
        angle, [0.75, 1.02, 1.10, 1.22, 1.28, 1.66, 1.72, 2.1], [front - 0.2, 7.55, sideburn, 7.2, 7.4, 7.4, 7.0, 6.45]
    )
    return np.where(angle < 0.75, brow, side) + 0.02 * noise(draw, 6, 90)


def _scalp(
    texture: np.ndarray, canvas: Canvas, person: Person, hairline: np.ndarray, draw: np.random.Generator
) -> None:
    """Hair on the scalp, in strands; soft and thin at the hairline."""
    cover = np.clip((canvas.y - hairline) / 0.07, 0, 1)
    cover = np.clip(cover + 2.2 * cover * (1 - cover) * noise(draw, 24, 200), 0, 1)
    if person.style == "bald":
        cover = cover * np.clip((canvas.angle - 1.0) / 0.2, 0, 1) * 0.5
    elif person.style == "cropped":
        cover = cover * 0.88
    strands = noise(draw, 160) if person.style == "afro" else noise(draw, 12, 200)
    _mix(texture, person.hair, cover, tone=1 + 0.55 * strands + 0.3 * noise(draw, 24))
