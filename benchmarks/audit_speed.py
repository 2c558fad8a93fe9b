"""How long an audit takes, beside hashing the same files with sha256sum, which checks nothing else.

Run it in the folder of a finished study: PYTHONPATH=src python benchmarks/audit_speed.py
"""

import argparse
import subprocess
import time

from emovlm.provenance.audit.audit import audit
from emovlm.provenance.planned_jobs import latest_overrides, read_plan
from emovlm.provenance.records.record import FOLDER, read_record


def seconds(work) -> tuple[float, object]:
    """Wall time of a call, and what it returns."""
    start = time.perf_counter()
    result = work()
    return time.perf_counter() - start, result


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--configfile", nargs="*", help="files of the configuration; those of the last job if none")
    given = parser.parse_args()
    overrides = latest_overrides(".") if given.configfile is None else given.configfile
    planning, plan = seconds(lambda: read_plan(".", overrides))
    audit(plan)  # so that the next one finds every hash remembered
    cached, report = seconds(lambda: audit(plan))
    full, _ = seconds(lambda: audit(plan, full=True))
    records = [read_record(f"{plan.results}/{FOLDER}/{name}.json") for name in plan.jobs]
    files = {e["path"] for r in records for e in (*r["inputs"], *r["outputs"])}
    listed = "\0".join(plan.places.local(path) for path in sorted(files))
    command = ["xargs", "-0", "-P", "2", "-n", "200", "sha256sum"]
    summing, _ = seconds(lambda: subprocess.run(command, input=listed.encode(), stdout=subprocess.DEVNULL, check=True))
    print(f"{len(report.jobs)} jobs, {report.files} files, {len(report.findings)} findings")
    print(f"asking Snakemake for the present study: {planning:.1f} s")
    print(f"audit, hashes remembered: {cached:.2f} s; all files hashed again: {full:.2f} s; sha256sum: {summing:.2f} s")
    print(f"whole audit: {planning + cached:.1f} s, with --full {planning + full:.1f} s")
    ratios = f"{summing / cached:.1f} times the audit with hashes remembered, {summing / full:.2f} the full one"
    print(f"sha256sum takes {ratios}")


if __name__ == "__main__":
    main()
