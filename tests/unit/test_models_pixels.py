"""Frames of a video are enlarged as the vendor of the Qwen models does where the row asks for it, others are not."""

from pathlib import Path

import numpy as np
import pytest
from tests.study_tables import plain_rows
from tests.tiny_models.models import MODELS
from tests.tiny_models.saved import loaded, saved

from emovlm.core.errors import StudyError
from emovlm.models.base import Frame
from emovlm.models.vlm.families import FAMILIES

ROOT = Path(__file__).resolve().parents[2]
QUESTION = "Which emotion does the person show?"
VENDOR = {
    28: {
        (224, 224): (336, 336), (64, 64): (336, 336), (180, 320): (252, 448), (320, 180): (448, 252),
        (240, 320): (280, 392), (300, 333): (308, 336), (330, 330): (336, 336), (336, 336): (336, 336),
        (360, 640): (364, 644), (100, 300): (196, 560), (448, 448): (448, 448),
    },
    32: {
        (224, 224): (384, 384), (64, 64): (384, 384), (180, 320): (288, 512), (320, 180): (512, 288),
        (240, 320): (320, 448), (300, 333): (352, 384), (330, 330): (384, 384), (336, 336): (384, 384),
        (360, 640): (352, 640), (100, 300): (224, 640), (448, 448): (448, 448),
    },
}  # fmt: skip
"""Pixels a side of a token -> height and width of a frame -> what `smart_resize` of qwen-vl-utils 0.0.14 makes of them
with its defaults for a video, at least 128 and at most 768 tokens."""
STEPS = {"qwen2.5-vl": 28, "qwen2.5-omni": 28, "qwen3-vl": 32}
LEAST = {family: 128 * step**2 for family, step in STEPS.items()}


def frames(n, height, width):
    draw = np.random.default_rng(0)
    return [Frame(draw.integers(0, 256, (height, width, 3), dtype=np.uint8), i / 5) for i in range(n)]


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    return {family: saved(family, tmp_path_factory.mktemp("tiny") / family) for family in STEPS}


def sizes(system, parts, kind="video"):
    """Height and width of the frames as the processor passes them on."""
    patch = system.processor.video_processor.patch_size
    return [(int(h) * patch, int(w) * patch) for _, h, w in system._inputs(parts)[f"{kind}_grid_thw"]]


@pytest.mark.parametrize("family", STEPS)
def test_frames_of_a_video_have_the_size_that_the_vendors_own_tool_gives_them(folders, family):
    system = loaded(family, folders[family], min_pixels=LEAST[family])
    for (height, width), expected in VENDOR[STEPS[family]].items():
        assert sizes(system, [*frames(3, height, width), QUESTION]) == [expected]
    several = [*frames(2, 224, 224), "nothing.", *frames(5, 64, 64), QUESTION]
    assert sizes(system, several) == [VENDOR[STEPS[family]][224, 224]] * 2


@pytest.mark.parametrize(("family", "before"), [("qwen2.5-vl", 64), ("qwen2.5-omni", 64), ("qwen3-vl", 49)])
def test_a_step_of_two_frames_of_224_pixels_is_144_tokens_and_was_fewer(folders, family, before):
    for row, tokens in (({}, before), ({"min_pixels": LEAST[family]}, 144)):
        system = loaded(family, folders[family], **row)
        number = system.processor.tokenizer.convert_tokens_to_ids(system.processor.video_token)
        assert int((system._inputs([*frames(6, 224, 224), QUESTION])["input_ids"] == number).sum()) == 3 * tokens


@pytest.mark.parametrize("family", STEPS)
def test_a_frame_alone_between_texts_is_an_image_and_stays_as_it_is(folders, family):
    shown = frames(2, 224, 224)
    parts = [shown[0], "brows rise.", shown[1], QUESTION]
    found = [
        sizes(loaded(family, folders[family], **row), parts, "image") for row in ({}, {"min_pixels": LEAST[family]})
    ]
    assert found == [[(224, 224)] * 2] * 2


def test_a_frame_is_enlarged_after_its_largest_side_was_limited(folders):
    system = loaded("qwen2.5-vl", folders["qwen2.5-vl"], pixels=112, min_pixels=28 * 28 * 40)
    assert sizes(system, [*frames(2, 448, 448), QUESTION]) == [(196, 196)]  # 112 x 1.58, in whole tokens


@pytest.mark.parametrize("family", [family for family in MODELS if not FAMILIES[family].any_size])
def test_where_the_weights_fix_the_size_the_column_is_an_error(tmp_path, family):
    with pytest.raises(StudyError, match=f"min_pixels: the weights of a model of family {family} fix the size"):
        loaded(family, saved(family, tmp_path), min_pixels=100352)


def test_the_papers_systems_are_shown_frames_as_their_vendor_shows_them():
    rows = {row["system"]: row for row in plain_rows(ROOT / "config/paper/systems.tsv") if row["training"] == "none"}
    asked = {name: int(row["min_pixels"]) for name, row in rows.items() if "min_pixels" in row}
    assert asked == {
        "qwen2-5-vl": 128 * 28**2, "qwen2-5-omni": 128 * 28**2, "emotion-qwen": 128 * 28**2, "qwen3-vl": 128 * 32**2,
    }  # fmt: skip
