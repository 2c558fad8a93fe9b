"""The audit finds every change of a finished study and names it, and finds nothing in one that nobody touched."""

import json
import os
import random
import re
import shutil
import subprocess
import sys
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from emovlm.core import notes
from emovlm.core.errors import StudyError
from emovlm.core.files import read_json
from emovlm.core.hashing import sha256_file
from emovlm.provenance.audit.audit import audit, prune
from emovlm.provenance.explain import explain
from emovlm.provenance.planned_jobs import latest_overrides, read_plan
from emovlm.provenance.records.record import read_record, record_path, record_paths, write_record
from tests.project import RESULTS

QUICK = ["config/quick.yaml"]
CLASSES = {
    "raw clip": "raw/*/clips/*.mp4", "annotation": "raw/*/annotations/*", "truth": "raw/*/truth/*.parquet",
    "plan": "raw/*/plan.parquet", "rig": "rig/*", "manifest": "manifests/*.parquet",
    "frame store": "frames/*/*.safetensors", "frame index": "frames/*/*.parquet", "sample": "samples/*/*.parquet",
    "features": "features/*/*/*.safetensors",
    "schedule": "schedules/**/*.parquet", "captions": "captions/**/*.parquet", "weights": "models/**/*.safetensors",
    "model file": "models/**/*.json", "text": "texts/**/*.parquet", "answer store": "answers/store/*.jsonl",
    "answers": "answers/*.parquet", "answers of a shard": "answers/*/*/*.parquet", "word counts": "lexicon/*.csv",
    "table": "tables/*.csv", "values": "values.json", "figure": "figures/*.p*", "paper": "paper/paper.pdf",
    "page": "explorer/**/*.*",
    "datasheet": "raw/*/DATASHEET.md", "account": "provenance/run.json", "record": "provenance/jobs/**/*.json",
}  # fmt: skip
SOURCES = ["config/lexicon.tsv", "config/prompts/*.txt", "paper/paper.typ", "resources/published/mafw_classes.csv"]
FLIPS = 20  # in each class


@pytest.fixture
def study(project, monkeypatch):
    """The finished quick study, as its own working directory."""
    monkeypatch.chdir(project.path)
    return project.path


@pytest.fixture(scope="module")
def plan(project):
    """What Snakemake says that the study consists of."""
    before = os.getcwd()
    os.chdir(project.path)
    try:
        return read_plan(".", QUICK)
    finally:
        os.chdir(before)


@contextmanager
def changed(path, content):
    """A file with other content for a while, or without any; its times are put back, as far as one can."""
    before, status = path.read_bytes(), path.stat()
    if content is None:
        path.unlink()
    else:
        with open(path, "r+b") as handle:
            handle.truncate(len(content))
            handle.write(content)
        os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    try:
        yield
    finally:
        path.write_bytes(before)
        os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


def files_of(study, pattern):
    found = sorted(p for p in (study / RESULTS).glob(pattern) if p.is_file())
    assert found, f"no files {pattern}"
    return found


def named(report, path):
    return any(path == finding.path or path in finding.says for finding in report.findings)


def test_an_untouched_study_gives_no_finding_and_every_file_has_its_record(study, plan):
    for full in (False, True):
        report = audit(plan, full=full)
        assert report.findings == [] and report.ok
    assert set(report.jobs) == set(plan.jobs)
    recorded = {e["path"] for name in plan.jobs for e in read_record(record_of(name))["outputs"]}
    kept = {"logs", "benchmarks", "provenance"}
    there = {str(p) for p in RESULTS.rglob("*") if p.is_file() and p.relative_to(RESULTS).parts[0] not in kept}
    assert there | {str(RESULTS / "provenance/run.json")} == recorded


def record_of(job):
    return record_path(RESULTS, job)


def flipped(path, draw):
    """A file's content with one bit changed."""
    content = bytearray(path.read_bytes())
    content[draw.randrange(len(content))] ^= 1 << draw.randrange(8)
    return bytes(content)


def test_every_flipped_byte_is_found_and_named(study, plan):
    """One file of each kind at a time; records, which the audit believes about others, alone."""
    draw = random.Random(2026)
    sources = [path for pattern in SOURCES for path in sorted(study.glob(pattern))]
    files = {**{kind: files_of(study, pattern) for kind, pattern in CLASSES.items()}, "source": sources}
    records = files.pop("record")
    missed, n = [], 0
    for _ in range(FLIPS):
        for chosen in ({draw.choice(each) for each in files.values()}, {draw.choice(records)}):
            with ExitStack() as stack:
                for path in sorted(chosen):
                    stack.enter_context(changed(path, flipped(path, draw)))
                report = audit(plan)
            n += len(chosen)
            missed += [str(path) for path in sorted(chosen) if not named(report, str(path.relative_to(study)))]
    assert n >= 500 and missed == []
    assert audit(plan, full=True).ok


