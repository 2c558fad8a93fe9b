"""A coded store gives back the same frames as a raw one, to the bit, and says which clip is damaged."""

import zlib
from pathlib import Path

import av
import numpy as np
import pytest
from safetensors import safe_open
from safetensors.numpy import load_file, save_file

from emovlm.core.errors import StudyError
from emovlm.frames.lossless import GROUP, HEADER, Coded, Damaged, coded
from emovlm.frames.store import Encoding, FrameStore, StoreWriter

SIZES = [(1, 1), (1, 3), (2, 2), (5, 7), (16, 16), (33, 31), (17, 64)]


def clip(n: int, height: int, width: int, seed: int = 0) -> np.ndarray:
    """Frames that hardly change, but for one strip of noise; every value occurs."""
    draw = np.random.default_rng(seed)
    picture = draw.integers(0, 256, (height, width, 3))
    noise = draw.integers(-3, 4, (n, height, width, 3))
    noise[:, : height // 4 + 1] = draw.integers(0, 256, noise[:, : height // 4 + 1].shape)
    return (picture + noise).astype(np.uint8)


def write(path: Path, clips: dict[str, np.ndarray], encoding: Encoding = "h264") -> FrameStore:
    with StoreWriter(path, clips, next(iter(clips.values())).shape, encoding) as store:
        for clip_id in sorted(clips):
            store.add(clip_id, clips[clip_id])
    return FrameStore([path])


@pytest.mark.parametrize(("height", "width"), SIZES)
@pytest.mark.parametrize("n", [1, 2, GROUP, 2 * GROUP + 1])
def test_every_frame_comes_back_to_the_bit(n: int, height: int, width: int) -> None:
    pixels = clip(n, height, width)
    stored = Coded(coded(pixels))
    assert len(stored) == n
    np.testing.assert_array_equal(stored.frames(range(n)), pixels)
    for asked in ([], [n - 1], [n - 1, 0, n - 1, n // 2], list(range(0, n, 5)), list(range(n))[::-1]):
        np.testing.assert_array_equal(stored.frames(asked), pixels[np.asarray(asked, int)])


def test_the_extremes_of_colour_come_back() -> None:
    corners = np.array([[r, g, b] for r in (0, 255) for g in (0, 255) for b in (0, 255)], np.uint8)
    pixels = np.stack([np.roll(corners, k, 0).reshape(2, 4, 3).repeat(5, 0).repeat(5, 1) for k in range(8)])
    np.testing.assert_array_equal(Coded(coded(pixels)).frames(range(8)), pixels)
    black = np.zeros((3, 32, 32, 3), np.uint8)
    assert len(coded(black)) < black.nbytes / 2
    np.testing.assert_array_equal(Coded(coded(black)).frames(range(3)), black)


def test_no_frames_are_a_clip_too() -> None:
    assert Coded(coded(np.zeros((0, 8, 8, 3), np.uint8))).frames([]).shape == (0, 8, 8, 3)


def test_any_decoder_of_h264_reads_the_packets() -> None:
    """The packets are one plain H.264 stream whose planes are green, blue minus green, and red minus green."""
    pixels = clip(GROUP + 3, 32, 48)
    stored = coded(pixels).tobytes()
    decoder = av.CodecContext.create("h264", "r")
    frames = decoder.parse(stored[4 * (HEADER + 2 * len(pixels)) :]) + decoder.parse(b"")
    pictures = [picture for packet in frames for picture in decoder.decode(packet)] + decoder.decode(None)
    planes = np.stack([picture.to_ndarray(channel_last=True) for picture in pictures])
    np.testing.assert_array_equal(planes[..., 0], pixels[..., 1])
    np.testing.assert_array_equal(planes[..., 1], pixels[..., 2] - pixels[..., 1] + np.uint8(128))
    np.testing.assert_array_equal(planes[..., 2], pixels[..., 0] - pixels[..., 1] + np.uint8(128))


def test_equal_frames_give_equal_bytes() -> None:
    pixels = clip(30, 40, 40)
    assert len({coded(pixels).tobytes() for _ in range(3)}) == 1


def test_only_the_groups_that_are_asked_for_are_read() -> None:
    """The packets before and after may be damaged."""
    pixels, other = clip(3 * GROUP, 16, 16), clip(3 * GROUP, 16, 16, seed=1)
    lengths = [np.frombuffer(coded(each), "<u4", 3 * GROUP, 4 * HEADER) for each in (pixels, other)]
    stored, end = coded(pixels).copy(), 4 * (HEADER + 6 * GROUP)
    stored[end : end + int(lengths[0][:GROUP].sum())] = 7  # the first group
    read = Coded(stored)
    middle = range(GROUP, 2 * GROUP)
    np.testing.assert_array_equal(read.frames(middle), pixels[GROUP : 2 * GROUP])
    with pytest.raises(Damaged, match="frame 0 was changed"):
        read.frames([3])


def test_a_coded_store_gives_what_a_raw_one_gives(tmp_path: Path) -> None:
    clips = {f"d/{n}": clip(n, 33, 33, n) for n in (1, 12, 60)}
    raw, small = (write(tmp_path / kind, clips, kind) for kind in ("raw", "h264"))
    assert small.clip_ids() == raw.clip_ids()
    for clip_id, pixels in clips.items():
        np.testing.assert_array_equal(small.tensor(clip_id), pixels)
        asked = [len(pixels) - 1, 0, 0]
        np.testing.assert_array_equal(small.frames(clip_id, asked), raw.frames(clip_id, asked))
        assert small.rows(clip_id, asked).dtype == np.uint8
        assert small.sha256(clip_id, asked) == raw.sha256(clip_id, asked)
    for index in (12, -1):
        with pytest.raises(StudyError, match=f"clip d/12 has frames 0 to 11, but no frame {index}"):
            small.frames("d/12", [0, index])
    with pytest.raises(StudyError, match="clip d/9 is not in the frame store"):
        small.frames("d/9", [0])


def test_the_file_is_a_safetensors_file_that_names_the_encoding(tmp_path: Path) -> None:
    write(tmp_path / "s", {"d/1": clip(3, 8, 8), "d/ü": clip(2, 8, 8)})
    with safe_open(str(tmp_path / "s"), framework="numpy") as file:
        assert file.metadata() == {"encoding": "h264"}
    assert {name: tensor.ndim for name, tensor in load_file(tmp_path / "s").items()} == {"d/1": 1, "d/ü": 1}
    write(tmp_path / "raw", {"d/1": clip(3, 8, 8)}, "raw")
    with safe_open(str(tmp_path / "raw"), framework="numpy") as file:
        assert not file.metadata()


def test_an_encoding_that_is_not_known_is_an_error_that_names_it(tmp_path: Path) -> None:
    save_file({"d/1": coded(clip(2, 8, 8))}, tmp_path / "s", {"encoding": "h2640"})
    with pytest.raises(StudyError, match="its encoding 'h2640' is not known; decode the shard again"):
        FrameStore([tmp_path / "s"])


def changed(stored: np.ndarray, word: int, value: int) -> np.ndarray:
    """A coded clip with one number of its header changed, and the header's sum made to fit again."""
    n = int(np.frombuffer(stored, "<u4", 1, 4)[0])
    bytes_, end = stored.copy(), 4 * (HEADER + 2 * n)
    bytes_[: 4 * HEADER].view("<u4")[word] = value
    bytes_[:4].view("<u4")[0] = zlib.crc32(bytes_[4:end].tobytes())
    return bytes_


@pytest.mark.parametrize(
    ("damage", "says"),
    [
        (lambda c: c[:10], "it has no header"),
        (lambda c: c.astype(np.int16), "it has no header"),
        (lambda c: c[:-1], "it was cut off"),
        (lambda c: c[:40], "its header was changed"),
        (lambda c: np.where(np.arange(len(c)) == 9, c ^ 1, c), "its header was changed"),
        (lambda c: np.where(np.arange(len(c)) == len(c) - 9, c ^ 1, c), "frame 29 was changed"),
        (lambda c: changed(c, 2, 0), "its frames would be of 24 x 0 px"),
        (lambda c: changed(c, 3, 2**31), f"its frames would be of {2**31} x 24 px"),
        (lambda c: changed(c, 2, 32), "a frame is of 24 x 24 px"),
        (lambda c: changed(c, 4, 0), "its frames would be"),
        (lambda c: changed(c, 4, 1), "cannot be decoded|are 0"),
    ],
)  # fmt: skip
def test_a_damaged_clip_is_an_error_with_clip_and_file(tmp_path: Path, damage, says: str) -> None:
    save_file({"d/1": np.ascontiguousarray(damage(coded(clip(30, 24, 24))))}, tmp_path / "s", {"encoding": "h264"})
    with pytest.raises(StudyError, match=f"s: clip d/1 is damaged: .*({says}).*; delete the file, then run again"):
        FrameStore([tmp_path / "s"]).tensor("d/1")


def test_a_header_that_claims_more_than_fits_into_memory_is_refused_before_anything_is_decoded() -> None:
    """Packets of one byte, each of which would be a frame of 4096 px."""
    n = 1000
    rest = np.array([n, 4096, 4096, GROUP, *[1] * n, *[zlib.crc32(b"x")] * n], "<u4").tobytes()
    bomb = zlib.crc32(rest).to_bytes(4, "little") + rest + b"x" * n
    with pytest.raises(Damaged, match="its 1000 frames of 4096 x 4096 px would not fit into memory"):
        Coded(np.frombuffer(bomb, np.uint8))


def test_a_picture_larger_than_the_header_says_is_not_decoded() -> None:
    """The decoder is told the size, so a small clip whose packets hold large pictures takes no more memory."""
    large = np.zeros((1, 512, 512, 3), np.uint8)
    with pytest.raises(Damaged, match=r"cannot be decoded|are 0"):
        Coded(changed(changed(coded(large), 2, 16), 3, 16)).frames([0])


@pytest.mark.parametrize("shape", [(1, 4097, 1, 3), (1, 1, 4097, 3)])
def test_a_clip_that_is_too_large_is_an_error_when_it_is_written(shape: tuple[int, ...], tmp_path: Path) -> None:
    with pytest.raises(StudyError, match=r"clip d/1: 1 frames of .* px are too many for the encoding h264"):
        write(tmp_path / "s", {"d/1": np.zeros(shape, np.uint8)})
    assert not (tmp_path / "s").exists()
