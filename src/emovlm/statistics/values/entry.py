"""One value: a number as the paper and the page print it."""

import math

Value = dict[str, object]
MINUS = "\N{MINUS SIGN}"


def entry_of(value: object, unit: str, source: str, low: float | None = None, high: float | None = None,
             n: int | None = None, *, signed: bool = False, places: int = 2) -> Value:  # fmt: skip
    """One value; numpy numbers become Python's, and what is not a number becomes null."""
    value, low, high = (_plain(x) for x in (value, low, high))
    text = _format(value, unit, signed, places)
    if low is not None and high is not None:
        text += f" [{_format(low, unit, signed, places)}, {_format(high, unit, signed, places)}]"
    n = None if n is None else int(n)
    return {"value": value, "low": low, "high": high, "n": n, "unit": unit, "source": source, "text": text}


def grouped(count: float) -> str:
    """A count as it is printed, its thousands apart."""
    return f"{count:,.0f}".replace(",", "\N{NARROW NO-BREAK SPACE}")


def _plain(value: object) -> object:
    if hasattr(value, "item"):
        value = value.item()
    return None if isinstance(value, float) and math.isnan(value) else value


def _format(value: object, unit: str, signed: bool, places: int) -> str:
    if value is None:
        return "not defined"
    if isinstance(value, str):
        return value
    if unit == "count":
        return grouped(value)
    if unit == "p":
        return "< 0.001" if value < 0.001 else f"{value:.3f}"
    text = f"{value:{'+' if signed else ''}.{places}f}"
    if float(text) == 0:
        text = text.lstrip("+-")
    return text.replace("-", MINUS)
