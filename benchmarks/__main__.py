"""Run the benchmarks that can run here, each in its own process, and write docs/reference/benchmarks.md.

    make benchmark                                            # those that need nothing else
    make benchmark ONLY="decode_speed cost_check"             # these alone
    PYTHONPATH=src:. python -m benchmarks --list              # all of them, with their times
    PYTHONPATH=src:. python -m benchmarks --rounds 1 --figures /tmp/figures     # a short try, not for the page

The figures go to benchmarks/figures/NAME.json. One that cannot run is skipped with a sentence, and its figures stay.
"""

import argparse
import os
import subprocess
import sys
import time
from pathlib import Path

from benchmarks.catalogue import BENCHMARKS, FIGURES, ROOT, Benchmark
from benchmarks.page import PAGE, page, read_figures

from emovlm.core.files import write_text


def told(benchmark: Benchmark) -> str:
    """A benchmark in a line."""
    need = f"; needs {benchmark.need.words}" if benchmark.need else ""
    return f"{benchmark.name:16} {benchmark.minutes:5g} min  {benchmark.title}{need}"


def ran(benchmark: Benchmark, folder: Path, rounds: int | None) -> bool:
    """Run one benchmark; whether it went well."""
    command = [sys.executable, f"benchmarks/{benchmark.name}.py", *benchmark.options,
               "--json", str(folder / f"{benchmark.name}.json")]  # fmt: skip
    command += ["--rounds", str(rounds)] if rounds and benchmark.repeated else []
    known = {**os.environ, "PYTHONPATH": os.pathsep.join(["src", ".", os.environ.get("PYTHONPATH", "")])}
    return subprocess.run(command, cwd=ROOT, env=known, check=False).returncode == 0


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help="these alone")
    parser.add_argument("--list", action="store_true", help="name all, with their times, and run none")
    parser.add_argument("--rounds", type=int, help="runs of each way; each benchmark's own number if not given")
    parser.add_argument("--figures", type=Path, default=FIGURES, help="where the figures go (benchmarks/figures)")
    given = parser.parse_args()
    unknown = [name for name in given.names if name not in BENCHMARKS]
    if unknown:
        parser.error(f"no benchmark {unknown[0]}; there are {', '.join(BENCHMARKS)}")
    chosen = [BENCHMARKS[name] for name in given.names or BENCHMARKS]
    if given.list:
        print("\n".join(map(told, chosen)))
        return
    can = [benchmark for benchmark in chosen if not benchmark.need or benchmark.need.there()]
    for benchmark in chosen:
        if benchmark not in can:
            print(f"{benchmark.name} is skipped: it needs {benchmark.need.words}")
    print(f"{len(can)} benchmarks, about {sum(benchmark.minutes for benchmark in can):.0f} minutes")
    failed = []
    for benchmark in can:
        print(f"\n{told(benchmark)}", flush=True)
        start = time.monotonic()
        if not ran(benchmark, given.figures.resolve(), given.rounds):
            failed.append(benchmark.name)
        print(f"{(time.monotonic() - start) / 60:.1f} min", flush=True)
    if given.figures.resolve() == FIGURES:
        write_text(PAGE, page(read_figures(FIGURES)))
    if failed:
        sys.exit(f"failed: {', '.join(failed)}")


if __name__ == "__main__":
    main()