@pytest.mark.parametrize("kind", CLASSES)
def test_a_deleted_file_is_found_and_named(study, plan, kind):
    path = files_of(study, CLASSES[kind])[-1]
    with changed(path, None):
        report = audit(plan)
    name = str(path.relative_to(study))
    if kind == "record":
        assert [finding.kind for finding in report.findings] == ["unrecorded"]
        assert Path(name).relative_to(RESULTS / "provenance/jobs").with_suffix("").as_posix() in report.findings[0].says
    else:
        assert named(report, name)


@pytest.mark.parametrize("source", ["paper/paper.typ", "resources/published/mafw_classes.csv", "config/lexicon.tsv",
                                    "config/prompts/motion.txt", "workflow/scripts/typeset_paper.py"])  # fmt: skip
def test_a_deleted_source_is_named_and_takes_no_job_with_it(study, source):
    with changed(study / source, None), pytest.raises(StudyError, match=re.escape(Path(source).name)):
        read_plan(".", QUICK)


def test_what_snakemake_does_not_notice_is_found(study, plan, project):
    """A final output, and an intermediate whose time was set back: Snakemake would run nothing."""
    figure, answers = study / RESULTS / "figures/fps.pdf", study / RESULTS / "answers/freq-fps5.parquet"
    for path in (figure, answers):
        content = bytearray(path.read_bytes())
        content[100] ^= 1
        with changed(path, bytes(content)):
            assert project.would_run() == {}
            (first, *_) = audit(plan).findings
        assert first.kind == "changed" and first.path == str(path.relative_to(study))


def test_the_first_broken_link_is_the_one_nearest_to_the_raw_data(study, plan):
    clip, table = files_of(study, "raw/synface/clips/*.mp4")[0], study / RESULTS / "tables/metrics.csv"
    with changed(table, b"condition\n"), changed(clip, b"no clip"):
        report = audit(plan, [str(RESULTS / "paper/paper.pdf")])
    assert report.findings[0].path == str(clip.relative_to(study))
    assert report.findings[0].job == "render_clips/synface/0"
    assert report.findings[-1].path == str(table.relative_to(study))


def test_a_target_is_walked_back_from_and_nothing_else(study, plan):
    target = str(RESULTS / "tables/event_coverage.csv")
    assert {name.split("/")[0] for name in audit(plan, [target]).jobs} == {
        "fetch_rig", "build_rig", "plan_clips", "render_clips", "gather_truth", "make_manifest", "decode_frames",
        "sample_frames", "measure_event_coverage",
    }  # fmt: skip
    with changed(study / RESULTS / "tables/metrics.csv", b"condition\n"):
        assert audit(plan, [target]).ok


def forge(job, path):
    """Write the hash that a file has now into the record that made it, with a digest that fits."""
    record = read_record(record_of(job))
    for each in record["outputs"]:
        if each["path"] == path:
            each["sha256"] = sha256_file(path)
    write_record(record, record_of(job))


def test_a_record_that_was_made_to_fit_is_betrayed_by_its_readers(study, plan):
    table = RESULTS / "tables/metrics.csv"
    record = record_of("compute_metrics")
    with changed(record, record.read_bytes()), changed(table, table.read_bytes().replace(b"0.0", b"0.9", 1)):
        forge("compute_metrics", str(table))
        report = audit(plan)
    assert report.findings[0].says.startswith(f"{table}: ")
    assert "read other bytes than those of compute_metrics" in report.findings[0].says


