"""A folder of images becomes a clip of a stated rate; hostile images are failures with a reason."""

import os
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image, ImageOps
from tests.clips.drawn import COLOURS, HEIGHT, WIDTH, drawn, inner, number_of, quarters_of

from emovlm.core.contracts.frames import CLIP_INDEX
from emovlm.core.io import read_table, write_table
from emovlm.frames.container import Undecodable
from emovlm.frames.images import decode_images, image_files
from emovlm.frames.shard import decode_shard
from emovlm.frames.store import FrameStore
from emovlm.frames.turn import UPRIGHT, exif_turn

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


def official_frame(path: Path, side: int) -> np.ndarray:
    """One frame as the official loaders of MAE-DFER and HiCMAE read it (``pil_loader``, ``Resize``)."""
    with open(path, "rb") as file:
        image = Image.open(file).convert("RGB")
    return np.asarray(image.resize((side, side), Image.Resampling.BILINEAR))


@pytest.mark.parametrize(("width", "height"), [(224, 224), (640, 360), (100, 300)])
def test_stretched_frames_are_those_of_the_official_loaders_to_the_bit(tmp_path: Path, width: int, height: int) -> None:
    noise = np.random.default_rng(1).integers(0, 256, (height // 4, width // 4, 3), dtype=np.uint8)
    Image.fromarray(noise).resize((width, height)).save(tmp_path / "1.jpg", quality=90)
    pixels = decode_images(str(tmp_path), 160, 25, "stretch").pixels
    np.testing.assert_array_equal(pixels[0], official_frame(tmp_path / "1.jpg", 160))


def test_a_cropped_frame_is_the_middle_at_the_size_of_its_shorter_side(tmp_path: Path) -> None:
    image = Image.fromarray(np.random.default_rng(2).integers(0, 256, (40, 80, 3), dtype=np.uint8))
    image.save(tmp_path / "1.png")
    pixels = decode_images(str(tmp_path), 20, 25, "crop").pixels[0]
    np.testing.assert_array_equal(pixels, np.asarray(image.resize((40, 20), Image.Resampling.BICUBIC))[:, 10:30])


def test_grey_and_transparent_images_and_crops_of_different_sizes_are_fine(tmp_path: Path) -> None:
    picture(100).convert("L").save(tmp_path / "1.png")
    picture(100).convert("RGBA").save(tmp_path / "2.png")
    picture(100, width=20, height=40).save(tmp_path / "3.png")
    clip = decode_images(str(tmp_path), SIZE, 25)
    assert clip.pixels[0, 16, 16].tolist() == [76] * 3
    assert clip.pixels[1, 16, 16].tolist() == [100, 40, 200]
    assert clip.pixels[2, :, :8].max() == 0 and clip.pixels[2, 16, 16].tolist() == [100, 40, 200]


@pytest.mark.parametrize("suffix", ["jpg", "png"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_images_are_turned_as_their_exif_data_say(tmp_path: Path, orientation: int, suffix: str) -> None:
    """The reference is Pillow."""
    image, exif = Image.fromarray(drawn(5)), Image.Exif()
    exif[274] = orientation
    image.save(tmp_path / f"1.{suffix}", exif=exif, **({"quality": 95} if suffix == "jpg" else {}))
    clip = decode_images(str(tmp_path), 96, 25)
    upright = np.asarray(ImageOps.exif_transpose(Image.open(tmp_path / f"1.{suffix}")))
    assert (clip.height, clip.width) == upright.shape[:2]
    shown = inner(clip.pixels, clip.width / clip.height)[0]
    assert shown.shape == upright.shape and np.abs(shown.astype(int) - upright).mean() < 2


def test_exif_data_that_are_cut_off_or_of_no_known_value_turn_nothing() -> None:
    for data in (b"", b"Exif\0\0II*\0", b"Exif\0\0II*\0\x08\0\0\0\x01\0", b"Exif\0\0XX*\0" + bytes(40)):
        assert exif_turn(b"\xff\xd8\xff" + data) == UPRIGHT
    image = Image.Exif()
    image[274] = 9
    assert exif_turn(image.tobytes()) == UPRIGHT


def test_each_image_keeps_its_own_shape(tmp_path: Path) -> None:
    shapes = [(96, 64), (64, 96), (99, 66), (40, 40)]
    for number, (width, height) in enumerate(shapes):
        Image.fromarray(drawn(number, width, height)).save(tmp_path / f"{number:05}.png")
    clip = decode_images(str(tmp_path), 96, 10)
    for number, (width, height) in enumerate(shapes):
        picture = inner(clip.pixels[number : number + 1], width / height)[0]
        assert number_of(picture) == number and np.abs(quarters_of(picture) - COLOURS).max() < 5


KINDS = {  # Pillow's mode, suffix, and what else it is saved with
    "grey.jpg": ("L", {"quality": 95}),
    "cmyk.jpg": ("CMYK", {"quality": 95}),
    "progressive.jpg": ("RGB", {"quality": 95, "progressive": True}),
    "full-colour.jpg": ("RGB", {"quality": 95, "subsampling": 0}),
    "opaque.png": ("RGBA", {}),
    "palette.png": ("P", {}),
    "grey.png": ("L", {}),
    "grey-16.png": ("I;16", {}),
    "black-and-white.png": ("1", {}),
    "jpeg-called.png": ("RGB", {"quality": 95, "format": "JPEG"}),
    "some.bmp": ("RGB", {}),
    "UPPER.JPG": ("RGB", {"quality": 95}),
}


@pytest.mark.parametrize("name", KINDS)
def test_images_of_every_kind_are_read(tmp_path: Path, name: str) -> None:
    mode, options = KINDS[name]
    for number in range(6):
        image = Image.fromarray(drawn(number))
        if mode == "I;16":
            image = Image.fromarray(np.asarray(image.convert("L")).astype(np.uint16) * 257)
        image.convert(mode).save(tmp_path / f"{number + 1}{Path(name).suffix}", **options)
    pictures = inner(decode_images(str(tmp_path), 96, 10).pixels, WIDTH / HEIGHT)
    assert [number_of(picture) for picture in pictures] == list(range(6))
    right = COLOURS if mode not in ("L", "I;16", "1") else (COLOURS @ [0.299, 0.587, 0.114])[:, None]
    assert mode == "1" or np.abs(quarters_of(pictures[0]) - right).max() < 12


def test_what_is_transparent_is_laid_over_black(tmp_path: Path) -> None:
    image = Image.fromarray(drawn(0)).convert("RGBA")
    image.putalpha(Image.fromarray(np.repeat([[255] * 48 + [0] * 48], 64, axis=0).astype(np.uint8)))
    image.save(tmp_path / "1.png")
    shown = inner(decode_images(str(tmp_path), 96, 10).pixels, WIDTH / HEIGHT)
    assert shown[0, :, 50:].max() == 0 and np.abs(quarters_of(shown[0])[[0, 2]] - COLOURS[[0, 2]]).max() < 3


NAMES = {
    "zeros": lambda k: f"{k + 1:05}.jpg",
    "without-zeros": lambda k: f"frame{k + 1}.jpg",
    "from-zero": lambda k: f"img_{k:03}.jpg",
    "numbers-missing": lambda k: f"{k + 1 + 5 * (k > 3):05}.jpg",
    "two-formats": lambda k: f"{k + 1:05}.{'png' if k % 2 else 'jpg'}",
    "in-brackets": lambda k: f"frame ({k + 1}).jpg",  # as Windows numbers a selection
    "no-utf-8": lambda k: os.fsdecode(b"bild-\xe9_%03d.jpg" % k),
}


@pytest.mark.parametrize("name", NAMES)
def test_the_numbers_in_names_give_the_order(tmp_path: Path, name: str) -> None:
    folder = tmp_path / "clip.with.dots"
    (folder / "@eaDir").mkdir(parents=True)
    for other in ("Thumbs.db", ".DS_Store", "landmarks.npy", "._00001.jpg", "frames.mp4", "@eaDir/00001.jpg"):
        (folder / other).write_bytes(b"no image")
    for k in range(12):
        Image.fromarray(drawn(k)).save(folder / f"x{k}.{NAMES[name](k)[-3:]}")
        (folder / f"x{k}.{NAMES[name](k)[-3:]}").rename(folder / NAMES[name](k))
    pictures = inner(decode_images(str(folder), 96, 10).pixels, WIDTH / HEIGHT)
    assert [number_of(picture) for picture in pictures] == list(range(12))


def break_off(folder: Path) -> None:
    whole = (folder / "00001_4.jpg").read_bytes()
    (folder / "00001_4.jpg").write_bytes(whole[:200])


def bomb(folder: Path) -> None:
    Image.new("1", (20_000, 20_000)).save(folder / "00001_4.png")
    (folder / "00001_4.jpg").unlink()


def spoil(folder: Path) -> None:
    data = bytearray((folder / "00001_4.jpg").read_bytes())
    data[-20:-10] = b"\xff\xd8\xff\xc0\0\x03\x01\xff\xee\xdd"
    (folder / "00001_4.jpg").write_bytes(data)


def move_down(folder: Path) -> None:
    images = list(folder.glob("*.jpg"))
    (folder / "frames").mkdir()
    for image in images:
        image.rename(folder / "frames" / image.name)


def name_by_time(folder: Path) -> None:
    """0.04 s and 0.4 s have the same numbers in their names."""
    for name in ("frame_0.04.jpg", "frame_0.4.jpg"):
        picture(0).save(folder / name)


@pytest.mark.parametrize(
    ("harm", "reason"),
    [
        (spoil, "image 00001_4.jpg is damaged"),
        (move_down, "the folder has no images"),
        (name_by_time, "images frame_0.04.jpg and frame_0.4.jpg have the same number"),
        (break_off, "image 00001_4.jpg is damaged"),
        (bomb, "image 00001_4.png is too large"),
        (lambda f: (f / "00001_4.jpg").write_text("GIF89a"), "image 00001_4.jpg is no JPEG, PNG or BMP file"),
        (lambda f: (f / "00001_4.jpg").write_text("ffconcat version 1.0\n"), "image 00001_4.jpg is no JPEG"),
        (lambda f: (f / "00001_4.jpg").write_bytes(b""), "image 00001_4.jpg is no JPEG"),
        (lambda f: os.truncate(f / "00001_4.jpg", 65 * 2**20), "image 00001_4.jpg is too large"),
        (lambda f: (f / "cover.jpg").write_bytes(b""), "image cover.jpg has no number"),
        (lambda f: picture(0).save(f / "00001_04.png"), "images 00001_04.png and 00001_4.jpg have the same number"),
        (lambda f: picture(0).save(f / "00001_13.webp"), "image 00001_13.webp is no JPEG, PNG or BMP file"),
        (lambda f: picture(0).save(f / "00001_13.tif"), "image 00001_13.tif is no JPEG, PNG or BMP file"),
        (
            lambda f: shutil.copy(f / "00001_3.jpg", f / "00001_3 (1).jpg"),
            r"images 00001_3.jpg and 00001_3 \(1\).jpg look like copies of one frame",
        ),
        (lambda f: picture(0).save(f / "00001_-3.png"), "images 00001_-3.png and 00001_3.jpg have the same number"),
        (
            lambda f: (f / "00001_4.jpg").rename(os.fsdecode(os.fsencode(f) + b"/vorschau-\xe9.jpg")),
            r"image vorschau-\\udce9.jpg has no number",
        ),
        (lambda f: (f / "00001_13.jpg").symlink_to("/etc/passwd"), "image 00001_13.jpg is no plain file"),
        (lambda f: os.mkfifo(f / "00001_13.jpg"), "image 00001_13.jpg is no plain file"),
        (lambda f: [each.unlink() for each in f.iterdir()], "the folder has no images"),
    ],
)
def test_a_folder_that_is_no_whole_clip_is_undecodable(face: Path, harm, reason: str) -> None:
    harm(face)
    with pytest.raises(Undecodable, match=f"^{reason}"):
        decode_images(str(face), SIZE, 25)


def test_bytes_behind_an_image_do_no_harm(face: Path) -> None:
    with open(face / "00001_4.jpg", "ab") as handle:
        handle.write(bytes(300))
    assert len(decode_images(str(face), SIZE, 25).pixels) == 12


def test_a_name_that_is_no_utf_8_is_a_failed_row_and_the_others_go_on(face: Path, tmp_path: Path) -> None:
    (face.parent / "00002").mkdir()
    (face.parent / "00002" / os.fsdecode(b"vorschau-\xe9.jpg")).write_bytes(b"")
    rows = pd.DataFrame({"clip_id": ["d/1", "d/2"], "path": ["faces/00001", "faces/00002"]})
    clips, _ = decode_shard(rows, tmp_path, 0, 1, tmp_path / "0.safetensors", SIZE, 30, 25)
    write_table(clips, tmp_path / "clips.parquet", CLIP_INDEX)
    assert read_table(tmp_path / "clips.parquet", CLIP_INDEX)["status"].tolist() == ["ok", "failed"]


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
