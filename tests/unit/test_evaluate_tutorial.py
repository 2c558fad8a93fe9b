"""The commands of docs/tutorials/evaluating.md, word for word, here; `make test-install` installs first."""

import subprocess
import sys

from tests.tutorial import ROOT, blocks, check, follow, tree_on_path


def test_the_tutorials_commands_and_its_python_give_what_it_says(tmp_path, wheel_path):
    install, *commands = blocks("bash")
    assert "pip install ." in install
    (tmp_path / "trial").mkdir()
    clone = tmp_path / "clone"
    clone.mkdir()
    (clone / "tests").symlink_to(ROOT / "tests")
    environment = {**tree_on_path(tmp_path / "bin"), "PYTHONPATH": str(ROOT / "src"), "PIP_NO_INDEX": "1",
                   "PIP_FIND_LINKS": str(wheel_path.parent)}  # fmt: skip
    done = follow(commands, clone, environment)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    check(tmp_path / "trial")
    (code,) = blocks("python")
    (tmp_path / "trial/own.py").write_text(code)
    ran = subprocess.run(
        [sys.executable, "own.py"], cwd=tmp_path / "trial", env=environment, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0 and "keyframes-msce" in ran.stdout, ran.stderr[-2000:]
