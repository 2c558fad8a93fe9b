"""The short ways of the renderer show what the long ways show.

Pictures are compared with plain ones made here and not with stored hashes: compilers round differently for other
processors, so a hash would hold for one kind of machine only.
"""

import numpy as np
import pytest

from emovlm.core.hashing import rng
from emovlm.synface.face.canvas import make_canvas, rows_of, stroke
from emovlm.synface.face.identity import make_identity
from emovlm.synface.face.rig import load_rig
from emovlm.synface.motion.distractors import draw_pose
from emovlm.synface.motion.expression import draw_event, express
from emovlm.synface.rendering import raster, shade
from emovlm.synface.rendering.render import GAMMA, NOISE_SIZE, Renderer
from emovlm.synface.rendering.scene import draw_scene

SIDE = 64


@pytest.fixture(scope="module")
def rig(rig_path):
    return load_rig(rig_path)


@pytest.fixture(scope="module")
def canvas(rig):
    return make_canvas(rig)


def filmed(renderer, identity, seed):
    """Frames of someone who expresses anger, with wrinkles, an open mouth and a moving head."""
    draw, t = rng(seed), np.arange(8) / 5
    action = express(draw, "anger", 2, 1.0, t, draw_event(draw, t[-1], micro=False))
    return renderer.clip(identity, draw_scene(draw, renderer.size), action, draw_pose(draw, t), 0.05, draw)


def z_buffer(points, triangles, side):
    """(side, side) int: the triangle that each pixel sees, -1 for none; all pixels tried for each triangle."""
    y, x = np.mgrid[0:side, 0:side] + 0.5
    depth, seen = np.zeros((side, side)), np.full((side, side), -1)
    for number, (a, b, c) in enumerate(points[triangles].astype(float)):
        area = (b[0] - a[0]) * (c[1] - a[1]) - (c[0] - a[0]) * (b[1] - a[1])
        if area >= 0:
            continue
        w1 = ((x - a[0]) * (c[1] - a[1]) - (c[0] - a[0]) * (y - a[1])) / area
        w2 = ((b[0] - a[0]) * (y - a[1]) - (x - a[0]) * (b[1] - a[1])) / area
        z = (1 - w1 - w2) * a[2] + w1 * b[2] + w2 * c[2]
        nearer = (w1 >= 0) & (w2 >= 0) & (w1 + w2 <= 1) & (z > depth)
        depth[nearer], seen[nearer] = z[nearer], number
    return seen


def rasterised(points, triangles, side, inside=None, first_inside=None):
    depth, seen = np.zeros((side, side), np.float32), np.zeros((side, side), np.int32)
    weights = np.zeros((side, side, 2), np.float32)
    inside = np.zeros(len(triangles), np.uint8) if inside is None else inside
    first_inside = len(triangles) if first_inside is None else first_inside
    raster.rasterise(points, triangles, inside, first_inside, depth, seen, weights)
    return seen, weights


def test_each_pixel_sees_the_nearest_triangle():
    draw = np.random.default_rng(4)
    corners = draw.uniform(-20, SIDE + 20, (300, 1, 2)) + draw.normal(0, 12, (300, 3, 2))  # some reach over the edge
    corners = np.concatenate([corners, [[[-99, -99], [0, 300], [300, 0]]]])  # and one covers the picture
    depth = np.append(draw.uniform(0.2, 1, 300), 0.1)  # 1 / distance: that one lies behind all others
    points = np.concatenate([corners, np.broadcast_to(depth[:, None, None], (301, 3, 1))], 2)
    points = points.reshape(-1, 3).astype(np.float32)
    triangles = np.arange(903, dtype=np.int32).reshape(-1, 3)
    seen, weights = rasterised(points, triangles, SIDE)
    expected = z_buffer(points, triangles, SIDE)
    assert len(np.unique(expected)) > 50 and (expected >= 0).all()
    assert (seen == expected).mean() > 0.998  # a pixel's centre may lie on an edge
    share = np.concatenate([1 - weights.sum(-1, keepdims=True), weights], -1)
    place = (points[triangles[seen]][..., :2] * share[..., None]).sum(2)
    assert np.allclose(place, np.stack(np.meshgrid(*[np.arange(SIDE) + 0.5] * 2), -1), atol=1e-3)


