"""What must hold whatever the input: samplers, tables, parsers of replies, decisions and statistics (hypothesis)."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy.stats import permutation_test, spearmanr

from emovlm.core.contract import Column, Table
from emovlm.core.hashing import shard_of
from emovlm.core.io import read_table, write_table
from emovlm.evaluation.parsing import read_reply
from emovlm.sampling.frame_samplers import SAMPLERS, Derived, sample_frames
from emovlm.sampling.training_samplers import TRAINING_SAMPLERS, class_weights
from emovlm.statistics.lexical.exact import exact_spearman
from emovlm.statistics.sign_flips import p_flip, p_of_sums

CLASSES = ("anger", "disgust", "fear", "happiness", "neutral", "sadness", "surprise")

# --- frame samplers -----------------------------------------------------------------------------------------------
GAPS_S = st.lists(st.integers(1, 2000), min_size=0, max_size=80)  # ms from frame to frame
BASE = {"sampler": "base", "kind": "all"}


def clip(gaps_ms: list[int]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The two indices of one clip whose frames are so far apart."""
    times = np.concatenate([[0], np.cumsum(gaps_ms)]) / 1000
    n = len(times)
    fps = (n - 1) / times[-1] if n > 1 else 1.0
    clips = pd.DataFrame({"clip_id": ["d/a"], "status": "ok", "n_frames": n, "fps": fps})
    return clips, pd.DataFrame({"clip_id": "d/a", "frame_index": np.arange(n), "timestamp_s": times})


@pytest.mark.parametrize("kind", sorted(SAMPLERS))
@given(gaps_ms=GAPS_S, rate=st.floats(0.1, 60), count=st.integers(1, 40), seed=st.integers(0, 9))
def test_a_sampler_takes_frames_that_exist_at_their_own_times_and_the_same_ones_again(kind, gaps_ms, rate, count, seed):
    clips, frames = clip(gaps_ms)
    row: dict[str, Any] = {"sampler": "s", "kind": kind, "rate": rate, "count": count, "step": count}
    base = BASE if isinstance(SAMPLERS[kind], Derived) else None
    taken, again = (sample_frames(row, base, seed, clips, frames) for _ in range(2))
    pd.testing.assert_frame_equal(taken, again)
    index = taken["frame_index"].to_numpy(int)
    assert (index >= 0).all() and (index < len(frames)).all()
    np.testing.assert_array_equal(taken["timestamp_s"], frames["timestamp_s"].to_numpy()[index])
    assert taken["position"].tolist() == list(range(len(taken)))
    if kind in ("rate", "keyframes", "all", "every"):
        assert (np.diff(index) > 0).all() and index[0] == 0
    if kind in ("uniform", "window"):
        assert len(index) == count and (np.diff(index) >= 0).all()
    if kind in ("shuffled", "reversed"):
        assert sorted(index) == list(range(len(frames)))
    if kind == "held":
        assert len(index) == len(frames) and (index <= np.arange(len(frames))).all() and (np.diff(index) >= 0).all()
    if kind == "between":
        keyframes = sample_frames({**row, "kind": "keyframes"}, None, seed, clips, frames)["frame_index"]
        assert not set(index) & set(keyframes)


@given(gaps_ms=GAPS_S, rate=st.floats(0.1, 60))
def test_at_a_rate_no_two_neighbours_are_closer_than_the_grid_allows(gaps_ms, rate):
    clips, frames = clip(gaps_ms)
    assume(rate < clips["fps"][0])
    times = sample_frames({"sampler": "s", "kind": "rate", "rate": rate}, None, 1, clips, frames)["timestamp_s"]
    ticks = np.floor(times * rate + 1e-3 * rate + 1e-9)  # the last multiple of 1 / rate at or before each frame
    assert len(np.unique(ticks)) == len(ticks)


