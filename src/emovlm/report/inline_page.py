"""A page in one file: its styles, scripts and data inside, and a policy that allows nothing else.

The policy (CSP, w3.org/TR/CSP3) allows the styles and scripts that are in the page by their hashes.
"""

import base64
import hashlib
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from emovlm.core.errors import StudyError
from emovlm.report.explorer_data import as_text

STYLE = re.compile(r'<link rel="stylesheet" href="([^"]+)">')
SCRIPT = re.compile(r'<script src="([^"]+)"></script>')
DATA, POLICY = "<!-- data -->", "<!-- policy -->"


def inline_page(source: Path, parts: Iterable[Path], first: dict[str, Any], pictures: str, scripts: str = "") -> str:
    """The page as text.

    Args:
        source: HTML that names its styles and scripts, with the places ``DATA`` and ``POLICY``.
        parts: these files.
        first: data, as JSON in the element with the id ``first``.
        pictures, scripts: further sources that the policy allows, for example ``data:``.

    Raises:
        StudyError: the page names a file that is not among ``parts``, or a part is not named.
    """
    files = {path.name: path.read_text(encoding="utf-8") for path in parts}
    page = source.read_text(encoding="utf-8")
    named = [*STYLE.findall(page), *SCRIPT.findall(page)]
    if odd := sorted(set(named) ^ set(files)):
        raise StudyError(f"{source}: {odd[0]} is {'not a part of the page' if odd[0] in named else 'not used'}")
    hashes: dict[str, list[str]] = {"style": [], "script": []}

    def inline(tag: str, name: str) -> str:
        text = f"\n{files[name].strip()}\n"
        if f"</{tag}" in text:
            raise StudyError(f"{name}: it must not contain </{tag}")
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        hashes[tag].append(f"'sha256-{digest}'")
        return f"<{tag}>{text}</{tag}>"

    page = STYLE.sub(lambda found: inline("style", found[1]), page)
    page = SCRIPT.sub(lambda found: inline("script", found[1]), page)
    policy = (
        f"default-src 'none'; script-src {' '.join(filter(None, [scripts, *hashes['script']]))}; "
        f"style-src {' '.join(hashes['style'])}; img-src {pictures}; base-uri 'none'; form-action 'none'"
    )
    page = page.replace(POLICY, f'<meta http-equiv="Content-Security-Policy" content="{policy}">')
    return page.replace(DATA, f'<script type="application/json" id="first">{as_text(first)}</script>')
