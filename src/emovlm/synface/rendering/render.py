"""The renderer: one person, one scene, action units and pose in; pixels out."""

import numpy as np
from PIL import Image

from emovlm.core.hashing import rng
from emovlm.synface.face.canvas import Canvas
from emovlm.synface.face.identity import Identity
from emovlm.synface.face.rig import EYE_RADIUS, SKIN, Rig
from emovlm.synface.motion.facs import face_units, wrinkle_matrix
from emovlm.synface.rendering import raster, shade
from emovlm.synface.rendering.scene import Scene

DISTANCE = 11.0  # decimetres from the camera to the head's pivot
PIVOT = np.array([0, -0.75, -1.0], np.float32)  # from the eyes to where the head turns about the neck, decimetres
FACE_SHARE = 0.30  # of the frame's height lies between eyes and mouth, as after face alignment
MEAN_SKIN = 0.25  # linear light: skin that needs no change of exposure
WRINKLE_STRENGTH = np.float32(0.62)
GAMMA = (255 * (np.arange(1024) / 1023) ** (1 / 2.2)).astype(np.float32)
NOISE_SIZE = 251


class Renderer:
    """Holds the rig's arrays and the scratch buffers for frames of one size."""

    def __init__(self, rig: Rig, canvas: Canvas, size: int, supersampling: int = 1) -> None:
        """Prepare for frames of ``size`` x ``size`` px, each pixel the mean of ``supersampling`` squared."""
        self.rig, self.size, self.supersampling = rig, size, supersampling
        self._uv, self._wrinkles = canvas.uv, canvas.wrinkles
        near = canvas.wrinkles.max(-1) > 0.01
        self._present = near | np.roll(near, -1, 0) | np.roll(near, -1, 1) | np.roll(near, (-1, -1), (0, 1))
        self._attributes = np.zeros((len(rig.base), 4), np.float32)
        self._attributes[:, shade.LIPS] = rig.lips
        self._attributes[:, shade.INNER] = rig.inner_mouth
        self._attributes[:, shade.LID] = _lid_edge(rig)
        self._wrinkle_matrix = wrinkle_matrix()
        side = size * supersampling
        self._points, self._normals = np.zeros_like(rig.base), np.zeros_like(rig.base)
        self._vertices, self._hollow = np.zeros_like(rig.base), np.zeros(len(rig.base), np.float32)
        self._wanted = np.zeros(len(rig.base), bool)
        self._depth, self._seen = np.zeros((side, side), np.float32), np.zeros((side, side), np.int32)
        self._weights, self._light = np.zeros((side, side, 2), np.float32), np.zeros((side, side, 3), np.float32)
        self._averaged = np.zeros((size, size, 3), np.float32) if supersampling > 1 else self._light
        noise = rng("grain").standard_normal((NOISE_SIZE, NOISE_SIZE, 3)).astype(np.float32)
        noise = np.pad(noise, ((0, 0), (0, size), (0, 0)), mode="wrap")  # so that a frame fits in from any column
        self._noise = noise.reshape(NOISE_SIZE, -1)

    def clip(
        self,
        identity: Identity,
        scene: Scene,
        action: np.ndarray,
        pose: np.ndarray,
        lean: float,
        draw: np.random.Generator,
    ) -> np.ndarray:
        """Render a clip.

        Args:
            action: (frames, AUs) float32 intensities in the order of ``facs.AUS``.
            pose: (frames, 3) float, pitch, yaw and roll in radians, on top of the scene's.
            lean: left-right asymmetry (``facs.face_units``).
            draw: for the camera's grain.

        Returns:
            (frames, size, size, 3) uint8, RGB.
        """
        self._attributes[:, shade.HAIRY] = identity.hairy
        plain = self._plain(identity)
        units = face_units(action, self.rig.unit_names, lean)
        depths = np.clip(np.einsum("fa,aw->fw", action, self._wrinkle_matrix), 0, 1) * identity.wrinkle_gain
        depths = ((depths + identity.static_wrinkles) * WRINKLE_STRENGTH).astype(np.float32)
        colours = np.stack([identity.lip, identity.iris, identity.hair, identity.cloth, identity.trim])
        exposure = np.float32(scene.exposure * (MEAN_SKIN / identity.brightness) ** 0.4)  # as a camera's automatic does
        camera = _camera(identity, scene, self.size * self.supersampling)
        background = _enlarged(scene.background, self.size * self.supersampling)
        frames = np.empty((len(action), self.size, self.size, 3), np.uint8)
        corners = draw.integers(0, NOISE_SIZE, (len(action), 2))
        rotations = _rotations(np.array([scene.pitch, scene.yaw, scene.roll]) + pose)
        lights = _lights(scene, rotations)
        collar, lash = np.array(identity.collar, np.float32), np.float32(identity.lash)
        for i in range(len(action)):
            self._geometry(identity, units[i], rotations[i], camera)
            shade.shade(
                self._seen,
                self._weights,
                self._points,
                identity.triangles,
                identity.material,
                plain,
                self._normals,
                self._hollow,
                self._attributes,
                self._uv,
                self.rig.eye_coordinates,
                self.rig.base,
                identity.texture,
                self._wrinkles,
                self._present,
                depths[i],
                colours,
                collar,
                lash,
                lights[i],
                background,
                self._light,
            )
            if self.supersampling > 1:
                shade.average(self._light, self.supersampling, self._averaged)
            shade.expose(
                self._averaged.reshape(self.size, -1),
                exposure,
                GAMMA,
                np.float32(scene.grain),
                self._noise,
                corners[i, 0],
                3 * corners[i, 1],
                frames[i].reshape(self.size, -1),
            )
        return frames

    def _plain(self, identity: Identity) -> np.ndarray:
        """(triangles,) bool: skin without lips, hair, the edge of the lid or cloth at any corner (for ``shade``)."""
        special = self._attributes.any(axis=1) | (self.rig.base[:, 1] < shade.CLOTHED_BELOW + 0.01)
        return (identity.material == SKIN) & ~special[identity.triangles].any(axis=1)

    def vertices(self, identity: Identity, action: np.ndarray, lean: float = 0.0) -> np.ndarray:
        """(vertices, 3) float32: the head deformed by one frame's action units (AUs,), before any rotation."""
        units = face_units(action[None], self.rig.unit_names, lean)[0]
        raster.deform(identity.rest, *self.rig.unit_deltas, units, self._vertices)
        return self._vertices.copy()

    def projected(self, identity: Identity, scene: Scene) -> np.ndarray:
        """(vertices, 3) float32: where the resting head is seen (``raster.project``)."""
        camera = _camera(identity, scene, self.size * self.supersampling)
        rotation = _rotations(np.array([[scene.pitch, scene.yaw, scene.roll]]))[0]
        raster.project(identity.rest, rotation, identity.eyes + PIVOT, camera, self._points)
        return self._points.copy()

    def _geometry(self, identity: Identity, units: np.ndarray, rotation: np.ndarray, camera: np.ndarray) -> None:
        raster.deform(identity.rest, *self.rig.unit_deltas, units, self._vertices)
        raster.project(self._vertices, rotation, identity.eyes + PIVOT, camera, self._points)
        raster.rasterise(
            self._points,
            identity.triangles,
            identity.inside,
            identity.first_inside,
            self._depth,
            self._seen,
            self._weights,
        )
        # only what is seen is lit
        raster.corners_of(self._seen, identity.triangles, self._wanted)
        raster.vertex_normals(self._vertices, self.rig.triangles, self._wanted, self._normals)
        raster.hollows(self._vertices, self._normals, *self.rig.neighbours, self._wanted, self._hollow)


