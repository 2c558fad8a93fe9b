"""The tutorial, word for word: a clean copy of the tree, an empty environment, pip install, both evaluations."""

import os
import shutil
import subprocess

from tests.tutorial import ROOT, blocks, check, follow


def test_a_newcomer_who_follows_the_tutorial_gets_tables_and_pages(tmp_path):
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for name in filter(None, listed.split("\0")):
        target = tmp_path / "clone" / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, target, follow_symlinks=False)
    environment = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "VIRTUAL_ENV")}
    done = follow(blocks("bash"), tmp_path / "clone", environment)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    check(tmp_path / "trial")
    python = tmp_path / "trial/venv/bin/python"
    where = "import emovlm, importlib.util; print(emovlm.__file__, importlib.util.find_spec('snakemake'))"
    found = subprocess.run(
        [python, "-c", where], cwd=tmp_path, env=environment, capture_output=True, text=True, check=True
    )
    assert found.stdout.split() == [
        str(tmp_path / "trial/venv/lib/python3.11/site-packages/emovlm/__init__.py"),
        "None",
    ]
