"""A coded store gives back the same frames as a raw one, to the bit, and says which clip is damaged."""

import io
import zlib
from pathlib import Path
from typing import get_args

import av
import numpy as np
import pytest
from PIL import Image
from safetensors import safe_open
from safetensors.numpy import load_file, save_file

from emovlm.core.errors import StudyError
from emovlm.frames.codecs import CODECS, Damaged, Groups
from emovlm.frames.lossless import HEADER, Coded, coded
from emovlm.frames.store import Encoding, FrameStore, StoreWriter

GROUP, STEP = 25, 5  # of h264
SIZES = [(1, 1), (1, 3), (2, 2), (5, 7), (16, 16), (33, 31), (17, 64)]


def clip(n: int, height: int, width: int, seed: int = 0) -> np.ndarray:
    """Frames that hardly change, but for one strip of noise; every value occurs."""
    draw = np.random.default_rng(seed)
    picture = draw.integers(0, 256, (height, width, 3))
    noise = draw.integers(-3, 4, (n, height, width, 3))
    noise[:, : height // 4 + 1] = draw.integers(0, 256, noise[:, : height // 4 + 1].shape)
    return (picture + noise).astype(np.uint8)


def opened(stored: np.ndarray, encoding: str = "h264") -> Coded:
    return Coded(stored, CODECS[encoding])


def write(path: Path, clips: dict[str, np.ndarray], encoding: Encoding = "h264") -> FrameStore:
    with StoreWriter(path, clips, next(iter(clips.values())).shape, encoding) as store:
        for clip_id in sorted(clips):
            store.add(clip_id, clips[clip_id])
    return FrameStore([path])


@pytest.mark.parametrize("encoding", CODECS)
@pytest.mark.parametrize(("height", "width"), SIZES)
@pytest.mark.parametrize("n", [1, 2, GROUP, 2 * GROUP + 1])
def test_every_frame_comes_back_to_the_bit(n: int, height: int, width: int, encoding: str) -> None:
    pixels = clip(n, height, width)
    stored = opened(coded(pixels, encoding), encoding)
    assert len(stored) == n
    np.testing.assert_array_equal(stored.frames(range(n)), pixels)
    for asked in ([], [n - 1], [n - 1, 0, n - 1, n // 2], list(range(0, n, 5)), list(range(n))[::-1]):
        np.testing.assert_array_equal(stored.frames(asked), pixels[np.asarray(asked, int)])


@pytest.mark.parametrize("encoding", CODECS)
def test_the_extremes_of_colour_come_back(encoding: str) -> None:
    corners = np.array([[r, g, b] for r in (0, 255) for g in (0, 255) for b in (0, 255)], np.uint8)
    pixels = np.stack([np.roll(corners, k, 0).reshape(2, 4, 3).repeat(5, 0).repeat(5, 1) for k in range(8)])
    np.testing.assert_array_equal(opened(coded(pixels, encoding), encoding).frames(range(8)), pixels)
    black = np.zeros((3, 32, 32, 3), np.uint8)
    assert len(coded(black, encoding)) < black.nbytes / 2
    np.testing.assert_array_equal(opened(coded(black, encoding), encoding).frames(range(3)), black)


@pytest.mark.parametrize("encoding", CODECS)
def test_no_frames_are_a_clip_too(encoding: str) -> None:
    stored = coded(np.zeros((0, 8, 8, 3), np.uint8), encoding)
    assert opened(stored, encoding).frames([]).shape == (0, 8, 8, 3)


@pytest.mark.parametrize("encoding", CODECS)
def test_equal_frames_give_equal_bytes(encoding: str) -> None:
    pixels = clip(30, 40, 40)
    assert len({coded(pixels, encoding).tobytes() for _ in range(3)}) == 1


def test_the_frames_of_a_group_are_coded_in_steps() -> None:
    assert Groups(6, 3).order(8).tolist() == [0, 3, 1, 2, 4, 5, 6, 7]
    assert Groups(1, 1).order(3).tolist() == [0, 1, 2]
    for n in (1, 24, 25, 26, 60):
        assert sorted(Groups(GROUP, STEP).order(n)) == list(range(n))


def packets_of(pixels: np.ndarray, encoding: str) -> list[bytes]:
    stored, n = coded(pixels, encoding), len(pixels)
    lengths = np.frombuffer(stored, "<u4", n, 4 * HEADER)
    return [part.tobytes() for part in np.split(stored[4 * (HEADER + 2 * n) :], np.cumsum(lengths)[:-1])]


def test_any_decoder_of_h264_reads_the_packets() -> None:
    """They are one plain H.264 stream whose planes are green, blue minus green, and red minus green."""
    pixels = clip(GROUP + 3, 32, 48)
    decoder = av.CodecContext.create("h264", "r")
    packets = decoder.parse(b"".join(packets_of(pixels, "h264"))) + decoder.parse(b"")
    pictures = [picture for packet in packets for picture in decoder.decode(packet)] + decoder.decode(None)
    planes = np.stack([picture.to_ndarray(channel_last=True) for picture in pictures])
    shown = pixels[Groups(GROUP, STEP).order(len(pixels))]
    np.testing.assert_array_equal(planes[..., 0], shown[..., 1])
    np.testing.assert_array_equal(planes[..., 1], shown[..., 2] - shown[..., 1] + np.uint8(128))
    np.testing.assert_array_equal(planes[..., 2], shown[..., 0] - shown[..., 1] + np.uint8(128))


def test_any_reader_of_images_reads_webp() -> None:
    pixels = clip(2, 9, 7)
    for packet, frame in zip(packets_of(pixels, "webp"), pixels, strict=True):
        np.testing.assert_array_equal(np.asarray(Image.open(io.BytesIO(packet))), frame)


def test_only_packets_that_are_needed_are_read() -> None:
    """Frames of one group do not need another, nor those at the step the frames between them."""
    pixels = clip(3 * GROUP, 16, 16)
    stored = coded(pixels, "h264").copy()
    ends = 4 * (HEADER + 6 * GROUP) + np.cumsum(np.frombuffer(stored, "<u4", 3 * GROUP, 4 * HEADER))
    stored[ends[GROUP // STEP - 1] : ends[GROUP - 1]] = 7  # the first group, after the frames at the step
    read = opened(stored)
    for asked in (range(GROUP, 2 * GROUP), range(0, 3 * GROUP, STEP)[: GROUP // STEP]):
        np.testing.assert_array_equal(read.frames(asked), pixels[asked])
    with pytest.raises(Damaged, match="frame 1 was changed"):
        read.frames([3])


@pytest.mark.parametrize("encoding", CODECS)
def test_a_coded_store_gives_what_a_raw_one_gives(tmp_path: Path, encoding: Encoding) -> None:
    clips = {f"d/{n}": clip(n, 33, 33, n) for n in (1, 12, 60)}
    raw, small = (write(tmp_path / kind, clips, kind) for kind in ("raw", encoding))
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
    save_file({"d/1": coded(clip(2, 8, 8), "h264")}, tmp_path / "s", {"encoding": "h2640"})
    with pytest.raises(StudyError, match="its encoding 'h2640' is not known; decode the shard again"):
        FrameStore([tmp_path / "s"])
    assert set(CODECS) | {"raw"} == set(get_args(Encoding))


PX, LENGTH, STEPS = 2, 4, 5  # places of numbers of a header: height and width, length and step of groups


def changed(stored: np.ndarray, word: int, value: int) -> np.ndarray:
    """A coded clip with one number of its header changed, and the header's sum made to fit again."""
    n = int(np.frombuffer(stored, "<u4", 1, 4)[0])
    bytes_, end = stored.copy(), 4 * (HEADER + 2 * n)
    bytes_[: 4 * HEADER].view("<u4")[word] = value
    bytes_[:4].view("<u4")[0] = zlib.crc32(bytes_[4:end].tobytes())
    return bytes_


def of_packets(packets: list[bytes], height: int, width: int) -> np.ndarray:
    """A clip that was never coded, each packet a group of its own."""
    lengths, sums = map(len, packets), map(zlib.crc32, packets)
    rest = np.array([len(packets), height, width, 1, 1, *lengths, *sums], "<u4").tobytes()
    return np.frombuffer(zlib.crc32(rest).to_bytes(4, "little") + rest + b"".join(packets), np.uint8)


def flipped(stored: np.ndarray, at: int) -> np.ndarray:
    return np.where(np.arange(len(stored)) == at % len(stored), stored ^ 1, stored)


@pytest.mark.parametrize("encoding", CODECS)
@pytest.mark.parametrize(
    ("damage", "says"),
    [
        (lambda c: c[:10], "it has no header"),
        (lambda c: c.astype(np.int16), "it has no header"),
        (lambda c: c[:-1], "it was cut off"),
        (lambda c: c[:40], "its header was changed"),
        (lambda c: flipped(c, 9), "its header was changed"),
        (lambda c: flipped(c, -9), "frame 29 was changed"),
        (lambda c: changed(c, PX, 0), "its frames would be of 24 x 0 px"),
        (lambda c: changed(c, PX + 1, 2**31), f"its frames would be of {2**31} x 24 px"),
        (lambda c: changed(c, PX, 32), "a frame is of 24 x 24 px"),
        (lambda c: changed(c, LENGTH, 0), "in groups of 0"),
        (lambda c: changed(c, LENGTH, 2**31), f"in groups of {2**31}"),
        (lambda c: changed(c, STEPS, 0), "its frames would be"),
        (lambda c: of_packets([b"x" * 40], 24, 24), "cannot be decoded|of 1 frames 0|no lossless WebP"),
        (lambda c: of_packets([b""], 24, 24), "cannot be decoded|of 1 frames 0|no lossless WebP"),
    ],
)  # fmt: skip
def test_a_damaged_clip_is_an_error_with_clip_and_file(tmp_path: Path, damage, says: str, encoding: str) -> None:
    stored = np.ascontiguousarray(damage(coded(clip(30, 24, 24), encoding)))
    save_file({"d/1": stored}, tmp_path / "s", {"encoding": encoding})
    with pytest.raises(StudyError, match=f"s: clip d/1 is damaged: .*({says}).*; delete the file, then run again"):
        FrameStore([tmp_path / "s"]).tensor("d/1")


@pytest.mark.parametrize("encoding", CODECS)
def test_a_packet_of_random_bytes_behind_a_right_beginning_is_an_error(encoding: str) -> None:
    """Sums that fit do not make a clip."""
    good = packets_of(clip(1, 24, 24), encoding)[0]
    draw = np.random.default_rng(0)
    for kept in (25, 40, len(good) // 2):
        with pytest.raises(Damaged):
            opened(of_packets([good[:kept] + draw.bytes(9)], 24, 24), encoding).frames([0])


def test_frames_that_lack_what_they_were_coded_from_are_an_error() -> None:
    with pytest.raises(Damaged, match=r"cannot be decoded|of 1 frames 0"):
        opened(changed(coded(clip(30, 24, 24), "h264"), LENGTH, 1)).frames([7])


@pytest.mark.parametrize("encoding", CODECS)
def test_a_header_that_claims_more_than_fits_into_memory_is_refused_before_anything_is_decoded(encoding: str) -> None:
    """Packets of one byte, each of which would be a frame of 4096 px."""
    with pytest.raises(Damaged, match="its 1000 frames of 4096 x 4096 px would not fit into memory"):
        opened(of_packets([b"x"] * 1000, 4096, 4096), encoding)


@pytest.mark.parametrize(
    ("encoding", "says"), [("h264", r"cannot be decoded|of 1 frames 0"), ("webp", "a frame is of 512 x 512 px")]
)
def test_a_picture_larger_than_the_header_says_is_not_decoded(encoding: str, says: str) -> None:
    """The size is known before, so a small clip whose packets hold large pictures takes no more memory."""
    packets = packets_of(np.zeros((1, 512, 512, 3), np.uint8), encoding)
    with pytest.raises(Damaged, match=says):
        opened(of_packets(packets, 16, 16), encoding).frames([0])


@pytest.mark.parametrize("shape", [(1, 4097, 1, 3), (1, 1, 4097, 3)])
def test_a_clip_that_is_too_large_is_an_error_when_it_is_written(shape: tuple[int, ...], tmp_path: Path) -> None:
    with pytest.raises(StudyError, match=r"clip d/1: 1 frames of .* px are too many for the encoding h264"):
        write(tmp_path / "s", {"d/1": np.zeros(shape, np.uint8)})
    assert not (tmp_path / "s").exists()
