"""Frame samplers choose the frames they say they choose."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from tests.scripts import run_script

from emovlm.core.contracts.frames import CLIP_INDEX, FRAME_INDEX, SAMPLE
from emovlm.core.errors import StudyError
from emovlm.core.io import read_table, write_table
from emovlm.sampling.frame_samplers import sample_frames

ROOT = Path(__file__).resolve().parents[2]
Tables = tuple[pd.DataFrame, pd.DataFrame]


def tables(**timestamps: list[float]) -> Tables:
    """The two indices of clips with these timestamps in s; a clip without any is a failed one."""
    clips, frames = [], []
    for name, times in timestamps.items():
        step = times[-1] / (len(times) - 1) if len(times) > 1 else 1.0
        clips.append({
            "clip_id": f"d/{name}", "status": "ok" if times else "failed", "reason": None if times else "missing",
            "n_frames": len(times), "fps": round(1 / step, 6) if times else 0.0, "duration_s": len(times) * step,
            "width": 112, "height": 112,
        })  # fmt: skip
        frames += [{"clip_id": f"d/{name}", "frame_index": k, "timestamp_s": t} for k, t in enumerate(times)]
    return pd.DataFrame(clips), pd.DataFrame(frames, columns=list(FRAME_INDEX.columns))


def steady(n: int, fps: float = 25) -> list[float]:
    return [round(k / fps, 6) for k in range(n)]


def sample(data: Tables, base: dict[str, Any] | None = None, seed: int = 1, **row: Any) -> pd.DataFrame:
    chosen = sample_frames({"sampler": "s", **row}, base, seed, *data)
    return SAMPLE.conform(chosen, "sample").to_pandas()


def indices(chosen: pd.DataFrame, name: str = "a") -> list[int]:
    return chosen.loc[chosen["clip_id"] == f"d/{name}", "frame_index"].tolist()


def test_a_rate_takes_the_first_frame_at_or_after_each_grid_time() -> None:
    data = tables(a=steady(60), b=[0.0, 0.3, 0.52, 0.9, 1.4])
    assert indices(sample(data, kind="rate", rate=1)) == [0, 25, 50]
    assert indices(sample(data, kind="rate", rate=5)) == list(range(0, 60, 5))
    assert indices(sample(data, kind="rate", rate=10))[:5] == [0, 3, 5, 8, 10]
    assert indices(sample(data, kind="rate", rate=2), "b") == [0, 2, 4]
    chosen = sample(data, kind="rate", rate=2)
    assert chosen.loc[chosen["clip_id"] == "d/b", "timestamp_s"].tolist() == [0.0, 0.52, 1.4]
    assert set(chosen["role"]) == {"frame"} and set(chosen["gap"]) == {0}


def test_a_rate_never_takes_a_frame_twice_and_from_the_clips_own_rate_on_takes_all() -> None:
    data = tables(a=steady(40, 5), b=steady(70, 24.97), c=[0.0, 0.01, 0.02, 1.0, 2.0])
    for rate in (5, 20, 25, 1000):
        assert indices(sample(data, kind="rate", rate=rate)) == list(range(40))
    assert indices(sample(data, kind="rate", rate=25), "b") == list(range(70))
    assert indices(sample(data, kind="rate", rate=1), "c") == [0, 3, 4]


def test_timestamps_rounded_to_a_millisecond_do_not_shift_the_grid() -> None:
    data = tables(a=[round(k / 30, 3) for k in range(61)])
    assert indices(sample(data, kind="rate", rate=15)) == list(range(0, 61, 2))


def test_all_takes_every_frame() -> None:
    assert indices(sample(tables(a=steady(7)), kind="all")) == list(range(7))


def test_keyframes_are_the_grid_numbered() -> None:
    chosen = sample(tables(a=steady(60)), kind="keyframes", rate=1)
    assert chosen[["position", "frame_index", "role", "gap"]].to_numpy().tolist() == [
        [0, 0, "keyframe", 0], [1, 25, "keyframe", 1], [2, 50, "keyframe", 2],
    ]  # fmt: skip


def test_frames_between_lie_evenly_and_strictly_between_keyframes_and_after_the_last() -> None:
    data = tables(a=steady(53), b=steady(26), c=steady(3, 1))
    chosen = sample(data, kind="between", rate=1, count=4)
    assert indices(chosen) == [5, 10, 15, 20, 30, 35, 40, 45, 51, 52]
    assert chosen.loc[chosen["clip_id"] == "d/a", "gap"].tolist() == [0] * 4 + [1] * 4 + [2] * 2
    assert indices(chosen, "b") == [5, 10, 15, 20]  # nothing after a keyframe that is the last frame
    assert indices(chosen, "c") == []  # every frame is a keyframe
    assert set(chosen["role"]) == {"between"}


@pytest.mark.parametrize("fps", [7, 10, 24, 25, 29.97, 60])
@pytest.mark.parametrize("count", [1, 4, 9])
def test_between_never_repeats_a_frame_nor_takes_a_keyframe(fps: float, count: int) -> None:
    data = tables(a=steady(101, fps))
    keyframes = indices(sample(data, kind="keyframes", rate=1))
    chosen = sample(data, kind="between", rate=1, count=count)
    assert len(set(indices(chosen))) == len(chosen) and not set(indices(chosen)) & set(keyframes)
    for gap, (start, end) in enumerate(zip(keyframes, [*keyframes[1:], 101], strict=True)):
        inside = chosen.loc[chosen["gap"] == gap, "frame_index"]
        assert len(inside) == min(count, end - start - 1) and inside.between(start + 1, end - 1).all()


def test_count_takes_the_centres_of_equal_parts_and_repeats_in_a_short_clip() -> None:
    data = tables(a=steady(80), b=steady(3), c=[0.0])
    chosen = sample(data, kind="uniform", count=8)
    assert indices(chosen) == [5, 15, 25, 35, 45, 55, 65, 75]
    assert indices(chosen, "b") == [0, 0, 0, 1, 1, 2, 2, 2]
    assert indices(chosen, "c") == [0] * 8
    assert indices(sample(data, kind="uniform", count=1)) == [40]


def test_every_takes_each_nth_frame_whatever_their_times() -> None:
    data = tables(a=steady(10), b=steady(9, 50), c=[0.0, 0.1, 0.9, 1.0, 3.0])
    assert [indices(sample(data, kind="every", step=4), c) for c in "abc"] == [[0, 4, 8], [0, 4, 8], [0, 4]]
    assert indices(sample(data, kind="every", step=1)) == list(range(10))
    with pytest.raises(StudyError, match="row s: step must be a whole number of at least 1, not 0"):
        sample(data, kind="every", step=0)


def test_shuffled_has_the_bases_frames_in_another_order() -> None:
    data = tables(**{f"c{k}": steady(2 + k % 60) for k in range(200)}, one=[0.0])
    base = {"sampler": "b", "kind": "all"}
    ordered, mixed = sample(data, kind="all"), sample(data, base, kind="shuffled")
    for clip_id, part in mixed.groupby("clip_id"):
        before = ordered.loc[ordered["clip_id"] == clip_id, "frame_index"].tolist()
        assert sorted(part["frame_index"]) == before
        assert part["frame_index"].tolist() != before or len(before) == 1
        assert part["position"].tolist() == list(range(len(before)))
    pd.testing.assert_frame_equal(mixed, sample(data, base, kind="shuffled"))
    assert indices(mixed, "c50") != indices(sample(data, base, kind="shuffled", seed=2), "c50")


def test_reversed_has_the_bases_frames_last_first() -> None:
    base = {"sampler": "fps5", "kind": "rate", "rate": 5.0}
    assert indices(sample(tables(a=steady(60)), base, kind="reversed")) == list(range(55, -1, -5))


def test_held_has_as_many_frames_as_its_base_but_news_only_at_the_rate() -> None:
    base = {"sampler": "all", "kind": "rate", "rate": 25.0}
    data = tables(a=steady(60), b=[0.0, 0.3, 0.52, 0.9, 1.4])
    assert indices(sample(data, base, kind="held", rate=1)) == [0] * 25 + [25] * 25 + [50] * 10
    assert indices(sample(data, base, kind="held", rate=2), "b") == [0, 0, 2, 2, 4]
    same = sample(data, base, kind="held", rate=25)
    assert indices(same) == list(range(60))


def test_a_window_lies_around_the_middle_and_repeats_the_ends_of_a_short_clip() -> None:
    data = tables(a=steady(61), b=steady(21, 10), c=[0.0])
    assert indices(sample(data, kind="window", rate=25, count=5)) == [28, 29, 30, 31, 32]
    assert indices(sample(data, kind="window", rate=5, count=5)) == [20, 25, 30, 35, 40]
    assert indices(sample(data, kind="window", rate=1, count=5), "b") == [0, 0, 10, 20, 20]
    assert indices(sample(data, kind="window", rate=1, count=3), "c") == [0, 0, 0]


def test_shuffled_does_not_swap_only_equal_frames() -> None:
    data = tables(**{f"c{k}": steady(2) for k in range(50)})
    base = {"sampler": "b", "kind": "uniform", "count": 8}
    mixed = sample(data, base, kind="shuffled")
    for clip_id in data[0]["clip_id"]:
        assert mixed.loc[mixed["clip_id"] == clip_id, "frame_index"].tolist() != [0, 0, 0, 0, 1, 1, 1, 1]


def test_shuffling_a_clip_does_not_depend_on_the_other_clips() -> None:
    base = {"sampler": "b", "kind": "rate", "rate": 5}
    alone = sample(tables(a=steady(60)), base, kind="shuffled")
    among = sample(tables(b=steady(33), a=steady(60)), base, kind="shuffled")
    assert indices(alone) == indices(among)


def test_failed_clips_have_no_rows() -> None:
    assert set(sample(tables(a=steady(9), b=[]), kind="all")["clip_id"]) == {"d/a"}
    assert len(sample(tables(b=[]), kind="all")) == 0


@pytest.mark.parametrize(
    ("row", "base", "message"),
    [
        ({"kind": "rate", "rate": -5}, None, "row s: rate must be .* above 0, not -5"),
        ({"kind": "rate", "rate": 0}, None, "row s: rate must be"),
        ({"kind": "rate", "rate": "5"}, None, "row s: rate must be"),
        ({"kind": "rate"}, None, "row s: rate must be .* not None"),
        ({"kind": "keyframes", "rate": float("inf")}, None, "row s: rate must be"),
        ({"kind": "between", "rate": 1, "count": 0}, None, "row s: count must be .* at least 1, not 0"),
        ({"kind": "between", "rate": -1, "count": 4}, None, "row s: rate must be"),
        ({"kind": "uniform", "count": 2.5}, None, "row s: count must be"),
        ({"kind": "apex"}, None, "row s: unknown kind of frame sampler 'apex'; known are rate, keyframes, .*shuffled"),
        ({"kind": "shuffled"}, None, "row s: a shuffled sampler needs a base"),
        ({"kind": "shuffled"}, {"sampler": "t", "kind": "shuffled"}, "row s: its base t is itself shuffled"),
        ({"kind": "shuffled"}, {"sampler": "t", "kind": "rate", "rate": 0}, "row t: rate must be"),
    ],
)
def test_a_wrong_row_is_an_error_that_names_it(row: dict[str, Any], base: dict[str, Any] | None, message: str) -> None:
    with pytest.raises(StudyError, match=rf"frame_samplers\.tsv, {message}"):
        sample(tables(a=steady(30)), base, **row)


def test_indices_of_different_shards_are_an_error_that_names_the_clip() -> None:
    clips, frames = tables(a=steady(30), b=steady(4))
    with pytest.raises(StudyError, match="clip d/b: the clip index has 4 frames, the frame index 0"):
        sample((clips, frames[frames["clip_id"] == "d/a"]), kind="all")


def test_the_script_joins_shards(tmp_path: Path) -> None:
    for number, data in enumerate((tables(a=steady(60)), tables(b=[]), tables(c=steady(10, 5)))):
        write_table(data[0], tmp_path / f"{number}.clips.parquet", CLIP_INDEX)
        write_table(data[1], tmp_path / f"{number}.frames.parquet", FRAME_INDEX)
    sampler, base = {"sampler": "x", "kind": "shuffled"}, {"sampler": "fps5", "kind": "rate", "rate": 5.0}
    done = run_script(
        "sample_frames",
        inputs={kind: sorted(tmp_path.glob(f"*.{kind}.parquet")) for kind in ("clips", "frames")},
        outputs={"sample": tmp_path / "out.parquet"},
        params={"sampler": sampler, "base": base, "seed": 7},
    )
    assert done.returncode == 0, done.stderr
    chosen = read_table(tmp_path / "out.parquet", SAMPLE)
    assert sorted(indices(chosen)) == list(range(0, 60, 5)) and sorted(indices(chosen, "c")) == list(range(10))
    assert np.array_equal(chosen["timestamp_s"], chosen["frame_index"] / np.where(chosen["clip_id"] == "d/a", 25, 5))
