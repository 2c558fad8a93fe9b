"""Training samplers draw classes by their weights, and every clip of a class before any again."""

from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from tests.scripts import run_script

from emovlm.core.contracts.data import MANIFEST
from emovlm.core.contracts.frames import CLIP_INDEX, SCHEDULE
from emovlm.core.errors import StudyError
from emovlm.core.io import read_table, write_table
from emovlm.sampling.training_samplers import class_weights, training_schedule

ROOT = Path(__file__).resolve().parents[2]
COUNTS = {"neutral": 100, "anger": 36, "fear": 4}
BETA = 0.99


def manifest() -> pd.DataFrame:
    rows = [
        {"clip_id": f"d/{label}{k:03d}", "path": "clips/x.mp4", "label": label, "split": "train", "fold": 0,
         "identity": "p"}
        for label, n in COUNTS.items() for k in range(n)
    ]  # fmt: skip
    rows += [{**rows[0], "clip_id": f"d/test{k}", "split": split} for k, split in enumerate(("test", "pretrain"))]
    return pd.DataFrame(rows)


def draw(kind: str, n_draws: int = 3000, seed: int = 1, **more: Any) -> pd.DataFrame:
    row = {"sampler": kind, "kind": kind, **({"beta": BETA} if kind == "effective-number" else {})}
    schedule = training_schedule(row, manifest(), n_draws, seed, **more)
    return SCHEDULE.conform(schedule, "schedule").to_pandas()


def shares(schedule: pd.DataFrame) -> dict[str, float]:
    return schedule["clip_id"].str.extract(r"d/([a-z]+)")[0].value_counts(normalize=True).to_dict()


def test_class_weights_are_those_of_their_definitions() -> None:
    approx = pytest.approx
    assert class_weights({"kind": "natural"}, COUNTS) == approx(
        {"neutral": 100 / 140, "anger": 36 / 140, "fear": 4 / 140}
    )
    assert class_weights({"kind": "balanced"}, COUNTS) == approx(dict.fromkeys(COUNTS, 1 / 3))
    assert class_weights({"kind": "square-root"}, COUNTS) == approx(
        {"neutral": 10 / 18, "anger": 6 / 18, "fear": 2 / 18}
    )
    by_hand = {name: n / sum(BETA**k for k in range(n)) for name, n in COUNTS.items()}
    total = sum(by_hand.values())
    expected = {name: weight / total for name, weight in by_hand.items()}
    assert class_weights({"kind": "effective-number", "beta": BETA}, COUNTS) == approx(expected)


def test_the_effective_number_goes_from_natural_to_balanced_with_beta() -> None:
    assert class_weights({"kind": "effective-number", "beta": 0.0}, COUNTS) == pytest.approx(
        class_weights({"kind": "natural"}, COUNTS)
    )
    assert class_weights({"kind": "effective-number", "beta": 1 - 1e-9}, COUNTS) == pytest.approx(
        class_weights({"kind": "balanced"}, COUNTS), abs=1e-6
    )


@pytest.mark.parametrize("kind", ["natural", "balanced", "square-root", "effective-number"])
def test_drawn_shares_follow_the_weights_and_draw_only_from_split_train(kind: str) -> None:
    schedule = draw(kind)
    assert schedule["draw"].tolist() == list(range(3000))
    assert shares(schedule) == pytest.approx(class_weights({"kind": kind, "beta": BETA}, COUNTS), abs=0.03)


def test_each_clip_of_a_class_is_drawn_before_any_is_drawn_again() -> None:
    schedule = draw("balanced")
    for label, n in COUNTS.items():
        drawn = schedule.loc[schedule["clip_id"].str.startswith(f"d/{label}"), "clip_id"].tolist()
        passes = [drawn[k : k + n] for k in range(0, len(drawn), n)]
        assert all(len(set(one)) == len(one) for one in passes) and len(passes) > 2
        assert passes[0] != passes[1]


def test_a_seed_gives_one_schedule_and_a_shorter_one_is_its_beginning() -> None:
    pd.testing.assert_frame_equal(draw("square-root"), draw("square-root"))
    pd.testing.assert_frame_equal(draw("square-root", 500), draw("square-root")[:500])
    assert draw("square-root")["clip_id"].tolist() != draw("square-root", seed=2)["clip_id"].tolist()


