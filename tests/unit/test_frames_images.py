"""A folder of images becomes a clip of a stated rate; hostile images are failures with a reason."""

import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from emovlm.frames.container import Undecodable
from emovlm.frames.images import decode_images, image_files
from emovlm.frames.shard import decode_shard
from emovlm.frames.store import FrameStore

SIZE = 32


def picture(shade: int, width: int = 48, height: int = 48) -> Image.Image:
    return Image.fromarray(np.full((height, width, 3), (shade, 40, 200), np.uint8))


@pytest.fixture
def face(tmp_path: Path) -> Path:
    """Twelve frames, brighter and brighter, named as in DFEW, beside files that are no images."""
    folder = tmp_path / "faces/00001"
    folder.mkdir(parents=True)
    for k in range(12):
        picture(20 * k).save(folder / f"00001_{k + 1}.jpg", quality=95)
    for other in ("Thumbs.db", "notes.txt", "._00001_3.jpg"):
        (folder / other).write_text("no image")
    return folder


def test_frames_come_in_the_order_of_their_numbers_at_the_stated_rate(face: Path) -> None:
    clip = decode_images(str(face), SIZE, 25)
    assert clip.pixels.shape == (12, SIZE, SIZE, 3) and clip.pixels.dtype == np.uint8
    np.testing.assert_allclose(clip.pixels[:, 16, 16], [[20 * k, 40, 200] for k in range(12)], atol=4)
    np.testing.assert_allclose(clip.timestamps_s, np.arange(12) / 25)
    assert (clip.fps, clip.duration_s, clip.width, clip.height) == (25, 0.48, 48, 48)
    assert decode_images(str(face), SIZE, 23.976).fps == 23.976


@pytest.mark.parametrize("suffix", ["jpg", "JPEG", "png", "bmp"])
def test_jpeg_png_and_bmp_are_scaled_and_padded_with_black(tmp_path: Path, suffix: str) -> None:
    rng = np.random.default_rng(0)
    coarse = Image.fromarray(rng.integers(0, 256, (6, 12, 3), dtype=np.uint8)).resize((96, 48))
    coarse.save(tmp_path / f"1.{suffix}", **({"quality": 98, "subsampling": 0} if suffix[0] in "jJ" else {}))
    pixels = decode_images(str(tmp_path), SIZE, 25).pixels[0]
    assert pixels[:8].max() == pixels[24:].max() == 0
    expected = np.asarray(coarse.resize((32, 16), Image.Resampling.BICUBIC)).astype(int)
    assert np.abs(pixels[8:24].astype(int) - expected).mean() < 4


def test_grey_and_transparent_images_and_crops_of_different_sizes_are_fine(tmp_path: Path) -> None:
    picture(100).convert("L").save(tmp_path / "1.png")
    picture(100).convert("RGBA").save(tmp_path / "2.png")
    picture(100, width=20, height=40).save(tmp_path / "3.png")
    clip = decode_images(str(tmp_path), SIZE, 25)
    assert clip.pixels[0, 16, 16].tolist() == [76] * 3
    assert clip.pixels[1, 16, 16].tolist() == [100, 40, 200]
    assert clip.pixels[2, :, :8].max() == 0 and clip.pixels[2, 16, 16].tolist() == [100, 40, 200]


def break_off(folder: Path) -> None:
    whole = (folder / "00001_4.jpg").read_bytes()
    (folder / "00001_4.jpg").write_bytes(whole[:200])


def bomb(folder: Path) -> None:
    Image.new("1", (20_000, 20_000)).save(folder / "00001_4.png")
    (folder / "00001_4.jpg").unlink()


@pytest.mark.parametrize(
    ("harm", "reason"),
    [
        (break_off, "image 00001_4.jpg is damaged"),
        (bomb, "image 00001_4.png is damaged"),
        (lambda f: (f / "00001_4.jpg").write_text("GIF89a"), "image 00001_4.jpg is no JPEG, PNG or BMP file"),
        (lambda f: (f / "00001_4.jpg").write_text("ffconcat version 1.0\n"), "image 00001_4.jpg is no JPEG"),
        (lambda f: (f / "00001_4.jpg").write_bytes(b""), "image 00001_4.jpg is no JPEG"),
        (lambda f: os.truncate(f / "00001_4.jpg", 65 * 2**20), "image 00001_4.jpg is too large"),
        (lambda f: (f / "cover.jpg").write_bytes(b""), "image cover.jpg has no number"),
        (lambda f: picture(0).save(f / "00001_04.png"), "images 00001_04.png and 00001_4.jpg have the same number"),
        (lambda f: (f / "00001_13.jpg").symlink_to("/etc/passwd"), "image 00001_13.jpg is no plain file"),
        (lambda f: os.mkfifo(f / "00001_13.jpg"), "image 00001_13.jpg is no plain file"),
        (lambda f: [each.unlink() for each in f.iterdir()], "the folder has no images"),
    ],
)
def test_a_folder_that_is_no_whole_clip_is_undecodable(face: Path, harm, reason: str) -> None:
    harm(face)
    with pytest.raises(Undecodable, match=f"^{reason}"):
        decode_images(str(face), SIZE, 25)


def test_frame_folders_are_decoded_in_the_worker_beside_others(face: Path, tmp_path: Path) -> None:
    for name in ("00002", "00003"):
        (face.parent / name).mkdir()
    picture(7).save(face.parent / "00002/1.png")
    (face.parent / "00003/1.jpg").write_bytes(b"\xff\xd8\xff" * 100)
    rows = [{"clip_id": f"d/{n}", "path": f"faces/{n}"} for n in ("00003", "00002", "00004", "00001")]

    def decode(fps: float | None) -> dict[str, str | None]:
        clips, frames = decode_shard(pd.DataFrame(rows), tmp_path, 0, 1, tmp_path / "0.safetensors", SIZE, 30, fps)
        assert len(frames) == clips["n_frames"].sum()
        return dict(zip(clips["clip_id"], clips["reason"].astype(object).where(clips["reason"].notna(), None),
                        strict=True))  # fmt: skip

    assert decode(25) == {
        "d/00001": None, "d/00002": None, "d/00003": "image 1.jpg is damaged", "d/00004": "the file is missing"
    }  # fmt: skip
    store = FrameStore([tmp_path / "0.safetensors"])
    assert store.clip_ids() == ["d/00001", "d/00002"]
    np.testing.assert_array_equal(store.frames("d/00001", range(12)), decode_images(str(face), SIZE, 25).pixels)
    assert "datasets.tsv, column fps, gives no rate" in decode(None)["d/00001"]


def test_every_image_is_told_to_the_record(face: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EMOVLM_NOTES", str(tmp_path / "notes"))
    rows = pd.DataFrame([{"clip_id": "d/1", "path": "faces/00001"}])
    decode_shard(rows, tmp_path, 0, 1, tmp_path / "0.safetensors", SIZE, 30, 25)
    told = (tmp_path / "notes").read_text()
    assert all(str(file) in told for file in image_files(face)) and told.count("\n") == 12
