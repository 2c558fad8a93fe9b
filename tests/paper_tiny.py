"""What the paper's own study needs at toy size: miniature datasets, tiny models and a served one, all on this machine.

    python -m tests.paper_tiny PROJECT

makes them below ``PROJECT/data``, from the clips of its quick study, where nothing lies yet.
"""

import sys
from pathlib import Path

import yaml

from emovlm.models.dfer.official_weights import OFFICIAL_CLASSES
from emovlm.models.remote.remote_system import PYTHON
from tests.dataset_folders import write_dfew, write_mafw
from tests.project import RESULTS
from tests.study_tables import plain_rows
from tests.tiny_models.cache import fill_cache
from tests.tiny_models.dfer import write_random_checkpoint
from tests.tiny_models.remote import save_remote, write_python

CONFIGS = ("config/quick.yaml", "config/paper.yaml", "config/paper-tiny.yaml")
KEY = "a-key-that-must-not-show"


def make_data(project: Path) -> dict[str, str]:
    """Datasets, checkpoints and a cache of models; returns the environment in which the study finds them."""
    data = project / "data"
    data.mkdir()
    clips = sorted((project / RESULTS / "raw/synface/clips").glob("*.mp4"))
    write_mafw(data / "tiny/mafw", clips)
    write_dfew(data / "tiny/dfew", clips)
    recipes = yaml.safe_load((project / CONFIGS[-1]).read_text())["recipes"]
    for row in plain_rows(project / "config/paper/systems.tsv"):
        if row.get("family") == "remote":
            save_remote((project / row["file"]).parent)
        elif "file" in row:
            released = OFFICIAL_CLASSES[row["dataset"].removesuffix("-faces")] if "dataset" in row else []
            for fold in range(1, 6) if released else [0]:
                path = project / row["file"].format(fold=fold)
                network = row["family"]
                write_random_checkpoint(
                    path, network, len(released) or 2, fold, not released, recipes[network]["dimensions"]
                )
    fill_cache(data / "huggingface", project / "config/paper/systems.tsv")
    python = write_python(data / "python")
    return {"HF_HOME": str(data / "huggingface"), "HF_HUB_OFFLINE": "1", "TINY_API_KEY": KEY, PYTHON: str(python)}


if __name__ == "__main__":
    for name, value in make_data(Path(sys.argv[1])).items():
        print(f"export {name}={value}")
