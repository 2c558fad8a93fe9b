"""Exact sign-flip tests: how often do random signs give a sum as far from zero as the one seen?

Under the hypothesis of no difference each value is as likely with the other sign. Of training runs there are few, and
all signs are tried. Of people there are too many: where their values are whole numbers of one unit, the distribution of
the sum is a convolution (Pagano and Tritchler 1983, On obtaining permutation distributions in polynomial time).
"""

from math import gcd, lcm

import numpy as np

TIE = 1e-9
MOST_RUNS = 16  # that all signs are tried of
LONGEST = 1_000_000  # largest sum of whole parts: the convolution then takes a tenth of a second for 120 people
LARGEST_UNIT = 10**12  # parts of a unit beyond this are not told from rounding


def p_flip(values: np.ndarray) -> float:
    """Exact two-sided p of the mean of values (n,) over all signs that they could have; nan beyond ``MOST_RUNS``.

    It cannot be below 2 / 2^n. For an expected direction p is half of it: 1 / 64 = 0.016 with six values.
    """
    n = len(values)
    if n > MOST_RUNS:
        return float("nan")
    signs = 1 - 2 * (np.arange(2**n)[:, None] >> np.arange(n) & 1)
    return float((np.abs(signs @ values) >= abs(values.sum()) - TIE).mean())


def p_of_sums(parts: np.ndarray) -> float:
    """Exact two-sided p of the sum of whole parts (n,) over all signs that they could have, by convolution."""
    sizes = np.sort(np.abs(parts[parts != 0]))
    chance = np.ones(1)  # of each sum of the parts with the sign plus
    for size in sizes.tolist():
        longer = np.zeros(len(chance) + size)
        longer[: len(chance)] += chance / 2
        longer[size:] += chance / 2
        chance = longer
    sums = 2 * np.arange(len(chance)) - sizes.sum()
    return float(min(1.0, chance[np.abs(sums) >= abs(parts.sum())].sum()))


def whole_parts(values: np.ndarray, sizes: np.ndarray, runs: int) -> np.ndarray | None:
    """Values (n,) as whole numbers of one unit, as large as possible; None if that unit is too small.

    Args:
        values: means over ``runs`` of sums over clips, whose weights are 1 / all clips, or 1 / clips of the class /
            number of classes that are averaged.
        sizes: clips of each class.
    """
    asked = sizes[sizes > 0].tolist()
    unit = runs * lcm(sum(asked), lcm(*asked) * lcm(*range(1, len(asked) + 1)))
    if unit > LARGEST_UNIT:
        return None
    exact = values * unit
    parts = np.rint(exact).astype(np.int64)
    if np.abs(exact - parts).max(initial=0) > 0.01:
        return None
    parts //= max(1, gcd(*parts.tolist()))
    return parts if np.abs(parts).sum() <= LONGEST else None