def test_a_record_that_says_what_it_must_not_is_found(study, plan):
    path = record_of("compute_metrics")
    record = read_record(path)
    others = read_record(record_of("measure_event_coverage"))
    extra = {"path": "README.md", "sha256": sha256_file("README.md"), "noted": False}
    for forged, kind, said in (
        (
            {"environment": {**record["environment"], "file": "envs/paper.yaml"}},
            "environment",
            "ran in envs/paper.yaml",
        ),
        ({"seeds": {"seed": 1}}, "forged", "seeds are not those of the params"),
        ({"job": {**record["job"], "inputs": {}}}, "forged", "inputs are not those of the description"),
        (
            {"datasets": read_record(record_of("make_manifest/synface"))["datasets"]},
            "forged",
            "datasets are not those of the files",
        ),
        ({"inputs": [*record["inputs"], extra]}, "declared", "README.md: compute_metrics is no longer to read it"),
        ({"inputs": record["inputs"][1:]}, "declared", "compute_metrics is to read it"),
        ({"outputs": [*record["outputs"], *others["outputs"]]}, "forged", "two records say that they made it"),
    ):
        with changed(path, path.read_bytes()):
            write_record({**record, **forged}, path)
            findings = audit(plan).findings
        assert any(f.kind == kind and said in f.says for f in findings), (forged, findings)


def test_a_forged_last_record_is_betrayed_by_the_seal(study, plan):
    seal = audit(plan).seal
    paper = RESULTS / "paper/paper.pdf"
    record = record_of("typeset_paper")
    with changed(record, record.read_bytes()), changed(paper, paper.read_bytes() + b"%"):
        forge("typeset_paper", str(paper))
        report = audit(plan)
        expected = audit(plan, seal=seal)
        done = cli("audit", "--json", "--expect", seal, "--configfile", *QUICK)
    assert report.ok and report.seal != seal
    assert [finding.kind for finding in expected.findings] == ["seal"]
    assert done.returncode == 1 and not json.loads(done.stdout)["ok"]
    assert audit(plan, seal=seal).ok
    assert not audit(plan, seal="").ok


def test_a_job_that_ran_again_with_the_same_results_makes_the_account_old_which_is_stated(study, plan):
    path = record_of("compute_metrics")
    record = read_record(path)
    assert not [note for note in audit(plan).notes if "run.json" in note]
    with changed(path, path.read_bytes()):
        write_record({**record, "seconds": record["seconds"] + 1}, path)
        report = audit(plan)
    (note,) = [note for note in report.notes if "run.json" in note]
    assert report.ok and "ran again since" in note and "--forcerun" in note


def test_a_lying_cache_deceives_neither_a_full_audit_nor_one_that_expects_a_seal(study, plan):
    table = study / RESULTS / "tables/metrics.csv"
    right = sha256_file(table)
    with changed(table, table.read_bytes().replace(b"0.0", b"0.9", 1)):
        line = [str(RESULTS / "tables/metrics.csv"), *notes.state(table), right]
        with open(RESULTS / "provenance/hashes.jsonl", "a") as cache:
            cache.write(json.dumps(line) + "\n")
        assert audit(plan).ok  # it saves time and is as good as the cache
        assert not audit(plan, full=True).ok
        assert not audit(plan).ok  # the full one has mended the cache


def test_foreign_records_and_records_of_other_jobs_are_found(study, plan):
    stray = record_of("answer_clips/invented/1/0")
    own = record_of("answer_clips/freq-fps5/1/0")
    stray.parent.mkdir(parents=True)
    try:
        record = read_record(own)
        write_record(record, stray)  # a copy under another name
        assert [f.kind for f in audit(plan).findings] == ["forged"]
        wildcards = {**record["job"]["wildcards"], "condition": "invented"}
        write_record({**record, "job": {**record["job"], "wildcards": wildcards}}, stray)
        (orphan,) = audit(plan).findings
        assert (orphan.kind, orphan.path) == ("orphan", str(stray))
        assert prune(plan) == [str(stray)]
        assert audit(plan).ok
    finally:
        stray.unlink(missing_ok=True)
        stray.parent.rmdir()
        stray.parent.parent.rmdir()
    for wrong, said in (
        ({"seeds": "none"}, "seeds: Input should be a valid dictionary"),
        ({"ended": "2026-13-01T00:00:00.000Z"}, "month"),
        ({"config": ["../secret/x.yaml"]}, "config.0: String should match pattern"),
    ):
        with changed(own, own.read_bytes()):
            write_record({**record, **wrong}, own)
            (finding,) = audit(plan).findings
        assert finding.kind == "forged" and said in finding.says


def test_times_out_of_order_are_found(study, plan):
    path = record_of("compute_metrics")
    record = read_record(path)
    with changed(path, path.read_bytes()):
        write_record({**record, "started": "2020-01-01T00:00:00.000Z"}, path)
        report = audit(plan)
        assert report.findings[0].kind == "times"
        assert "compute_metrics started before" in report.findings[0].says
        write_record({**record, "ended": "2020-01-01T00:00:00.000Z"}, path)
        assert {f.kind for f in audit(plan).findings} == {"times"}


