"""Clips that begin late, are cut without encoding, or whose frames come unevenly."""

from fractions import Fraction
from functools import partial
from itertools import accumulate
from pathlib import Path

import numpy as np

from tests.clips.cases import Make, add, video
from tests.clips.drawn import FRAMES
from tests.clips.ffmpeg import H264, TV601, encode, plain, remux, timed
from tests.clips.mp4 import set_edits

UNEVEN = [round(t, 3) for t in accumulate([0, *[0.1] * 8, *[0.033] * 8, *[0.25] * 7])]
BURST = [*(k / 50 for k in range(50)), *map(float, range(1, 11))]
GAP = [k / 10 for k in range(FRAMES) if not 12 <= k < 18]
HALVES = [k / 2 for k in range(600)]
PHONE = [0.0, *(k / 30 + np.random.default_rng(0).integers(-4, 5, 60)[k] / 1000 for k in range(1, 60))]
PHONE = [round(t, 4) for t in PHONE]

for _suffix in ("mp4", "mkv"):
    add(f"uneven.{_suffix}", partial(timed, times=UNEVEN), times=UNEVEN)
# A second at 50 frames a second, then one frame a second: 60 frames in 11 s.
add("burst.mp4", partial(timed, times=BURST), numbers=range(60), times=BURST, rate=60 / 11)
add("gap.mp4", partial(timed, times=GAP), numbers=range(18), times=GAP, rate=18 / 2.4)
add("phone.mp4", partial(timed, times=PHONE, ticks=90_000), numbers=range(60), times=PHONE)
add("fine-clock-late.mp4", partial(timed, times=[300 + k / 10 for k in range(FRAMES)], ticks=10**7,
    movflags={"video_track_timescale": "10000000", "use_editlist": "0"}), rate=10)  # fmt: skip
add("fine-clock-long.mp4", partial(timed, times=HALVES, ticks=10**7, side=32,
    movflags={"video_track_timescale": "10000000"}), numbers=[k % 256 for k in range(600)], times=HALVES, aspect=1,
    rate=2)  # fmt: skip


def _from(make: Make, *options: object, before: tuple = ()) -> Make:
    """What ``make`` writes, remuxed."""

    def again(out: Path) -> None:
        make(source := out.with_name("source.mp4"))
        remux(source, out, *options, before=before)

    return again


for _suffix in ("avi", "flv", "ts"):  # AVI stores decoding times; the program gives the last two frames one time
    add(f"gap.{_suffix}", _from(partial(timed, times=GAP)), numbers=range(18), times=GAP, rate=18 / 2.4,
        same=_suffix != "avi")  # fmt: skip
add("starts-late.mp4", _from(plain, before=("-itsoffset", 1)), rate=10)  # an empty edit
add("starts-at-5-s.mkv", _from(plain, "-output_ts_offset", 5), rate=10)
add("starts-at-a-day.mkv", _from(plain, "-output_ts_offset", 100_000), rate=10)
add("clock-of-1970.mkv", _from(plain, "-output_ts_offset", 1_700_000_000), rate=10)
add("clock-wraps.ts", _from(plain, "-output_ts_offset", 95_443), rate=10)  # of 33 bits, in the second frame
add("no-edit-list.mp4", lambda out: encode(out, *TV601, *H264, "-use_editlist", 0), rate=10)
add("negative-offsets.mp4", lambda out: encode(out, *TV601, *H264, "-movflags", "negative_cts_offsets"), rate=10)


# Cut from between two keyframes, at 1 s of 7.2 s. The stream begins at the keyframe; the edit list hides what is before
# the cut. With B-frames the file itself says that it lasts 3.2 s.
def _cut(*options: object) -> Make:
    def make(out: Path) -> None:
        encode(source := out.with_name("long.mp4"), *TV601, *H264, "-g", 24, "-keyint_min", 24, *options,
               numbers=range(72), inputs=("-f", "lavfi", "-i", "sine=440:duration=7.2"))  # fmt: skip
        remux(source, out, before=("-ss", 1, "-t", 3))

    return make


add("cut.mp4", _cut("-an"), numbers=range(10, 42), rate=10)
add("cut.mov", _cut("-an"), numbers=range(10, 42), rate=10)
add("cut-without-b-frames.mp4", _cut("-an", "-bf", 0), numbers=range(10, 40), rate=10)
add("cut-with-sound.mp4", _cut("-c:a", "aac", "-shortest"), numbers=range(10, 42), rate=10)


@video("end-hidden.mp4", numbers=range(15))
def _(out: Path) -> None:
    set_edits(plain(out), (1500, 2048))


@video("two-parts.mp4", numbers=[*range(5), *range(12, 17)])
def _(out: Path) -> None:
    encode(out, *TV601, *H264, "-bf", 0, "-g", 1)
    set_edits(out, (500, 0), (500, 12 * 1024))


# Recordings that begin in the middle: players begin at the first keyframe.
@video("begun-midway.ts", numbers=range(24, 72))
def _(out: Path) -> None:
    encode(out, *TV601, *H264, "-g", 24, "-keyint_min", 24, numbers=range(72))
    data = out.read_bytes()
    out.write_bytes(data[len(data) // 188 // 5 * 188 :])


@video("begun-midway.mpg", numbers=range(24, 72), times=[k / 25 for k in range(48)])
def _(out: Path) -> None:
    encode(out, *TV601, "-c:v", "mpeg2video", "-q:v", 2, "-g", 12, "-bf", 2, numbers=range(72), rate=25)
    data = out.read_bytes()
    out.write_bytes(data[len(data) // 2048 // 5 * 2048 :])


@video("open-group.mkv", numbers=range(12, 48))
def _(out: Path) -> None:
    coding = "open-gop=1:scenecut=0:b-adapt=0:threads=1"
    encode(source := out.with_name("source.mp4"), *TV601, *H264, "-x264-params", coding, numbers=range(48))
    remux(source, out, before=("-ss", 1.25))


for _rate in ("30000/1001", "24000/1001", "60000/1001", "15", "1/2", "240", "1000"):
    _times = [float(k / Fraction(_rate)) for k in range(FRAMES)]
    add(f"rate-{_rate.replace('/', '-')}.mp4", partial(plain, rate=_rate), times=_times, rate=float(Fraction(_rate)))


@video("rate-lies.mkv", rate=10)
def _(out: Path) -> None:
    """The header promises 50 frames a second (DefaultDuration, in ns)."""
    plain(out)
    data = bytearray(out.read_bytes())
    at = data.find(b"\x23\xe3\x83") + 3
    size = data[at] & 0x7F
    data[at + 1 : at + 1 + size] = (20_000_000).to_bytes(size, "big")
    out.write_bytes(data)


@video("same-time-twice.mkv", times=[(k - (k == 7)) / 10 for k in range(FRAMES)], rate=10)
def _(out: Path) -> None:
    encode(source := out.with_name("source.mkv"), *TV601, *H264, "-bf", 0)
    remux(source, out, "-bsf:v", "setts=pts=PTS-100*eq(N\\,7):dts=DTS-100*eq(N\\,7)")


LONG = [30.1 * k for k in range(360)]
add("three-hours.mp4", partial(plain, numbers=range(360), width=32, height=32, rate="10/301"), aspect=1,
    numbers=[k % 256 for k in range(360)], times=LONG, rate=10 / 301)  # fmt: skip