def test_teeth_are_seen_only_through_the_mouth():
    corners = [[0, 0], [0, 64], [64, 0], [64, 64]]
    points = np.array([[x, y, z] for z in (0.5, 0.6) for x, y in corners], np.float32)
    triangles = np.array([[0, 1, 2], [1, 3, 2], [4, 5, 6], [5, 7, 6]], np.int32)
    seen, _ = rasterised(points, triangles, SIDE, np.array([0, 1, 1, 1], np.uint8), first_inside=2)
    assert set(np.unique(seen)) == {0, 3}  # the skin (0) hides the tooth (2) that lies in front of it


def test_normals_and_hollows_of_some_vertices_are_those_found_for_all(rig):
    head, everywhere = rig.base, np.ones(len(rig.base), bool)
    some = np.zeros(len(head), bool)
    some[np.random.default_rng(0).choice(len(head), 500, replace=False)] = True
    found = []
    for wanted in (everywhere, some):
        normals, hollow = np.zeros_like(head), np.zeros(len(head), np.float32)
        raster.vertex_normals(head, rig.triangles, wanted, normals)
        raster.hollows(head, normals, *rig.neighbours, wanted, hollow)
        found.append((normals[some], hollow[some]))
    assert np.array_equal(found[0][0], found[1][0]) and np.array_equal(found[0][1], found[1][1])
    assert np.allclose(np.linalg.norm(found[0][0], axis=1), 1, atol=1e-3)


def test_a_clip_does_not_depend_on_what_was_rendered_before(rig, canvas):
    people = [make_identity(rig, canvas, 3, name) for name in ("one", "other")]
    used, fresh = Renderer(rig, canvas, SIDE), Renderer(rig, canvas, SIDE)
    filmed(used, people[0], 1)
    assert np.array_equal(filmed(used, people[1], 2), filmed(fresh, people[1], 2))


class Thorough(Renderer):
    """Computes every term of every pixel's colour, also those that must be zero."""

    def _plain(self, identity):
        return np.zeros(len(identity.triangles), bool)


def test_terms_are_left_out_only_where_they_are_zero(rig, canvas):
    for name in ("one", "other", "third"):
        person = make_identity(rig, canvas, 3, name)
        short, long = Renderer(rig, canvas, SIDE), Thorough(rig, canvas, SIDE)
        assert 0.2 < short._plain(person).mean() < 0.9
        difference = np.abs(filmed(short, person, 5).astype(int) - filmed(long, person, 5))
        assert difference.max() <= 1 and (difference > 0).mean() < 1e-4  # for another processor may round otherwise


def test_a_frame_is_the_exposed_light_with_grain_from_any_corner_of_the_noise():
    draw = np.random.default_rng(1)
    light = draw.gamma(1.0, 0.5, (40, 40, 3)).astype(np.float32)
    noise = draw.standard_normal((NOISE_SIZE, NOISE_SIZE, 3)).astype(np.float32)
    tiled = np.pad(noise, ((0, 0), (0, 40), (0, 0)), mode="wrap").reshape(NOISE_SIZE, -1)
    value = light * 1.3
    value = value / (1 + 0.15 * value)
    level = GAMMA[np.minimum(1023, (value * 1023).astype(int))]
    for row, column in ((0, 0), (17, 100), (NOISE_SIZE - 1, NOISE_SIZE - 1)):
        frame = np.zeros((40, 120), np.uint8)
        shade.expose(light.reshape(40, -1), np.float32(1.3), GAMMA, np.float32(2), tiled, row, 3 * column, frame)
        grain = np.roll(noise, (-row, -column), (0, 1))[:40, :40]
        expected = np.clip(level + 2 * grain + 0.5, 0, 255).astype(int)
        difference = np.abs(frame.reshape(40, 40, 3) - expected)
        assert (difference > 0).mean() < 0.002 and difference.max() <= 2  # where a step of GAMMA is missed by rounding


def test_subpixels_are_averaged():
    light = np.random.default_rng(2).random((12, 12, 3), np.float32)
    for supersampling in (2, 3):
        side = 12 // supersampling
        mean = np.zeros((side, side, 3), np.float32)
        shade.average(light, supersampling, mean)
        expected = light.reshape(side, supersampling, side, supersampling, 3).mean((1, 3))
        assert np.allclose(mean, expected, atol=1e-6)


def test_a_stroke_covers_nothing_outside_its_rows(canvas):
    draw = np.random.default_rng(3)
    for _ in range(20):
        height = draw.uniform(6.2, 7.8)
        line = [(x, height + draw.normal(0, 0.05), draw.uniform(0.004, 0.05)) for x in (0.1, 0.3, 0.5)]
        rows, cover = rows_of(canvas, line), stroke(canvas.x, canvas.y, line)
        assert cover[rows].any() and rows.stop - rows.start < 64
        cover[rows] = 0
        assert not cover.any()