def test_what_was_fetched_without_a_pin_is_found(study, plan):
    path = record_of("fetch_rig")
    record = read_record(path)
    with changed(path, path.read_bytes()):
        write_record({**record, "fetched": [{"name": "hub:some/model", "pin": "commit:main"}]}, path)
        (finding,) = audit(plan).findings
    assert finding.kind == "unpinned" and "hub:some/model" in finding.says


EDITS = [
    ("config/quick.yaml", "resamples: 200", "resamples: 201", "config", "compare_conditions",
     "resamples was 200, is 201"),
    ("src/emovlm/statistics/micro_expressions.py", "import ", "UNUSED = 1\nimport ", "code",
     "measure_event_coverage",
     "its code was edited since: src/emovlm/statistics/micro_expressions.py"),
    ("workflow/scripts/typeset_paper.py", "def main(", "UNUSED = 1\n\n\ndef main(", "code", "typeset_paper",
     "workflow/scripts/typeset_paper.py"),
    ("envs/statistics.yaml", "scipy==1.17.1", "scipy==1.16.9", "environment", "compute_metrics",
     "it ran with scipy 1.17.1, envs/statistics.yaml pins 1.16.9"),
    ("requirements.txt", "tokenizers==0.23.3", "tokenizers==0.23.2", "environment", "train_tower/1",
     "requirements.txt pins 0.23.2"),
    ("config/frame_samplers.tsv", "fps5\trate\t5", "fps5\trate\t6", "config", "sample_frames/synface/fps5",
     "sampler.rate was 5.0, is 6.0"),
    ("config/prompts/classify.txt", "?", "!", "changed", "answer_clips/freq-fps5/1/0",
     "config/prompts/classify.txt: "),
]  # fmt: skip


def test_edits_of_code_configuration_and_environments_are_found_and_named(study, edited):
    for file, old, new, *_ in EDITS:
        edited(file, old, new)
    findings = audit(read_plan(".", QUICK)).findings
    for file, _, _, kind, job, said in EDITS:
        assert any(f.kind == kind and f.job == job and said in f.says for f in findings), (file, findings)


def test_a_renamed_condition_is_not_made_yet(study, edited):
    for name, count in (("conditions", 1), ("comparisons", -1)):
        text = (study / f"config/quick/{name}.tsv").read_text()
        edited(f"config/quick/{name}.tsv", text, text.replace("freq-fps1\t", "freq-once\t", count))
    findings = audit(read_plan(".", QUICK)).findings
    job = "answer_clips/freq-once/1/0"
    assert any(f.kind == "missing" and f.job == job and "not made yet" in f.says for f in findings), findings


def test_files_that_show_clips_of_a_dataset_that_was_closed_are_named(study, edited):
    text = (study / "config/quick/datasets.tsv").read_text()
    edited("config/quick/datasets.tsv", text, text.replace("1\tCC0-1.0\t", "1\tMAFW-EULA\t"))
    findings = [f for f in audit(read_plan(".", QUICK)).findings if "it shows clips of" in f.says]
    assert {f.kind for f in findings} == {"licence"}
    assert {Path(f.path).name for f in findings} == {
        "contact_sheet.png", "strips.png", "samplers.png", "samplers.pdf", "paper.pdf",
    }  # fmt: skip


def test_edits_that_change_nothing_are_no_finding(study, edited):
    edited("src/emovlm/statistics/metrics.py", '"""', '"""Said otherwise. ')
    edited("envs/statistics.yaml", "# ", "# In other words: ")
    edited("config/frame_samplers.tsv", "Five frames a second", "5 frames a second")
    assert audit(read_plan(".", QUICK)).ok


def test_records_have_nothing_of_the_machine(study, plan):
    for name in plan.jobs:
        text = record_of(name).read_text()
        assert str(study) not in text and str(Path.home()) not in text and sys.prefix not in text, name


def cli(*arguments):
    return subprocess.run(
        [sys.executable, "-m", "emovlm.cli", *arguments], text=True, capture_output=True, check=False,
        env={**os.environ, "COLUMNS": "120"},
    )  # fmt: skip