def test_the_order_of_the_manifest_does_not_matter() -> None:
    row = {"sampler": "balanced", "kind": "balanced"}
    backwards = training_schedule(row, manifest()[::-1], 500, 1)
    assert backwards["clip_id"].tolist() == draw("balanced", 500)["clip_id"].tolist()


def test_clips_that_failed_to_decode_are_never_drawn() -> None:
    failed = ["d/fear000", "d/fear002"]
    drawn = draw("balanced", failed=failed)["clip_id"]
    assert not set(drawn) & set(failed) and {"d/fear001", "d/fear003"} <= set(drawn)


def folded() -> pd.DataFrame:
    """Clips of five folds: some evaluated, some not (split train), and some that no fold tests (fold 0)."""
    rows = [
        {"clip_id": f"d/{label}{k:03d}", "path": "x.mp4", "label": label, "identity": "p", "fold": k % 6,
         "split": "test" if k % 6 and k % 2 else "train"}
        for label, n in COUNTS.items() for k in range(3 * n)
    ]  # fmt: skip
    other = [{**rows[0], "clip_id": f"d/{split}", "split": split} for split in ("pretrain", "validation")]
    return pd.DataFrame([*rows, *other])


@pytest.mark.parametrize("kind", ["natural", "balanced", "square-root", "effective-number"])
@pytest.mark.parametrize("fold", [1, 2, 3, 4, 5])
def test_the_model_of_a_fold_is_trained_on_every_clip_but_those_of_its_fold(kind: str, fold: int) -> None:
    clips = folded().set_index("clip_id")
    for seed in range(5):
        row = {"sampler": kind, "kind": kind, "beta": BETA}
        drawn = set(training_schedule(row, folded(), 8000, seed, fold=fold)["clip_id"])
        assert (clips.loc[sorted(drawn), "fold"] != fold).all()
        assert drawn == set(clips.index[(clips["fold"] != fold) & clips["split"].isin(["train", "test"])])


def test_a_fold_without_clips_is_an_error() -> None:
    with pytest.raises(StudyError, match=r"row s: no clip is of fold 6; .* column folds"):
        training_schedule({"sampler": "s", "kind": "natural"}, folded(), 10, 1, fold=6)


@pytest.mark.parametrize(
    ("row", "n_draws", "message"),
    [
        ({"kind": "inverse"}, 10, "unknown kind of training sampler 'inverse'; known are natural, balanced, "),
        ({"kind": "effective-number"}, 10, "beta must be .*, not None"),
        ({"kind": "effective-number", "beta": 1.0}, 10, r"beta must be .* below 1, not 1\.0"),
        ({"kind": "effective-number", "beta": -0.5}, 10, "beta must be"),
        ({"kind": "natural"}, 0, "n_draws must be at least 1, not 0"),
    ],
)
def test_a_wrong_row_is_an_error_that_names_it(row: dict[str, Any], n_draws: int, message: str) -> None:
    with pytest.raises(StudyError, match=rf"training_samplers\.tsv, row s: .*{message}"):
        training_schedule({"sampler": "s", **row}, manifest(), n_draws, 1)


def test_a_dataset_without_training_clips_is_an_error() -> None:
    with pytest.raises(StudyError, match="row s: no clips to train on"):
        training_schedule({"sampler": "s", "kind": "natural"}, manifest().query("split == 'test'"), 10, 1)


def test_the_script_leaves_out_failed_clips(tmp_path: Path) -> None:
    whole = manifest()
    write_table(whole, tmp_path / "manifest.parquet", MANIFEST)
    clips = whole[["clip_id"]].assign(status="ok", reason=None, n_frames=5, fps=5.0, duration_s=1.0, width=8, height=8)
    clips.loc[clips["clip_id"] == "d/fear000", "status"] = "failed"
    write_table(clips, tmp_path / "clips.parquet", CLIP_INDEX)
    done = run_script(
        "sample_training",
        inputs={"manifest": tmp_path / "manifest.parquet", "clips": [tmp_path / "clips.parquet"]},
        outputs={"schedule": tmp_path / "out.parquet"},
        params={"sampler": {"sampler": "balanced", "kind": "balanced"}, "seed": 1, "n_draws": 3000, "fold": 0},
    )
    assert done.returncode == 0, done.stderr
    drawn = read_table(tmp_path / "out.parquet", SCHEDULE)
    assert drawn["clip_id"].tolist() == draw("balanced", failed=["d/fear000"])["clip_id"].tolist()
