"""How large an effect is, in a sentence that a reader of the paper understands."""

from typing import Any

from emovlm.statistics.counts import ALL
from emovlm.statistics.metrics import METRICS

MINUS = "\N{MINUS SIGN}"
POINTS = "share"  # the unit of metrics that are told in percentage points


def comparison_in_words(row: Any, low: float, high: float, confidence: float) -> str:
    """A row of COMPARISONS with the interval that decides: ``Macro-F1 falls by 2.4 points from b to a (...)``."""
    metric = METRICS[row["metric"]]
    clips = "" if row["clips"] == ALL else f" on {row['clips']} clips"
    change = f"{metric.label}{clips} {_moves(row['difference'], metric.unit)} from {row['b']} to {row['a']}"
    if isinstance(row["minus_a"], str):
        change = (
            f"the change of {metric.label}{clips} from {row['b']} to {row['a']}, less that from {row['minus_b']} to "
            f"{row['minus_a']}, is {_amount(row['difference'], metric.unit, signed=True)}"
        )
    return f"{change} ({_interval(low, high, metric.unit, confidence)})"


def slope_in_words(row: Any, low: float, high: float, confidence: float) -> str:
    """A row of SLOPES with the interval that decides: ``recall rises by 12 points per tenfold exposure (...)``."""
    moves = _moves(row["estimate"], POINTS)
    if row["kind"] == "within":
        return f"a class's recall {moves} per tenfold exposure ({_interval(low, high, POINTS, confidence)})"
    more = f"over classes, beyond what it does in {row['minus']}"
    return f"recall {moves} per tenfold word frequency {more} ({_interval(low, high, POINTS, confidence)})"


def events_in_words(share: float, low: float, high: float, confidence: float) -> str:
    """The share of events that have a frame inside."""
    interval = f"{confidence:.0%} interval {100 * low:.0f} to {100 * high:.0f}%"
    return f"{100 * share:.0f}% of the events have a frame inside ({interval})"


def needed_in_words(factor: float, units: str) -> str:
    """What an undecided piece of evidence has excluded, and how much more data would decide it."""
    more = f"about {factor:.{1 if factor < 10 else 0}f} times as many {units}"
    return f"effects outside it are excluded; {more} would decide, if the effect stays"


def _moves(value: float, unit: str) -> str:
    if value == 0:
        return "does not change"
    return f"{'rises' if value > 0 else 'falls'} by {_amount(abs(value), unit)}"


def _amount(value: float, unit: str, signed: bool = False) -> str:
    number = 100 * value if unit == POINTS else value
    text = f"{number:{'+' * signed}.{1 if unit == POINTS else 3}f}".replace("-", MINUS)
    return f"{text} {'points' if unit == POINTS else unit}"


def _interval(low: float, high: float, unit: str, confidence: float) -> str:
    ends = [_amount(end, unit, signed=True).split()[0] for end in (low, high)]
    return f"{confidence:.0%} interval {ends[0]} to {ends[1]}"
