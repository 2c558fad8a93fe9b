"""Strict parsing of free replies."""

import re


def parse_label(reply: str, classes: list[str]) -> str | None:
    """The one class that ``reply`` names as a whole word, or None if it names none or several.

    Counting a hit whenever the true label occurs anywhere in a reply, as some published scripts do,
    rewards replies that list many emotions; here such a reply names no class.
    """
    words = set(re.findall(r"\w+", reply.lower()))
    named = [c for c in classes if c.lower() in words]
    return named[0] if len(named) == 1 else None
