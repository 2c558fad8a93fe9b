"""The benchmarks: what each measures, what it needs, and how long it takes."""

import importlib.util
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from emovlm.provenance.records.surroundings import accelerators

ROOT = Path(__file__).resolve().parents[1]
FIGURES = ROOT / "benchmarks/figures"
"""Where the files of figures are, one a benchmark."""


@dataclass(frozen=True)
class Need:
    """Something that a benchmark needs and the project's own environment does not have; ``there`` says if it is."""

    words: str
    there: Callable[[], bool]


@dataclass(frozen=True)
class Benchmark:
    """A benchmark, the script ``benchmarks/<name>.py``.

    Attributes:
        name: of the script, and of its file of figures.
        title: heading on the page.
        about: what is compared, in a sentence or two.
        minutes: how long it takes on two cores, about.
        need: what it needs besides the project's environment.
        options: what `make benchmark` gives it.
        repeated: it measures several times, so that its script takes ``--rounds``.
    """

    name: str
    title: str
    about: str
    minutes: float
    need: Need | None = None
    options: tuple[str, ...] = ()
    repeated: bool = True


STUDY = Need("the results of a finished study in results/ (make study)",
             lambda: (ROOT / "results/provenance/run.json").is_file())  # fmt: skip
RIG = Need("the face's rig, results/rig/rig.npz (snakemake results/rig/rig.npz)",
           lambda: (ROOT / "results/rig/rig.npz").is_file())  # fmt: skip
BROWSER = Need(
    "Chromium and playwright (tests/packages.sh browser, make test)",
    lambda: Path("/usr/bin/chromium").is_file() and importlib.util.find_spec("playwright") is not None,
)
GPU = Need("an NVIDIA graphics card", lambda: bool(accelerators()))
VIDEOS = Need("videos of your own, --footage FOLDER, so it runs by itself", lambda: False)
EARLIER = Need("the code of an earlier commit beside this one, by hand; see the notes of its figures", lambda: False)
OTHER_ENVIRONMENT = Need("an environment of its own; its script says how to make it", lambda: False)

ALL = (
    Benchmark(
        "study_stages", "A whole study, by stage",
        "CPU time, wall time and memory of each rule, from the records of a finished study. The longest chain of "
        "jobs that wait for one another stands below: no number of cores makes the study shorter.", 0.1, STUDY,
        repeated=False,
    ),
    Benchmark(
        "sampler_matrix", "All conditions of one system",
        "The study's workers load a model once, see each frame once and ask in batches. Instead: an interpreter for "
        "each job, which asks one clip after another.", 60, STUDY,
    ),
    Benchmark(
        "lmms_eval", "Beside lmms-eval",
        "CPU time in which the same checkpoint of random weights is asked about the same frames with one question. "
        "lmms-eval replies; the study scores all labels too.", 30, OTHER_ENVIRONMENT,
    ),
    Benchmark(
        "memory_curve", "Memory by number of clips",
        "Peak memory of a job with few and with many clips. A ratio of 1 is flat. Mapped files are what a job has read "
        "of the frame store so far; the kernel takes these pages back when memory is short.", 8,
    ),
    Benchmark(
        "decode_speed", "Frames of clips",
        "CPU time a clip, child processes included, from MP4 to frames of the size that is stored. The study decodes a "
        "clip once for all samplers; the other tools decode it for each sampler.", 4,
    ),
    Benchmark(
        "decode_memory", "Memory of decoding",
        "Peak memory of the job that decodes a shard. To hold all frames at once would take the size of them all.", 1,
        options=("--clips", "80"),
    ),
    Benchmark(
        "frame_store_size", "Ways to store frames",
        "Bytes a frame, and CPU time a clip to read it with files in the page cache, beside other encodings.", 10,
        VIDEOS,
    ),
    Benchmark(
        "pretraining_step", "A step of pretraining",
        "CPU time a batch of captions, with data, padding and optimizer, beside the forward and backward pass of its "
        "tensors alone.", 5, STUDY,
    ),
    Benchmark(
        "render_speed", "Rendering faces",
        "Which triangle each pixel sees, by the study's compiled rasteriser and by a z-buffer in plain NumPy.", 3, RIG,
    ),
    Benchmark(
        "frequency_speed", "Counting words",
        "Rates a core, of plain text. The other tools count what their patterns find; only the study's way counts by "
        "the rules of [Rules of counting](counting-words.md). Without ripgrep on PATH, its rows are missing.", 10,
    ),
    Benchmark(
        "plan_scale", "Planning", "CPU time in which Snakemake plans a study from nothing.", 2,
    ),
    Benchmark(
        "million_clips", "Very many clips", "CPU time and memory of the jobs that are not sharded.", 4,
        options=("--clips", "100000"),
    ),
    Benchmark(
        "audit_speed", "Audits",
        "Wall time of checking every number of a finished study back to the raw data, beside `sha256sum` of the same "
        "files, which checks nothing else.", 3, STUDY,
    ),
    Benchmark(
        "explorer_scale", "The explorer page", "5,000 clips in 60 conditions, in Chromium.", 2, BROWSER,
    ),
    Benchmark(
        "cost_check", "The cost model",
        "Measured time beside the time that `emovlm cost` calculates for this core's measured rates, which is the limit"
        ".", 5,
    ),
    Benchmark(
        "earlier_code", "Against earlier code of this project",
        "Each row is a change that was made once, measured when it was made.", 0, EARLIER,
    ),
)  # fmt: skip
BENCHMARKS = {benchmark.name: benchmark for benchmark in ALL}
