"""The commands of docs/tutorials/running-on-slurm.md, typed in a clone: from environments to the audit."""

import os

from tests.cluster.conftest import Cluster
from tests.cluster.test_short import check_jobs
from tests.tutorial import ROOT, follow, steps


def test_the_commands_of_the_tutorial_run_the_quick_study(tmp_path, environments):
    cluster = Cluster(tmp_path / "emovlm")
    (cluster.path / "profiles/slurm/site.yaml").unlink()  # the tutorial copies it
    path = os.pathsep.join([str(ROOT / ".venv/bin"), os.environ["PATH"]])
    for commands, _ in steps("running-on-slurm"):
        done = follow([commands], cluster.path, {**os.environ, "PATH": path})
        assert done.returncode == 0, f"{commands}\n{done.stdout[-3000:]}{done.stderr[-3000:]}"
    assert "every link holds" in done.stdout  # the last command is the audit
    check_jobs(cluster)
