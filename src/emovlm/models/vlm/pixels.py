"""The size of a video's frames, where a family takes any. No library is imported here, for planning reads it."""

import math


def enlarged_sides(height: int, width: int, least: int | None, step: int) -> tuple[int, int]:
    """Height and width of a frame of a video that is enlarged to at least ``least`` pixels, in whole ``step``s.

    As large as it is where rounded to whole steps it has that many. The rule of the vendor's own tool (``smart_resize``
    of qwen-vl-utils 0.0.14), whose default for a video's frames is 128 ``step``s squared.
    """
    rounded = [max(step, round(side / step) * step) for side in (height, width)]
    if not least or math.prod(rounded) >= least:
        return height, width
    scale = math.sqrt(least / (height * width))
    return math.ceil(height * scale / step) * step, math.ceil(width * scale / step) * step
