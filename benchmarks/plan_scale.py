"""How large the paper's whole study is, and how long Snakemake takes to plan it: jobs and seconds of CPU.

    PYTHONPATH=src:. python benchmarks/plan_scale.py

Plans `config/paper.yaml` in a temporary folder, from nothing, with lists of as many clips as the datasets have and no
clips. What the study would cost: `emovlm cost --configfile config/paper.yaml`.
"""

import os
import re
import resource
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path
from statistics import median

import yaml
from benchmarks.measured import Figures, arguments

from emovlm.core.tables import read_cells
from emovlm.datasets.dfew import LABELS, LISTS

ROOT = Path(__file__).resolve().parents[1]
CONFIG = yaml.safe_load((ROOT / "config.yaml").read_text())
PAPER = "config/paper.yaml"
CLIPS = {"mafw": 9172, "dfew": 11697}  # single-label clips, by kind of dataset
FOLDS = range(1, 6)


def write_override(folder: Path, shards: dict[str, int], clips: dict[str, int] | None = None) -> Path:
    """Lists of ``clips`` clips a kind of dataset, if any, and a configuration that comes after the paper's; no clips.

    Returns:
        The configuration, for Snakemake's ``--configfile``.
    """
    if clips:
        write_mafw(folder / "mafw", clips["mafw"])
        write_dfew(folder / "dfew", clips["dfew"])
    rows = [cells for _, cells in read_cells(ROOT / "config/paper/datasets.tsv")]
    columns = list(dict.fromkeys(column for row in rows for column in row))
    lines = ["\t".join(columns)]
    for row in rows:
        own = {"folder": folder / row["kind"], "n_shards": shards[row["kind"]]}
        lines.append("\t".join(str({**row, **own}.get(column, "")) for column in columns))
    (folder / "datasets.tsv").write_text("\n".join(lines) + "\n")
    places = {name: str(folder / path) for name, path in CONFIG["pathvars"].items()}
    tables = {"datasets": [CONFIG["tables"]["datasets"], str(folder / "datasets.tsv")]}
    (folder / "config.yaml").write_text(yaml.safe_dump({"pathvars": places, "tables": tables}))
    return folder / "config.yaml"


def write_mafw(folder: Path, clips: int) -> None:
    """Five folds in MAFW's layout: each clip is tested in one and trained on in the others."""
    emotions = [cells["emotion"] for _, cells in read_cells(ROOT / CONFIG["tables"]["classes"])]
    lines = [f"{k:07}.mp4 {emotions[k % len(emotions)]}\n" for k in range(clips)]
    for fold in FOLDS:
        place = folder / "Train & Test Set/single/no_caption" / f"set_{fold}"
        place.mkdir(parents=True)
        (place / "test.txt").write_text("".join(lines[fold - 1 :: 5]))
        (place / "train.txt").write_text("".join(line for k, line in enumerate(lines) if k % 5 != fold - 1))


def write_dfew(folder: Path, clips: int) -> None:
    """The same in DFEW's layout."""
    lines = [f"{k},{1 + k % len(LABELS)}\n" for k in range(1, clips + 1)]
    for which in ("train", "test"):
        place = folder / LISTS / f"{which}(single-labeled)"
        place.mkdir(parents=True)
        for fold in FOLDS:
            kept = [line for k, line in enumerate(lines) if (k % 5 == fold - 1) == (which == "test")]
            (place / f"set_{fold}.csv").write_text("video_name,label\n" + "".join(kept))


def snakemake(*arguments: str, configs: list[str | Path]) -> tuple[str, float]:
    """What Snakemake says, and its CPU seconds: it has one thread, and others may share this machine."""
    command = [sys.executable, "-m", "snakemake", "--workflow-profile", "profiles/default", *arguments]
    start = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(
        [*command, "--configfile", *map(str, configs)],
        cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT / "src")}, text=True, capture_output=True, check=False,
    )  # fmt: skip
    if done.returncode:
        sys.exit(done.stdout[-2000:] + done.stderr[-2000:])
    end = resource.getrusage(resource.RUSAGE_CHILDREN)
    return done.stdout + done.stderr, end.ru_utime + end.ru_stime - start.ru_utime - start.ru_stime


def planned(*configs: str | Path) -> tuple[Counter, float]:
    """Jobs of a study by rule, by a dry run, and its CPU seconds."""
    text, seconds = snakemake("--dry-run", "--quiet", "rules", configs=list(configs))
    rows = re.findall(r"^(\w+)\s+(\d+)$", text.split("Job stats:")[1].split("total")[0], re.M)
    return Counter({rule: int(n) for rule, n in rows if rule != "all"}), seconds


def local_rules() -> set[str]:
    """Rules that never go to a cluster."""
    blocks = [
        b for p in (ROOT / "workflow/rules").glob("*.smk") for b in re.split(r"^rule ", p.read_text(), flags=re.M)
    ]
    return {block.split(":")[0] for block in blocks if "localrule: True" in block}


def main() -> None:
    parser = arguments(__doc__)
    parser.add_argument("--shards", type=int, default=1, help="shards a dataset")
    parser.add_argument("--clips", type=int, help="clips listed in each dataset's annotations")
    given = parser.parse_args()
    clips = dict.fromkeys(CLIPS, given.clips) if given.clips else CLIPS
    with tempfile.TemporaryDirectory() as name:
        own = write_override(Path(name), dict.fromkeys(CLIPS, given.shards), clips)
        nothing = Path(name, "nothing.yaml")  # a place for results without any
        nothing.write_text(yaml.safe_dump({"pathvars": yaml.safe_load(own.read_text())["pathvars"]}))
        studies = {"paper": [PAPER, own], "default": ["config.yaml", nothing], "full": ["config/full.yaml", nothing]}
        parsing = [snakemake("--list-rules", configs=[PAPER, own])[1] for _ in range(given.rounds)]
        runs = [{study: planned(*files) for study, files in studies.items()} for _ in range(given.rounds)]
    rules = runs[0]["paper"][0]
    taken = {study: [run[study][1] for run in runs] for study in studies}
    on_cluster = sum(n for rule, n in rules.items() if rule not in local_rules())
    listed = " and ".join(f"{n:,} clips of {name}" for name, n in clips.items())
    print(f"the paper's study, {listed}, {given.shards} shard(s) each:")
    print(f"{rules.total()} jobs, {on_cluster} of them on the cluster")
    reading = f"reading the workflow and its tables {median(parsing):.1f} s"
    print(f"dry run {median(taken['paper']):.1f} s of CPU, of which {reading}")
    for study in ("default", "full"):
        print(f"the {study} study: {runs[0][study][0].total()} jobs, dry run {median(taken[study]):.1f} s")
    figures = Figures("plan_scale", ("snakemake",))
    for study, (jobs, _) in runs[0].items():
        figures.row(f"plan the {study} study: {jobs.total():,} jobs", taken[study], "s CPU")
    figures.row("read the workflow and the tables of the paper's study, part of its planning", parsing, "s CPU")
    figures.write(given.json)
    print(", ".join(f"{rule} {n}" for rule, n in rules.most_common()))


if __name__ == "__main__":
    main()
