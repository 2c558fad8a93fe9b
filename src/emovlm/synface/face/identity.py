"""One rendered person: the resting head with hair and clothes, texture and colours, ready for the renderer."""

from dataclasses import dataclass

import numpy as np

from emovlm.core.hashing import rng
from emovlm.synface.face.canvas import AXIS_Z, HALF_ANGLE, HIGH, LOW, SIZE, Canvas
from emovlm.synface.face.person import Person, draw_person
from emovlm.synface.face.rig import HAIR, LASH, SKIN, TEETH, Rig
from emovlm.synface.face.skin import draw_hairline, paint_skin
from emovlm.synface.rendering.raster import vertex_normals

VOLUME = {  # decimetres of hair at the sides and on top
    "bald": (0.0, 0.0),
    "cropped": (0.02, 0.03),
    "short": (0.05, 0.16),
    "afro": (0.26, 0.34),
    "tied": (0.03, 0.06),
    "long": (0.07, 0.10),
}
LUMINANCE = np.array([0.2126, 0.7152, 0.0722], np.float32)
HAIR_FRONT = 0.62  # decimetres: long hair hangs behind this
LOCK_SPREAD = np.array([0.25, 0.0, 0.25])
TEETH_SCALE = np.array([0.92, 0.92, 1.0])  # a little smaller and further back than modelled, clear of the lips
STATIC_WRINKLES = np.array(
    [0.35, 0.25, 0.50, 0.40, 0.05, 0.10, 0.25, 0.50], np.float32
)  # of an old face, as in WRINKLES


@dataclass(frozen=True)
class Identity:
    """What the renderer needs to know of a person. Colours are linear light, 0..1.

    Attributes:
        person: the traits it was made from.
        rest: (vertices, 3) float32, the resting head, hair and clothes included.
        eyes, mouth: (3,) float32, the point between the eyes and the middle of the lips.
        brightness: of the skin, linear light.
        triangles, material: those of the rig that this person has (long hair or not), hidden ones left out.
        first_inside: number of the first triangle of teeth and tongue.
        inside: (triangles,) uint8, 1 for the inside of the mouth.
        hairy: (vertices,) float32, 1 where hair stands off the scalp.
        texture: (SIZE, SIZE, 3) float32 (``paint_skin``).
        lip, iris, hair, cloth, trim: (3,) float32 colours.
        collar: (height, slope, depth of the V) of the neckline, decimetres.
        lash: darkness of the lid's edge, 0..1.
        wrinkle_gain: how deep this person's wrinkles fold; static_wrinkles: (wrinkles,) depth at rest.
    """

    person: Person
    rest: np.ndarray
    eyes: np.ndarray
    mouth: np.ndarray
    brightness: float
    triangles: np.ndarray
    material: np.ndarray
    first_inside: int
    inside: np.ndarray
    hairy: np.ndarray
    texture: np.ndarray
    lip: np.ndarray
    iris: np.ndarray
    hair: np.ndarray
    cloth: np.ndarray
    trim: np.ndarray
    collar: tuple[float, float, float]
    lash: float
    wrinkle_gain: float
    static_wrinkles: np.ndarray


def make_identity(rig: Rig, canvas: Canvas, seed: int, name: str) -> Identity:
    """Make the person called ``name``; equal seeds and names give equal people, whatever else is rendered."""
    draw = rng(seed, "identity", name)
    person = draw_person(rig, draw)
    hairline = draw_hairline(canvas, person, draw)
    texture = paint_skin(canvas, person, hairline, draw)
    collar = (draw.uniform(5.72, 5.86), draw.uniform(0.28, 0.40), draw.choice([0.0, 0.0, draw.uniform(0.2, 0.7)]))
    rest, hairy = _dress(rig, canvas, person, hairline, collar, draw)
    cloth = draw.random(3) * 0.7 + 0.05
    makeup = 0.45 * (1 - person.maleness) * draw.random() * (person.age["child"] == 0)
    lip = person.skin * [0.84, 0.64, 0.62] * (1 - makeup) + np.array([0.62, 0.16, 0.20]) * makeup
    triangles, material = _drawn(rig, rest, long_hair=person.style == "long")
    child = person.age["child"] > 0
    old = person.age["old"]
    return Identity(
        person=person,
        rest=rest,
        eyes=np.concatenate([rest[eye] for eye in rig.eyes]).mean(0),
        mouth=rest[rig.lips > 0.5].mean(0),
        brightness=float((_linear(person.skin) * LUMINANCE).sum()),
        triangles=triangles,
        material=material,
        first_inside=int(np.searchsorted(material, TEETH)),
        inside=((rig.inner_mouth[triangles].mean(1) > 0.5) | (material >= TEETH)).astype(np.uint8),
        hairy=hairy,
        texture=texture,
        lip=_linear(lip),
        iris=_linear(person.iris),
        hair=_linear(person.hair),
        cloth=_linear(cloth),
        trim=_linear(cloth * draw.uniform(0.5, 1.3)),
        collar=collar,
        lash=float(0.25 + 0.7 * (1 - person.maleness) * draw.random()),
        wrinkle_gain=0.25 if child else float(np.clip(0.55 + 0.5 * old + draw.normal(0, 0.12), 0.25, 1.2)),
        static_wrinkles=STATIC_WRINKLES * np.float32(old),
    )


