"""Clips as people have them, by name, each with what a player shows of it. The modules beside fill the tables."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.clips.drawn import FRAMES, HEIGHT, RATE, WIDTH

Make = Callable[[Path], None]
"""Writes a clip to a path; other files are written beside it, in a folder of the clip's own."""


@dataclass(frozen=True)
class Right:
    """What a player shows.

    Attributes:
        numbers: of the frames, as drawn.
        times: of the frames in s from the first; ``RATE`` frames a second if not given.
        aspect: width / height.
        rate: frames a second, if stated.
        same: whether the ffmpeg program shows the same, pixels to the bit.
        colours: whether they are as drawn, and not merely similar.
        readable: whether numbers and quarters can be told at this shape.
    """

    numbers: Sequence[int] = range(FRAMES)
    times: Sequence[float] | None = None
    aspect: float = WIDTH / HEIGHT
    rate: float | None = None
    same: bool = True
    colours: bool = True
    readable: bool = True

    @property
    def seconds(self) -> list[float]:
        """The times of the frames."""
        return [k / RATE for k in range(len(self.numbers))] if self.times is None else list(self.times)


VIDEOS: dict[str, tuple[Make, Right]] = {}
FAILURES: dict[str, tuple[Make, str]] = {}
"""Files of which no clip can be made, with the reason (a regular expression)."""


def add(name: str, make: Make, **right) -> None:
    """Adds a clip that can be shown; ``right`` are fields of :class:`Right`."""
    VIDEOS[name] = (make, Right(**right))


def video(name: str, **right) -> Callable[[Make], None]:
    """The same, of the function that makes it."""
    return lambda make: add(name, make, **right)


def failure(name: str, reason: str) -> Callable[[Make], None]:
    """Adds a file that cannot be shown, of the function that makes it."""
    return lambda make: FAILURES.update({name: (make, reason)})
