"""When a clip's frames are shown, and its frame rate."""

from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from emovlm.frames.container import Undecodable

UNORDERED = "the frames' timestamps do not increase"


@dataclass(frozen=True)
class Clock:
    """Times of a clip's frames.

    ``timestamps_s`` is float64 [n], in seconds from the first frame, to the microsecond. ``fps`` is the file's frame
    rate where all frames keep to it, else their mean rate; the last frame lasts as long as the one before it.
    """

    timestamps_s: np.ndarray
    fps: float
    duration_s: float


def clock_of(ticks: np.ndarray, time_base: Fraction, rate: Fraction | None) -> Clock:
    """The clock of frames that are shown at ``ticks``.

    Args:
        ticks: int64 [n], not decreasing, n at least 1.
        time_base: length of a tick in s.
        rate: frames a second, as the file's header says; it may be wrong, or unknown.

    Raises:
        Undecodable: times decrease, or are all the same.
    """
    ticks = ticks - ticks[0]
    if (np.diff(ticks) < 0).any() or (len(ticks) > 1 and not ticks[-1]):
        raise Undecodable(UNORDERED)
    times = ticks * time_base.numerator / time_base.denominator
    n = len(times)
    if rate and np.abs(times - np.arange(n) / float(rate)).max() <= min(1.001 * time_base, 0.25 / rate):
        duration = n / rate  # times are rounded to a tick
    elif n == 1:
        duration = 1  # a single picture of no stated rate
    else:
        duration = times[-1] + (times[-1] - times[-2] or times[-1] / (n - 1))
    return Clock(times.round(6), round(float(n / duration), 6), round(float(duration), 6))
