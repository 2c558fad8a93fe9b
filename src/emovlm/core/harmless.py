"""Texts that others wrote, on a terminal, which obeys control characters."""

import unicodedata

UNSEEN = ("Cc", "Cf", "Cs", "Zl", "Zp")
"""Categories of Unicode: control and format characters (the direction of writing too), lone surrogates, line ends."""


def harmless(text: str) -> str:
    """The text with control characters as escapes (``\\x1b``), but for ends of lines and tabs."""
    return "".join(
        c.encode("unicode_escape").decode() if unicodedata.category(c) in UNSEEN and c not in "\n\t" else c
        for c in text
    )
