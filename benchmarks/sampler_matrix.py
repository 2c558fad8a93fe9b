"""How long all conditions of one system take, each in a process of its own and all in one that sees frames once.

Run it in a clone with the results of a finished study, which it only reads:

    PYTHONPATH=src:. python benchmarks/sampler_matrix.py --results results --system organism-frequency

The jobs are those of the study's records: all texts that the system writes and all its conditions, from nothing.

- One at a time: an interpreter for each job, which loads the model, asks one clip after another and keeps no features.
- Together: one process for all jobs, which loads the model once, asks in batches and keeps what its tower made of each
  frame.

Printed are medians of CPU time (user and system) over the rounds, with their range; how often the tower computed a
frame; and whether the same labels were chosen.
"""

import argparse
import io
import json
import os
import runpy
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from resource import RUSAGE_CHILDREN, getrusage
from typing import Any

import pandas as pd
from benchmarks.measured import Figures, arguments

from emovlm.models.vlm.vision import MEMORY, Vision
from emovlm.provenance.records.record import read_record

ROOT = Path(__file__).resolve().parents[1]
RULES = ("describe_gaps", "answer_clips")  # texts come before the answers that show them


def jobs_of(results: Path, system: str) -> list[dict[str, Any]]:
    """The descriptions of the jobs that ask a system, texts first."""
    found = []
    for rule in RULES:
        for path in sorted((results / "provenance/jobs" / rule).rglob("*.json")):
            job = read_record(path)["job"]
            if job["params"]["system"]["system"] == system:
                found.append(job)
    if not found:
        sys.exit(f"{results}: no job that asks {system}; is this the folder of a finished study?")
    return found


def elsewhere(job: dict[str, Any], folder: Path, **row: Any) -> dict[str, Any]:
    """The job with its output and store in ``folder``, and columns of its system changed."""
    [(name, path)] = job["outputs"].items()
    out = folder / path.replace("/", "_")
    params = {**job["params"], "system": {**job["params"]["system"], **row}, "answer_store": f"{out}.jsonl"}
    return {**job, "outputs": {name: str(out)}, "params": params}


def one_at_a_time(jobs: list[dict[str, Any]]) -> None:
    for job in jobs:
        run([sys.executable, job["script"]], json.dumps(job), {MEMORY: "0"})


def together(jobs: list[dict[str, Any]]) -> str:
    return run([sys.executable, __file__, "--jobs"], json.dumps(jobs), {})


def run(command: list[str], given: str, environment: dict[str, str]) -> str:
    known = {**os.environ, "PYTHONPATH": f"{ROOT / 'src'}:{ROOT}", "OMP_NUM_THREADS": "1", **environment}
    ran = subprocess.run(command, input=given, text=True, capture_output=True, env=known, check=False)
    if ran.returncode:
        sys.exit(ran.stderr)
    return ran.stdout


def run_jobs() -> None:
    """In a process of its own: run the jobs on standard input, and print what their towers did."""
    towers: list[Vision] = []
    made = Vision.__init__

    def counted(self: Vision, *args: Any) -> None:
        made(self, *args)
        towers.append(self)

    Vision.__init__ = counted
    for job in json.load(sys.stdin):
        sys.stdin = io.TextIOWrapper(io.BytesIO(json.dumps(job).encode()))
        runpy.run_path(job["script"], run_name="__main__")
    print(json.dumps({"shown": sum(t.shown for t in towers), "computed": sum(t.computed for t in towers)}))


def cpu() -> float:
    used = getrusage(RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def main() -> None:
    parser = arguments(__doc__)
    parser.add_argument("--results", type=Path, default=Path("results"))
    parser.add_argument("--system", default="organism-frequency")
    parser.add_argument("--jobs", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.jobs:
        run_jobs()
        return
    jobs = jobs_of(given.results, given.system)
    took: dict[str, list[float]] = {"one at a time": [], "together": []}
    told, chosen, scores = {}, {}, {}
    for _ in range(given.rounds):
        for way in took:
            with tempfile.TemporaryDirectory() as folder:
                plain = {"batch": 1} if way == "one at a time" else {}
                moved = [elsewhere(job, Path(folder), **plain) for job in jobs]
                before = cpu()
                said = one_at_a_time(moved) if way == "one at a time" else together(moved)
                took[way].append(cpu() - before)
                tables = {
                    "/".join(job["wildcards"].values()): pd.read_parquet(job["outputs"]["answers"]).set_index("clip_id")
                    for job in moved
                    if job["rule"] == "answer_clips"
                }
            told = json.loads(said) if said else told
            chosen[way] = pd.concat({name: table["prediction"] for name, table in tables.items()})
            scores[way] = pd.concat({name: table.filter(like="score_") for name, table in tables.items()})
    alone, shared = (statistics.median(each) for each in took.values())
    same = (chosen["one at a time"] == chosen["together"]) | chosen["one at a time"].isna()
    apart = (scores["one at a time"] - scores["together"]).abs().max().max()
    print(f"{len(jobs)} jobs that ask {given.system}, {len(same)} answers; medians of {given.rounds} rounds")
    for way, each in took.items():
        print(f"{way:14} {statistics.median(each):7.1f} s of CPU, {min(each):.1f} to {max(each):.1f}")
    print(f"ratio {alone / shared:.2f}")
    print(f"frames shown {told['shown']}, computed {told['computed']}: {told['shown'] / told['computed']:.1f} to 1")
    print(f"same label for {same.mean():.2%} of the answers; scores differ by at most {apart:.4f} nats")
    for name in same[~same].index:
        print(f"another label: {'/'.join(map(str, name))}")
    figures = Figures("sampler_matrix", ("torch", "transformers", "safetensors"))
    figures.row(
        f"all {len(jobs)} jobs that ask `{given.system}`, {len(same):,} answers", took["together"], "s CPU",
        took["one at a time"], "an interpreter for each job, one clip at a time, no feature kept",
        also=f"the same label for {same.mean():.2%} of the answers",
    )  # fmt: skip
    figures.row(
        "frames that the vision tower computes, of all that prompts show", told["computed"], "frames", told["shown"],
        "each as often as it is shown",
    )  # fmt: skip
    figures.note(f"Scores differ by at most {apart:.4f} nats.")
    figures.write(given.json)


if __name__ == "__main__":
    main()
