"""How long the answering jobs of a study take when they are forked and models stay loaded, and when they are not.

Run it in the folder of a finished study, of which it deletes answers and makes them again:

    PYTHONPATH=src:. python benchmarks/answering_jobs.py --configfile config/quick.yaml --system organism-frequency

All conditions of one system are answered from nothing by Snakemake on one core, in turn with a fork server and with an
interpreter for each job, several rounds. Printed are medians of wall time, and whether all answers are the same bytes.
"""

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import time
from pathlib import Path

from emovlm.study.load import load_study, read_config

WAYS = {"forked, models stay loaded": "on", "an interpreter for each job": "off"}


def answer(paths: list[Path], store: Path, switch: str, configfile: str) -> tuple[float, list[bytes]]:
    """Make the answers anew: seconds, and what they are."""
    for path in paths:
        path.unlink(missing_ok=True)
    shutil.rmtree(store, ignore_errors=True)
    start = time.perf_counter()
    subprocess.run(
        [sys.executable, "-m", "snakemake", "--configfile", configfile, "--cores", "1", "--quiet", "all",
         "--rerun-triggers", "mtime", "--", *map(str, paths)],
        check=True, env={**os.environ, "EMOVLM_FORK": switch}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    return time.perf_counter() - start, [path.read_bytes() for path in paths]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--configfile", default="config/quick.yaml")
    parser.add_argument("--system", default="organism-frequency")
    parser.add_argument("--rounds", type=int, default=5)
    given = parser.parse_args()
    study = load_study(read_config(".", [given.configfile]))
    answers = Path(study.config.pathvars.results, "answers")
    names = [name for name, condition in study.conditions.items() if condition.system.name == given.system]
    paths = [path for name in names for path in sorted((answers / name).rglob("*.parquet"))]
    answer(paths[:1], answers / "store", "off", given.configfile)  # caches of files and of compiled code are warm
    seconds: dict[str, list[float]] = {way: [] for way in WAYS}
    made = []
    for _ in range(given.rounds):
        for way, switch in WAYS.items():
            took, contents = answer(paths, answers / "store", switch, given.configfile)
            seconds[way].append(took)
            made.append(contents)
    medians = {way: statistics.median(each) for way, each in seconds.items()}
    print(f"{len(paths)} jobs of {given.system}, median of {given.rounds} rounds")
    for way, median in medians.items():
        print(f"{way:28} {median:6.1f} s, {min(seconds[way]):.1f} to {max(seconds[way]):.1f}")
    forked, alone = medians.values()
    print(f"ratio {alone / forked:.1f}; all answers the same bytes: {all(each == made[0] for each in made)}")


if __name__ == "__main__":
    main()