def _linear(colour: np.ndarray) -> np.ndarray:
    return (np.clip(colour, 0, 1) ** 2.2).astype(np.float32)


def _dress(
    rig: Rig,
    canvas: Canvas,
    person: Person,
    hairline: np.ndarray,
    collar: tuple[float, float, float],
    draw: np.random.Generator,
) -> tuple[np.ndarray, np.ndarray]:
    """The resting head with hair standing off the scalp and cloth off the shoulders; and how hairy each vertex is."""
    base = rig.base
    normals = np.zeros_like(base)
    vertex_normals(person.shape, rig.triangles[rig.material == SKIN], np.ones(len(base), bool), normals)
    column = np.clip((np.arctan2(base[:, 0], base[:, 2] - AXIS_Z) / HALF_ANGLE / 2 + 0.5) * SIZE, 0, SIZE - 1).astype(
        int
    )
    row = np.clip((HIGH - base[:, 1]) / (HIGH - LOW) * SIZE, 0, SIZE - 1).astype(int)
    skin = np.zeros(len(base), bool)
    skin[rig.vertices_of(SKIN)] = True
    ear = (
        (np.abs(base[:, 0]) > 0.66)
        & (base[:, 1] > 6.78)
        & (base[:, 1] < 7.37)
        & (base[:, 2] < 0.7)
        & (base[:, 2] > 0.3)
    )
    hairy = np.where(skin & ~ear, np.clip((base[:, 1] - hairline[row, column]) / 0.2, 0, 1), 0)
    hairy *= np.clip((base[:, 1] - 7.35) / 0.25, 0, 1)  # flat round the ears, or it would poke out between them
    side, top = VOLUME[person.style]
    if person.style == "bald":
        hairy[:] = 0
    high = np.clip((base[:, 1] - 7.6) / 0.7, 0, 1)
    thick = hairy * (side * (1 - high) + top * high) * draw.uniform(0.6, 1.3)
    if person.style in ("afro", "short"):
        thick = thick * (1 + 0.25 * (draw.random(len(base)) - 0.5))
    height, slope, _ = collar
    clothed = skin & (base[:, 1] < height + slope * (0.6 - base[:, 2]))
    rest = person.shape + normals * (thick + 0.03 * clothed)[:, None]
    mouth = rig.vertices_of(TEETH)
    rest[mouth] = rest[mouth] * TEETH_SCALE + rest[mouth].mean(0) * (1 - TEETH_SCALE) - [0, 0, 0.03]
    for lock in rig.locks:  # modelled with slits between them
        rest[lock] += (rest[lock] - rest[lock].mean(0)) * LOCK_SPREAD
    return rest.astype(np.float32), hairy.astype(np.float32)


def _drawn(rig: Rig, rest: np.ndarray, long_hair: bool) -> tuple[np.ndarray, np.ndarray]:
    """Triangles to draw, and their materials.

    Left out are the lashes (the lid's edge is shaded instead), long hair in front of the ears, and triangles that
    always face away: those that no face unit moves and that only a turn by more than 44 degrees would show.
    Long hair hangs as a sheet, so it gets a second, inner side.
    """
    corners = rest[rig.triangles[rig.still]]
    normal = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    behind = np.zeros(len(rig.triangles), bool)
    behind[rig.still] = normal[:, 2] < -0.7 * np.linalg.norm(normal, axis=1)
    hair = rig.material == HAIR
    keep = (rig.material != LASH) & ~hair & ~behind
    triangles, material = rig.triangles[keep], rig.material[keep]
    if long_hair:
        hanging = rig.triangles[hair & (rig.base[rig.triangles, 2].max(1) < HAIR_FRONT)]
        hanging = np.concatenate([hanging, hanging[:, ::-1]])
        first_inside = np.searchsorted(material, TEETH)
        triangles = np.insert(triangles, first_inside, hanging, axis=0)
        material = np.insert(material, first_inside, np.full(len(hanging), HAIR, np.uint8))
    return np.ascontiguousarray(triangles), material
