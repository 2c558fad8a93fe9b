"""The quick study on a real SLURM of this machine, which slurm.sh starts: jobs are asked of SLURM's own accounting."""

import subprocess
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.conda.conftest import environments
from tests.project import RESULTS, ROOT, Project, until

from emovlm.core.hashing import sha256_file
from emovlm.provenance.records.record import Record, rule_of

__all__ = ["environments"]
SLURM = Path(__file__).with_name("slurm.sh")
FIELDS = ("JobIDRaw", "State", "ExitCode", "ReqMem", "TimelimitRaw", "AllocTRES", "Partition", "Comment", "WorkDir")


@dataclass(frozen=True)
class Job:
    """One job, as SLURM's accounting has it; memory in MB, time in minutes."""

    number: str
    state: str
    exit: str
    memory: int
    minutes: int
    allocated: str
    partition: str
    comment: str


class Cluster(Project):
    """A copy of the project whose jobs SLURM runs."""

    def __init__(self, path: Path, *configs: str):
        super().__init__(path, *configs, profile="profiles/slurm")
        example = (path / "profiles/slurm/site.example.yaml").read_text()
        (path / "profiles/slurm/site.yaml").write_text(example)
        (path / ".venv").symlink_to(ROOT / ".venv")  # for make

    def jobs(self) -> dict[str, Job]:
        """All jobs that were ever submitted from this folder, by number."""
        command = ["sacct", "--allocations", "--noheader", "--parsable2", "--starttime=now-1day",
                   "--format", ",".join(FIELDS)]  # fmt: skip
        lines = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
        found = {}
        for number, state, code, memory, minutes, allocated, partition, comment, folder in (
            x.split("|") for x in lines
        ):
            if Path(folder) == self.path:
                mb = int(float(memory[:-1]) * {"M": 1, "G": 1024}[memory[-1]])
                found[number] = Job(number, state.split()[0], code, mb, int(minutes), allocated, partition, comment)
        return found

    def jobs_of(self, rule: str) -> list[Job]:
        """The jobs of one rule that is not in a group, in the order of their submission."""
        of_rule = f"rule_{rule}"
        return [job for job in self.jobs().values() if job.comment.split("_wildcards_")[0] == of_rule]

    def ran_in(self, numbers: set[str]) -> Counter[str]:
        """What ran in these jobs of SLURM, by the records: jobs of the study, by rule."""
        return Counter(rule_of(n) for n, r in self.records().items() if r["machine"]["slurm_job"] in numbers)

    def submitted_by(self, run: Callable[[], None]) -> tuple[dict[str, Job], Counter[str]]:
        """The jobs of SLURM that ``run`` submits, and the jobs of the study that ran in them, by rule."""
        before = set(self.jobs())
        run()
        new = {number: job for number, job in settled(self).items() if number not in before}
        return new, self.ran_in(set(new))

    def tables(self) -> dict[str, str]:
        """SHA-256 of everything that the paper's numbers are in, by path."""
        folder = self.path / RESULTS
        files = [
            folder / "values.json",
            *(folder / "tables").rglob("*.[ct]sv"),
            *(folder / "answers").glob("*.parquet"),
        ]
        return {str(path.relative_to(folder)): sha256_file(path) for path in sorted(files)}


def settled(cluster: Cluster) -> dict[str, Job]:
    """The accounting, once all jobs have ended in it."""
    until(lambda: not {job.state for job in cluster.jobs().values()} & {"PENDING", "RUNNING", "COMPLETING"}, 60)
    return cluster.jobs()


@pytest.fixture(scope="session", autouse=True)
def slurm() -> Iterator[None]:
    """SLURM, running."""
    subprocess.run([SLURM, "start"], check=True)
    yield
    subprocess.run([SLURM, "stop"], check=True)


@dataclass(frozen=True)
class Finished:
    """A study that has just run to its end: its jobs, their records, and digests of its tables."""

    cluster: Cluster
    jobs: dict[str, Job]
    records: dict[str, Record]
    tables: dict[str, str]


@pytest.fixture(scope="session")
def undisturbed(tmp_path_factory: pytest.TempPathFactory, environments: Path) -> Finished:
    """The whole quick study, with nothing in its way; once what needs a network is there, it has none."""
    cluster = Cluster(tmp_path_factory.mktemp("undisturbed") / "emovlm")
    cluster.run("--conda-create-envs-only")
    cluster.run("prefetch_weights")
    assert cluster.jobs() == {}
    with pytest.MonkeyPatch.context() as patch:
        for name in ("http_proxy", "https_proxy", "PIP_INDEX_URL"):
            patch.setenv(name, "http://127.0.0.1:9/")  # where nobody answers; jobs inherit it
        cluster.run()
    return Finished(cluster, settled(cluster), cluster.records(), cluster.tables())
