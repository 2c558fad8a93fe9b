"""How long an audit takes, beside hashing the same files with sha256sum, which checks nothing else.

Run it in the folder of a finished study: PYTHONPATH=src:. python benchmarks/audit_speed.py
"""

import subprocess
import time
from statistics import median

from benchmarks.measured import Figures, arguments

from emovlm.provenance.audit.audit import audit
from emovlm.provenance.planned_jobs import latest_overrides, read_plan
from emovlm.provenance.records.record import FOLDER, read_record


def seconds(work) -> tuple[float, object]:
    """Wall time of a call, and what it returns."""
    start = time.perf_counter()
    result = work()
    return time.perf_counter() - start, result


def main() -> None:
    parser = arguments(__doc__)
    parser.add_argument("--configfile", nargs="*", help="files of the configuration; those of the last job if none")
    given = parser.parse_args()
    overrides = latest_overrides(".") if given.configfile is None else given.configfile
    plan = read_plan(".", overrides)
    report = audit(plan)  # so that the next one finds every hash remembered
    records = [read_record(f"{plan.results}/{FOLDER}/{name}.json") for name in plan.jobs]
    files = {e["path"] for r in records for e in (*r["inputs"], *r["outputs"])}
    listed = "\0".join(plan.places.local(path) for path in sorted(files))
    command = ["xargs", "-0", "-P", "2", "-n", "200", "sha256sum"]
    ways = {
        "planning": lambda: read_plan(".", overrides),
        "audit": lambda: audit(plan),
        "full": lambda: audit(plan, full=True),
        "sha256sum": lambda: subprocess.run(command, input=listed.encode(), stdout=subprocess.DEVNULL, check=True),
    }
    taken = {name: [] for name in ways}
    for _ in range(given.rounds):
        for name, way in ways.items():
            taken[name].append(seconds(way)[0])
    planning, cached, full, summing = (median(each) for each in taken.values())
    print(f"{len(report.jobs)} jobs, {report.files} files, {len(report.findings)} findings")
    print(f"asking Snakemake for the present study: {planning:.1f} s")
    print(f"audit, hashes remembered: {cached:.2f} s; all files hashed again: {full:.2f} s; sha256sum: {summing:.2f} s")
    print(f"whole audit: {planning + cached:.1f} s, with --full {planning + full:.1f} s")
    ratios = f"{summing / cached:.1f} times the audit with hashes remembered, {summing / full:.2f} the full one"
    print(f"sha256sum takes {ratios}")
    size = sum(e["bytes"] for r in records for e in r["outputs"]) / 1e9
    study = f"{len(report.jobs)} jobs, {report.files:,} files, {size:.1f} GB written"
    figures, instead = Figures("audit_speed", ("snakemake",)), "`sha256sum` of the files, two at a time"
    figures.row(f"audit, hashes remembered: {study}", taken["audit"], "s", taken["sha256sum"], instead)
    figures.row("the same, every file hashed again", taken["full"], "s", taken["sha256sum"], instead)
    figures.row("asking Snakemake for the present study, which comes before either", taken["planning"], "s")
    figures.write(given.json)


if __name__ == "__main__":
    main()
