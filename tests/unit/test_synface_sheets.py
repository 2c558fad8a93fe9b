"""Datasheet and sheets of pictures of a rendered corpus."""

import numpy as np
import pandas as pd
import pytest
from tests.conftest import RENDERING, render_corpus

from emovlm.core.contracts.data import CLIP_PLAN, CLIP_TRUTH, FRAME_TRUTH
from emovlm.core.errors import StudyError
from emovlm.core.io import read_table, write_table
from emovlm.synface.datasheet import datasheet
from emovlm.synface.face.rig import load_rig
from emovlm.synface.motion.expression import CLASSES, PROTOTYPES
from emovlm.synface.plan import plan_clips
from emovlm.synface.sheet import GAP, LABEL_WIDTH, apex_sheet, contact_sheet, save_sheet, strips

CORPUS = {
    "test": {"clips": 33, "per_class": "equal", "fps": 5, "identities": 6},
    "micro_share": 0.0,
    "order_share": 0.34,
}
SETTINGS = {**RENDERING, "command": "snakemake results/raw/synface/DATASHEET.md"}
HEADINGS = [
    "Motivation", "Composition", "Collection process", "Preprocessing, cleaning and labelling", "Uses", "Distribution",
    "Maintenance",
]  # fmt: skip


@pytest.fixture(scope="module")
def moving(rig_path, class_sizes, tmp_path_factory):
    """A corpus with one order-dependent clip for each class but neutral, and no micro-expressions."""
    folder = tmp_path_factory.mktemp("moving")
    write_table(plan_clips("synface", CORPUS, class_sizes, seed=3), folder / "plan.parquet", CLIP_PLAN)
    render_corpus(folder, rig_path, n_shards=1)
    return folder


def tables_of(folder):
    names = {"plan": CLIP_PLAN, "truth/clips": CLIP_TRUTH, "truth/frames": FRAME_TRUTH}
    return [read_table(folder / f"{name}.parquet", contract) for name, contract in names.items()]


def faces(sheet, row, tile):
    """The faces of one row of a sheet, from left to right."""
    step, pixels = tile + GAP, np.asarray(sheet, float)
    columns = (sheet.width - LABEL_WIDTH) // step
    top = row * step
    return [pixels[top : top + tile, LABEL_WIDTH + k * step : LABEL_WIDTH + k * step + tile] for k in range(columns)]


def test_the_datasheet_has_every_heading_and_the_tables_numbers(clip_folder, rig_path):
    plan, clips, frames = tables_of(clip_folder)
    text = datasheet("synface", plan, clips, frames, load_rig(rig_path), SETTINGS)
    assert [line.removeprefix("## ") for line in text.splitlines() if line.startswith("## ")] == HEADINGS
    assert f"{len(clips)} clips of {clips['identity'].nunique()} rendered people" in text
    assert f"{len(frames)} frames" in text
    assert f"{clips['micro'].sum()} clips show only a micro-expression" in text
    for split, part in plan.groupby("split"):
        row = next(line for line in text.splitlines() if line.startswith(f"| {split} |"))
        cells = [cell.strip() for cell in row.strip("|").split("|")]
        assert cells[1:4] == [str(len(part)), str(part["identity"].nunique()), f"{part['fps'].iloc[0]:g}"]
        assert cells[4] == f"{part['duration_s'].min():.1f}"
    counts = pd.crosstab(clips["label"], clips["split"])
    for label in CLASSES:
        assert f"| {label} | {' | '.join(map(str, counts.loc[label]))} |" in text
        assert f"- {label}" in text
    assert text.count("(ours)") == 2 and SETTINGS["command"] in text
    assert sum(len(variants) - 1 for variants in PROTOTYPES.values()) == text.count("; or ")


def test_the_people_of_the_datasheet_add_up_and_the_bytes_repeat(clip_folder, rig_path):
    rig, tables = load_rig(rig_path), tables_of(clip_folder)
    text = datasheet("synface", *tables, rig, SETTINGS)
    for trait in ("sex", "age", "ancestry", "hair", "beard"):
        line = next(line for line in text.splitlines() if line.startswith(f"- {trait}: "))
        counts = [int(part.split()[-1]) for part in line.split(": ")[1].split(", ")]
        assert sum(counts) == tables[1]["identity"].nunique()
    assert text == datasheet("synface", *tables, rig, SETTINGS)


def test_strips_show_an_order_dependent_clip_and_the_same_backwards(moving, tmp_path):
    _, clips, _ = tables_of(moving)
    sheet = strips(clips, moving / "clips", columns=6, tile=64)
    last = sheet.height // (64 + GAP) - 1  # without micro-expressions the pair comes last
    forwards, backwards = faces(sheet, last - 1, 64), faces(sheet, last, 64)
    apart = [np.abs(np.array(forwards) - np.array(other)).mean() for other in (backwards[::-1], backwards)]
    assert apart[0] < 5 and apart[0] < 0.6 * apart[1]
    save_sheet(sheet, tmp_path / "strips.png")
    assert (tmp_path / "strips.png").stat().st_size > 1000


def test_a_corpus_without_order_has_strips_of_its_classes_and_a_micro_expression(clip_folder):
    _, clips, _ = tables_of(clip_folder)
    front = clips[clips["yaw_deg"].abs() <= 12]
    rows = front.loc[~front["micro"], "label"].nunique() + int(front["micro"].any())
    assert strips(clips, clip_folder / "clips", columns=3, tile=32).height == rows * (32 + GAP)


def test_order_dependent_clips_are_on_no_sheet_of_single_expressions(moving, rig_path):
    plan, clips, _ = tables_of(moving)
    sheet = contact_sheet(clips, moving / "clips", columns=3, tile=32)
    left = contact_sheet(clips[clips["order"].isna()], moving / "clips", columns=3, tile=32)
    assert np.array_equal(np.asarray(sheet), np.asarray(left))
    rig = load_rig(rig_path)
    apex = apex_sheet(plan, rig, RENDERING["seed"], 48, 1, people=3)
    single = plan[plan["order"].isna()]
    assert np.array_equal(np.asarray(apex), np.asarray(apex_sheet(single, rig, RENDERING["seed"], 48, 1, people=3)))
    assert apex.size == (LABEL_WIDTH + 3 * (48 + GAP), len(CLASSES) * (48 + GAP))


def test_an_apex_sheet_shows_the_expression_that_the_clips_show(moving, rig_path):
    """Rendered at the clips' size, its faces are those of the clips but for compression and grain."""
    plan, clips, _ = tables_of(moving)
    rendered = apex_sheet(plan, load_rig(rig_path), RENDERING["seed"], 64, 1, people=1)
    first = plan[plan["order"].isna()].sort_values("name").drop_duplicates("label")["name"]
    chosen = clips[clips["clip_id"].isin("synface/" + first)]
    decoded = contact_sheet(chosen, moving / "clips", columns=1, tile=64)
    for row in range(len(CLASSES)):
        apart = np.abs(faces(rendered, row, 64)[0] - faces(decoded, row, 64)[0]).mean()
        assert apart < 8, CLASSES[row]


def test_nothing_to_show_is_an_error(moving, rig_path):
    plan, clips, _ = tables_of(moving)
    with pytest.raises(StudyError, match="no clip to show"):
        contact_sheet(clips[clips["order"].notna()], moving / "clips")
    with pytest.raises(StudyError, match="empty"):
        apex_sheet(plan.head(0), load_rig(rig_path), 1, 32, 1)
