"""Frame samplers by their short names, so that the common ones need no table."""

import re

from emovlm.core.errors import StudyError
from emovlm.sampling.frame_samplers import SAMPLERS, Derived, Row

NUMBER = r"(\d+(?:\.\d+)?)"
FORMS: dict[str, str] = {
    rf"fps{NUMBER}": "rate",
    rf"keyframes{NUMBER}?": "keyframes",
    r"(?:uniform|count)(\d+)": "uniform",
    rf"window{NUMBER}": "window",
    r"every(\d+)": "every",
    r"all": "all",
}
KEYFRAME_RATE, HELD_RATE, WINDOW_COUNT, BETWEEN_COUNT = 1.0, 25.0, 5, 4

EXAMPLES = "fps5, fps1, keyframes, uniform8, every4, window5, all; with -shuffled or -reversed behind it, or fps1-held"


def named_sampler(name: str) -> tuple[Row, Row | None]:
    """The row of a frame sampler, and the row of its base where it derives from one.

    ``fps5`` is five frames a second; ``keyframes`` one keyframe a second, ``keyframes2`` two; ``uniform8`` eight frames
    spread over the clip; ``every4`` every fourth frame; ``window5`` five frames at that rate around the clip's middle;
    ``all`` every frame. ``-shuffled`` and ``-reversed`` behind a name change the order; ``fps1-held`` shows as many
    frames as ``fps25``, a new one a second.

    Raises:
        StudyError: no sampler is called so.
    """
    base_name, _, derived = name.rpartition("-")
    if derived == "held" and re.fullmatch(rf"fps{NUMBER}", base_name):
        base = _plain(f"fps{HELD_RATE:g}")
        return {"sampler": name, "kind": "held", "rate": float(base_name[3:]), "base": base["sampler"]}, base
    if isinstance(SAMPLERS.get(derived), Derived) and derived != "held":
        base = _plain(base_name)
        return {"sampler": name, "kind": derived, "base": base_name}, base
    return _plain(name), None


def between(keyframes: Row) -> Row:
    """The sampler of the frames between keyframes, which enrichment texts are about."""
    return {"sampler": "between", "kind": "between", "rate": keyframes["rate"], "count": BETWEEN_COUNT}


def _plain(name: str) -> Row:
    for form, kind in FORMS.items():
        if found := re.fullmatch(form, name):
            number = found[1] if found.re.groups else None
            row: Row = {"sampler": name, "kind": kind}
            if kind in ("rate", "keyframes", "window"):
                row["rate"] = float(number or KEYFRAME_RATE)
            if kind == "every":
                row["step"] = int(number)
            if kind in ("uniform", "window"):
                row["count"] = int(number) if kind == "uniform" else WINDOW_COUNT
            return row
    raise StudyError(
        f"unknown frame sampler {name!r}; there are {EXAMPLES}. Others can be rows of a table (--samplers)"
    )
