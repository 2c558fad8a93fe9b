"""The command ``emovlm``: what one asks of a study before and after it runs. Run it in the study's folder."""

import argparse
import json
import os
import signal
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from rich.console import Console

from emovlm.core.errors import StudyError
from emovlm.planning.cost import GPU, costs, disk
from emovlm.planning.doctor import examine
from emovlm.planning.terminal import show_costs, show_findings
from emovlm.provenance.audit.audit import audit, prune
from emovlm.provenance.audit.audit_report import show
from emovlm.provenance.crate import write_crate
from emovlm.provenance.explain import explain
from emovlm.provenance.planned_jobs import Plan, latest_overrides, read_plan
from emovlm.provenance.resume import prepare
from emovlm.provenance.summary import summary
from emovlm.study.load import check_config, load_study, read_config
from emovlm.study.study import Study

BY = {"system": ["system"], "stage": ["system", "stage"], "condition": ["system", "dataset", "stage", "what"]}


def main() -> int:
    """Run one command; the exit code is 0 only if all is well."""
    parser = argparse.ArgumentParser(prog="emovlm", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    checks = commands.add_parser("audit", help="does every number still follow from the raw data?")
    checks.add_argument("targets", nargs="*", metavar="FILE", help="files to walk back from; everything if none")
    checks.add_argument("--full", action="store_true", help="hash every file again, whatever is remembered of it")
    checks.add_argument("--json", action="store_true", help="print the report as JSON")
    checks.add_argument("--expect", metavar="SEAL", help="the seal noted from an earlier audit; implies --full")
    checks.add_argument("--prune", action="store_true", help="first forget records of jobs that the study has no more")
    checks.set_defaults(run=_audit)
    explains = commands.add_parser("explain", help="where does a number come from?")
    explains.add_argument("value", metavar="VALUE_ID", help="a value's id, part of one, or a number as it is printed")
    explains.set_defaults(run=_explain)
    packs = commands.add_parser("crate", help="pack what may be shared, with its provenance, as an RO-Crate")
    packs.set_defaults(run=_crate)
    resumes = commands.add_parser("resume", help="go on after Snakemake was killed: no job of it is left running")
    resumes.add_argument("arguments", nargs="*", help="those of Snakemake, after `--`")
    resumes.set_defaults(run=_resume)
    doctors = commands.add_parser("doctor", help="can the study run here? what is missing, and how to get it")
    doctors.set_defaults(run=_doctor)
    prices = commands.add_parser("cost", help="what the study takes: tokens, GPU hours, disk; nothing is run")
    prices.add_argument("--by", choices=list(BY), default="system", help="what a row of the table is")
    prices.add_argument("--tflops", type=float, help="what the card sustains, 1e12 operations a second")
    prices.add_argument("--bandwidth", type=float, help="what it reads of its memory, GB a second")
    prices.set_defaults(run=_cost)
    pages = commands.add_parser("summary", help="the finished study's numbers as Markdown tables")
    pages.set_defaults(run=_summary)
    for each in (checks, explains, packs, doctors, prices, pages):
        each.add_argument(
            "--configfile", action="append",
            help="a file that overrides config.yaml (may be given again); that of the last job if not given",
        )  # fmt: skip
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # `| head` is no error
    given = parser.parse_args()
    try:
        return given.run(given)
    except StudyError as error:
        print(f"error: {error}", file=sys.stderr)
    except OSError as error:
        print(f"error: {error.filename or 'file'}: {error.strerror or error}", file=sys.stderr)
    return 1


def _plan(given: argparse.Namespace) -> Plan:
    console = Console(stderr=True)
    with console.status("asking Snakemake what the study consists of"):
        return read_plan(".", _overrides(given))


def _overrides(given: argparse.Namespace) -> Sequence[str]:
    """The files that override ``config.yaml``: those given, or those that the results are made with."""
    return latest_overrides(".") if given.configfile is None else given.configfile


def _audit(given: argparse.Namespace) -> int:
    plan = _plan(given)
    if given.prune:
        for path in prune(plan):
            print(f"forgotten: {path}", file=sys.stderr)
    report = audit(plan, given.targets, given.full or given.expect is not None, given.expect)
    if given.json:
        print(json.dumps(report.as_json(), indent=1, ensure_ascii=False))
    else:
        show(report, plan, Console())
    return 0 if report.ok else 1


def _explain(given: argparse.Namespace) -> int:
    print("\n".join(explain(_plan(given), given.value)))
    return 0


def _crate(given: argparse.Namespace) -> int:
    for path in write_crate(_plan(given)):
        print(f"{path}: {path.stat().st_size / 1e6:.1f} MB")
    return 0


def _summary(given: argparse.Namespace) -> int:
    print(summary(check_config(read_config(".", _overrides(given))).pathvars.results), end="")
    return 0


def _study(given: argparse.Namespace) -> Study:
    return load_study(read_config(".", given.configfile or []))


def _doctor(given: argparse.Namespace) -> int:
    study = _study(given)
    return 0 if show_findings(examine(study, Path(study.config.pathvars.results)), Console()) else 1


def _cost(given: argparse.Namespace) -> int:
    study = _study(given)
    gpu = GPU
    if given.tflops or given.bandwidth:
        rates = {"flops": (given.tflops or 0) * 1e12, "bandwidth": (given.bandwidth or 0) * 1e9}
        gpu = replace(GPU, name="the card described", **{key: rate for key, rate in rates.items() if rate})
    show_costs(costs(study, gpu), disk(study), gpu, BY[given.by], Console())
    return 0


def _resume(given: argparse.Namespace) -> int:
    prepare(given.arguments, Console(stderr=True))
    os.execv(sys.executable, [sys.executable, "-m", "snakemake", *given.arguments, "--rerun-incomplete"])


if __name__ == "__main__":
    sys.exit(main())