@given(
    counts=st.lists(st.integers(1, 10**6), min_size=1, max_size=11), beta=st.floats(0, 0.99999),
    kind=st.sampled_from(sorted(TRAINING_SAMPLERS)),
)  # fmt: skip
def test_a_training_sampler_gives_probabilities_that_never_prefer_the_rarer_class_less_than_its_clips(
    counts, beta, kind
):
    named = {f"c{k}": n for k, n in enumerate(counts)}
    weights = class_weights({"sampler": "s", "kind": kind, "beta": beta}, named)
    assert sum(weights.values()) == pytest.approx(1) and min(weights.values()) > 0
    per_clip = np.array([weights[name] / n for name, n in named.items()])
    order = np.argsort(counts, kind="stable")
    assert (np.diff(per_clip[order]) <= 1e-9 * per_clip.max()).all()  # a clip of a larger class is not drawn more often


# --- tables and shards --------------------------------------------------------------------------------------------
COLUMNS = {"clip_id": Column("string"), "x": Column("float"), "note": Column("string", nullable=True)}
CONTRACT = Table("made up", COLUMNS, ("clip_id",))
TEXT = st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1)


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
@given(
    rows=st.dictionaries(
        TEXT.filter(str.strip), st.tuples(st.floats(-1e9, 1e9), st.none() | TEXT), min_size=1, max_size=20
    )
)
def test_a_table_comes_back_as_it_was_whatever_it_says(tmp_path_factory, suffix, rows):
    path = tmp_path_factory.getbasetemp() / f"t.{suffix}"
    table = pd.DataFrame([(key, x, note) for key, (x, note) in rows.items()], columns=["clip_id", "x", "note"])
    write_table(table, path, CONTRACT)
    back = read_table(path, CONTRACT).set_index("clip_id")
    assert len(back) == len(rows)
    for key, (x, note) in rows.items():
        found = back.loc[key]
        assert found["x"] == x and (found["note"] == note if note is not None else pd.isna(found["note"]))


@given(st.text(), st.integers(1, 64))
def test_every_clip_belongs_to_one_shard(clip_id, n):
    assert 0 <= shard_of(clip_id, n) < n and shard_of(clip_id, n) == shard_of(clip_id, n)


# --- replies ------------------------------------------------------------------------------------------------------
NOISE = st.text(max_size=200) | st.sampled_from(
    ["<|im_end|>", "<image>", "\u202egnirb", "\0", "a" * 20000, "not ", "**", "`", '{"a": ', "<script>", "=1+1"]
)


@settings(deadline=None)
@given(st.lists(NOISE | st.sampled_from(CLASSES), max_size=8).map("".join))
def test_a_reply_of_any_kind_is_read_as_a_class_or_as_none(reply):
    read = read_reply(reply, CLASSES)
    assert set(read.values()) <= {*CLASSES, None}
    assert read == read_reply(reply, CLASSES)


@given(st.sampled_from(CLASSES), st.sampled_from(["{}", "{}.", " {} ", "**{}**", "`{}`", "\n{}\n", "Answer: {}"]))
def test_a_class_alone_is_read_as_itself(name, form):
    assert set(read_reply(form.format(name), CLASSES).values()) <= {name, None}
    assert read_reply(form.format(name), CLASSES)["parsed"] == name


# --- statistics ---------------------------------------------------------------------------------------------------
@settings(deadline=None, max_examples=30)
@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 50)), min_size=4, max_size=6))
def test_rho_is_scipys_and_its_p_that_of_all_permutations(pairs):
    x, y = (np.array(side, float) for side in zip(*pairs, strict=True))
    assume(len(set(x)) > 1 and len(set(y)) > 1)
    rho, p = exact_spearman(x, y)
    assert rho == pytest.approx(spearmanr(x, y).statistic)
    every = permutation_test(
        (x,), lambda z: spearmanr(z, y).statistic, permutation_type="pairings", n_resamples=np.inf
    ).null_distribution
    assert p == pytest.approx((np.abs(every) >= abs(rho) - 1e-9).mean())


@settings(deadline=None, max_examples=50)
@given(st.lists(st.integers(-20, 20), min_size=2, max_size=9).filter(any))
def test_both_exact_sign_flips_are_scipys(values):
    values = np.array(values)
    expected = permutation_test(
        (values,), np.sum, permutation_type="samples", n_resamples=np.inf, alternative="two-sided"
    ).null_distribution
    share = (np.abs(expected) >= abs(values.sum())).mean()
    assert p_flip(values.astype(float)) == pytest.approx(share) and p_of_sums(values) == pytest.approx(share)
