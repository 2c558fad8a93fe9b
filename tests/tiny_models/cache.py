"""Fill a Hugging Face cache with tiny models under the names and commits of a table of systems, without a network.

    python -m tests.tiny_models.cache HOME config/paper/systems.tsv

With ``HF_HOME=HOME HF_HUB_OFFLINE=1`` the rules then fetch and run what the rows name as if it were the real thing.
"""

import shutil
import sys
import tempfile
from pathlib import Path

from emovlm.core.hashing import sha256_file
from tests.study_tables import plain_rows
from tests.tiny_models.models import MODELS, save_tiny


def fill_cache(home: Path, systems: Path) -> list[str]:
    """One model for each row with weights from outside whose family has a tiny one.

    Returns:
        The names of the models, as on the hub.
    """
    made = []
    for row in plain_rows(systems):
        if row["training"] == "none" and row.get("family") in MODELS:
            with tempfile.TemporaryDirectory() as folder:
                save_tiny(row["family"], folder)
                keep(home, row["weights"], row.get("revision") or "f" * 40, Path(folder))
            made.append(row["weights"])
    return made


def keep(home: Path, weights: str, revision: str, folder: Path) -> None:
    """Put the files of a folder into the cache, laid out as the hub's client does: blobs, and links to them."""
    model = home / "hub" / f"models--{weights.replace('/', '--')}"
    snapshot = model / "snapshots" / revision
    for made in (snapshot, model / "blobs", model / "refs"):
        made.mkdir(parents=True, exist_ok=True)
    (model / "refs/main").write_text(revision)
    for path in sorted(folder.iterdir()):
        blob = model / "blobs" / sha256_file(path)
        shutil.copyfile(path, blob)
        link = snapshot / path.name
        link.unlink(missing_ok=True)
        link.symlink_to(Path("../../blobs") / blob.name)


if __name__ == "__main__":
    print(*fill_cache(Path(sys.argv[1]), Path(sys.argv[2])), sep="\n")