def test_the_configuration_of_the_last_job_is_the_one_to_audit(study):
    assert latest_overrides(".") == ()  # results/ itself holds no study here
    try:
        for name, ended, config in (
            ("a", "2026-01-02T00:00:00.000Z", ["config/full.yaml"]),
            ("b", "2026-01-01T00:00:00.000Z", ["config/broken.yaml"]),
        ):
            real = read_record(min(record_paths(RESULTS).values()))
            write_record({**real, "ended": ended, "config": config}, record_path("results", name))
        record_path("results", "c").write_text("no record")
        assert latest_overrides(".") == ("config/full.yaml",)
    finally:
        shutil.rmtree("results/provenance")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (
            ["results/quick/tables/none.csv"],
            "error: results/quick/tables/none.csv: no job of the study makes this file",
        ),
        (["--configfile", "config/nowhere.yaml"], "error: config/nowhere.yaml: no such file"),
        (["--configfile", "config/lexicon.tsv"], "error: config/lexicon.tsv: not"),
        (["--configfile", "config"], "error: config: not a readable"),
    ],
)
def test_bad_arguments_are_said_in_a_sentence(study, arguments, said):
    done = cli("audit", *(["--configfile", *QUICK] if len(arguments) == 1 else []), *arguments)
    assert done.returncode == 1 and done.stderr.startswith(said), done.stderr


def test_files_can_be_named_in_any_way_and_clips_too(study, plan):
    table = RESULTS / "tables/event_coverage.csv"
    clip = next((RESULTS / "raw/synface/clips").glob("*.mp4"))
    for name in (str(table), f"./{table}", str(study / table)):
        assert audit(plan, [name]).jobs[-1] == "measure_event_coverage"
    assert audit(plan, [str(clip)]).jobs[-1] == "render_clips/synface/0"


def test_what_is_no_record_is_a_finding_and_what_is_being_written_is_none(study, plan):
    folder = RESULTS / "provenance/jobs"
    made = [folder / "a.json", folder / "b.json", folder / ".c.tmp.json"]
    made[0].mkdir()
    made[1].symlink_to("nowhere")
    made[2].write_text("half a rec")
    try:
        assert sorted((f.kind, f.path) for f in audit(plan).findings) == [("forged", str(p)) for p in made[:2]]
    finally:
        made[0].rmdir()
        made[1].unlink()
        made[2].unlink()


def test_the_command_says_what_is_broken_and_fails(study, edited, project):
    fine = cli("audit", "--configfile", *QUICK)
    assert fine.returncode == 0 and "every link holds" in fine.stdout and "clean checkout" in fine.stdout
    table = study / RESULTS / "tables/metrics.csv"
    with changed(table, table.read_bytes().replace(b"0.0", b"0.9", 1)):
        broken = cli("audit", "--configfile", *QUICK)
        listed = cli("audit", "--json", "--configfile", *QUICK)
    assert broken.returncode == listed.returncode == 1
    assert "✗ compute_metrics: changed" in broken.stdout
    assert f"first broken link, counted from the raw data: {RESULTS}/tables/metrics.csv" in broken.stdout
    (advice,) = {line for line in broken.stdout.splitlines() if "→ snakemake" in line}
    assert advice.endswith(f"--forcerun {RESULTS}/tables/metrics.csv --configfile config/quick.yaml")
    planned = project.snakemake("--forcerun", f"{RESULTS}/tables/metrics.csv", "--dry-run", "--quiet", "reason").stdout
    assert "compute_metrics" in planned and "train_tower" not in planned and "answer_clips" not in planned
    assert json.loads(listed.stdout)["findings"][0]["path"] == f"{RESULTS}/tables/metrics.csv"
    edited("config/quick.yaml", "study: quick", "study: [quick")
    bad = cli("audit", "--configfile", *QUICK)
    assert bad.returncode == 1 and bad.stderr.startswith("error: config/quick.yaml: not valid YAML")


def test_a_number_is_explained_in_under_a_page(study, plan):
    values = read_json(RESULTS / "values.json")
    kinds = {name.split(".")[0]: name for name in values}
    assert len(kinds) >= 10
    for name in kinds.values():
        lines = explain(plan, name)
        assert lines[0].startswith(f"{name} = {values[name]['text']}")
        assert len(lines) <= 66 and any("values.json" in line for line in lines)
    lines = "\n".join(explain(plan, "metric.freq-fps5.macro_f1"))
    for part in ("system organism-frequency", "frames fps5", f"{RESULTS}/models/organism-frequency/1/model.safetensors",
                 "src/emovlm/statistics/metric_tables.py:", "seed 2026", "22 test clips",
                 "pretrain_organism"):  # fmt: skip
        assert part in lines
    assert "organism-uniform" not in lines
    (few, *_) = explain(plan, "freq-fps5.macro")
    assert few.endswith("values fit freq-fps5.macro:")
