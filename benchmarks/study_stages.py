"""CPU time, wall time and memory of a finished study by rule, and the longest chain of jobs, from its records.

    PYTHONPATH=src:. python benchmarks/study_stages.py --results results

Nothing is run: every job has told what it took (`provenance/jobs`). A job waits for the jobs that wrote what it reads.
The longest chain of such jobs, by their wall times, is the critical path: no number of cores makes the study shorter.
"""

from collections.abc import Mapping
from graphlib import TopologicalSorter
from itertools import groupby
from pathlib import Path

from benchmarks.measured import GIB, Figures, arguments

from emovlm.core.errors import StudyError
from emovlm.provenance.account import account
from emovlm.provenance.records.record import Record, makers, read_record, record_paths, rule_of


def critical_path(records: Mapping[str, Record]) -> list[str]:
    """The jobs of the chain that takes longest, first to last.

    Args:
        records: by job, as from ``read_record``.
    """
    made = makers(records)
    before = {
        job: {made[each["path"]] for each in record["inputs"] if each["path"] in made} - {job}
        for job, record in records.items()
    }
    length: dict[str, float] = {}
    last: dict[str, str | None] = {}
    for job in TopologicalSorter(before).static_order():
        last[job] = max(sorted(before[job]), key=length.__getitem__, default=None)
        length[job] = records[job]["seconds"] + (length[last[job]] if last[job] else 0)
    chain, job = [], max(sorted(length), key=length.__getitem__, default=None)
    while job:
        chain.append(job)
        job = last[job]
    return chain[::-1]


def by_rule(records: Mapping[str, Record]) -> list[tuple[str, list[Record]]]:
    """The records of each rule; the rule whose jobs took most CPU time first."""
    found = [(rule, [records[job] for job in jobs]) for rule, jobs in groupby(sorted(records, key=rule_of), rule_of)]
    return sorted(found, key=lambda each: (-sum(r["cpu_seconds"] for r in each[1]), each[0]))


def main() -> None:
    parser = arguments(__doc__, rounds=None)
    parser.add_argument("--results", type=Path, default=Path("results"))
    given = parser.parse_args()
    records = {job: read_record(path) for job, path in record_paths(given.results).items()}
    if not records:
        raise StudyError(f"{given.results}: no records of jobs; is this the folder of a finished study?")
    figures = Figures("study_stages")
    cpu, took = (account(records, {}, {})["values"][f"run.{key}"]["value"] for key in ("cpu_s", "busy_s"))
    if cpu is None:
        raise StudyError(f"{given.results}: some records do not tell the CPU time of their job; run the study anew")
    print(f"{'rule':24}{'jobs':>6}{'CPU s':>10}{'share':>8}{'wall s':>10}{'peak GiB':>10}")
    for rule, mine in by_rule(records):
        own, spent = (sum(record[key] for record in mine) for key in ("cpu_seconds", "seconds"))
        peak = max(record["peak_memory_bytes"] for record in mine) / GIB
        print(f"{rule:24}{len(mine):6}{own:10.1f}{own / cpu:8.1%}{spent:10.1f}{peak:10.2f}")
        jobs = "1 job" if len(mine) == 1 else f"{len(mine)} jobs"
        also = f"{own / cpu:.1%} of all; {spent:.0f} s wall, {peak:.2f} GiB at most"
        figures.row(f"`{rule}`, {jobs}", own, "s CPU", also=also)
    chain = critical_path(records)
    longest = sum(records[job]["seconds"] for job in chain)
    cores = {record["machine"]["cores"] for record in records.values()}
    print(f"\n{len(records)} jobs, {cpu:.0f} s of CPU; {took:.0f} s in which a job ran")
    print(f"critical path, {len(chain)} jobs, {longest:.0f} s:")
    for job in chain:
        print(f"  {records[job]['seconds']:8.1f} s  {job}")
    figures.row(f"all {len(records)} jobs", cpu, "s CPU")
    figures.row("time in which a job ran", took, "s", limit=(f"the critical path, {len(chain)} jobs", longest))
    steps = "\n  - ".join(f"`{job}` {records[job]['seconds']:.0f} s" for job in chain)
    figures.note(f"Critical path:\n  - {steps}")
    figures.note(f"Jobs ran on {' or '.join(map(str, sorted(cores)))} cores; times of one run of the study.")
    commits = sorted({record["git"]["commit"][:7] for record in records.values() if record["git"]})
    figures.note(f"The study was run by the code of commit {', '.join(commits)}.")
    figures.write(given.json)


if __name__ == "__main__":
    try:
        main()
    except StudyError as error:
        raise SystemExit(f"error: {error}") from None
