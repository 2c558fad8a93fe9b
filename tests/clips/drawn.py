"""Pictures that say which they are after any scaling: a colour in each quarter, a number in black and white cells."""

import numpy as np

COLOURS = np.array([(200, 60, 50), (60, 160, 70), (50, 70, 180), (190, 180, 70)])
"""Of the quarters: top left, top right, bottom left, bottom right."""
WIDTH, HEIGHT, FRAMES, RATE = 96, 64, 24, 10
BITS = 8


def drawn(number: int, width: int = WIDTH, height: int = HEIGHT) -> np.ndarray:
    """uint8 [height, width, 3]: across the middle are the number's bits, the lowest on the left, white for 1."""
    rows, columns = np.arange(height) * 2 // height, np.arange(width) * 2 // width
    picture = COLOURS[rows[:, None] * 2 + columns].astype(np.uint8)
    bits = (number >> (np.arange(width) * BITS // width) & 1).astype(np.uint8)
    picture[round(height * 0.4) : round(height * 0.6)] = 255 * bits[None, :, None]
    return picture


def inner(squares: np.ndarray, aspect: float) -> np.ndarray:
    """The pictures [n, height, width, 3] in squares [n, size, size, 3], of shape width / height = ``aspect``."""
    size = squares.shape[1]
    height, width = max(1, round(size / max(aspect, 1))), max(1, round(size * min(aspect, 1)))
    top, left = (size - height) // 2, (size - width) // 2
    return squares[:, top : top + height, left : left + width]


def number_of(picture: np.ndarray) -> int:
    """The number that is drawn in a picture."""
    height, width = picture.shape[:2]
    row = picture[round(height * 0.47) : max(round(height * 0.53), round(height * 0.47) + 1)].mean(axis=(0, 2))
    return sum((row[int((bit + 0.5) * width / BITS)] > 128) << bit for bit in range(BITS))


def quarters_of(picture: np.ndarray) -> np.ndarray:
    """Mean colour of each quarter [4, 3], away from the edges."""
    height, width = picture.shape[:2]
    places = [(y, x) for y in (0.1, 0.7) for x in (0.1, 0.6)]
    return np.array(
        [
            picture[int(y * height) : int((y + 0.2) * height) + 1, int(x * width) : int((x + 0.3) * width) + 1].mean(
                axis=(0, 1)
            )
            for y, x in places
        ]
    )