def _camera(identity: Identity, scene: Scene, side: int) -> np.ndarray:
    """(6,) float32 for ``raster.project``: the resting face in the scene's pose is centred and scaled to the frame."""
    middle = (identity.eyes + identity.mouth) / 2
    aim = _rotations(np.array([[scene.pitch, scene.yaw, scene.roll]]))[0] @ (middle - identity.eyes - PIVOT)
    focal = scene.zoom * side * FACE_SHARE * DISTANCE / (identity.eyes[1] - identity.mouth[1])
    seen = side * (0.5 + np.array(scene.shift))
    return np.array([DISTANCE, focal, aim[0], aim[1], *seen], np.float32)


def _rotations(angles: np.ndarray) -> np.ndarray:
    """(frames, 3, 3) float32 of (frames, 3) pitch, yaw and roll in radians: nod, then turn, then tilt."""
    (cp, cy, cr), (sp, sy, sr) = np.cos(angles).T, np.sin(angles).T
    zero, one = np.zeros(len(angles)), np.ones(len(angles))
    nod = np.array([[one, zero, zero], [zero, cp, -sp], [zero, sp, cp]])
    turn = np.array([[cy, zero, sy], [zero, one, zero], [-sy, zero, cy]])
    tilt = np.array([[cr, -sr, zero], [sr, cr, zero], [zero, zero, one]])
    return np.einsum("ijf,jkf,klf->fil", tilt, turn, nod).astype(np.float32)


def _lights(scene: Scene, rotations: np.ndarray) -> np.ndarray:
    """(frames, 7, 3) float32: ``shade``'s lights; directions turned into head coordinates, where the normals are."""

    def turned(direction: np.ndarray) -> np.ndarray:
        return np.einsum("fji,j->fi", rotations, direction)

    lights = np.empty((len(rotations), 7, 3), np.float32)
    lights[:, shade.KEY_DIRECTION], lights[:, shade.KEY] = turned(scene.key_direction), scene.key
    lights[:, shade.FILL_DIRECTION], lights[:, shade.FILL] = turned(scene.fill_direction), scene.fill
    lights[:, shade.AMBIENT] = scene.ambient
    lights[:, shade.VIEW] = turned(np.array([0, 0, 1], np.float32))
    lights[:, shade.UP] = turned(np.array([0, 1, 0], np.float32))
    return lights


def _enlarged(image: np.ndarray, side: int) -> np.ndarray:
    if image.shape[0] == side:
        return np.ascontiguousarray(image)
    layers = [Image.fromarray(image[..., k]).resize((side, side), Image.Resampling.BILINEAR) for k in range(3)]
    return np.ascontiguousarray(np.stack([np.asarray(layer) for layer in layers], -1))


def _lid_edge(rig: Rig) -> np.ndarray:
    """(vertices,) float32: 1 on the skin that touches the eyeball, less on the lower lid, 0 away from the eye."""
    edge = np.zeros(len(rig.base), np.float32)
    skin = rig.vertices_of(SKIN)
    for eye in rig.eyes:
        centre = rig.base[eye].mean(0)
        distance = np.linalg.norm(rig.base[skin] - centre, axis=1) / EYE_RADIUS
        upper = np.clip((rig.base[skin, 1] - centre[1]) / 0.03 + 0.5, 0.4, 1)
        edge[skin] = np.maximum(edge[skin], np.clip((1.12 - distance) / 0.06, 0, 1) * upper)
    return edge
