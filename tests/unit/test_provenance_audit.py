"""Parts of the audit: remembered hashes, pins, differences in words, and what may be shared."""

import os
from types import SimpleNamespace

import pytest
from tests.study_tables import ROOT, with_cells
from tests.unit.drawn_records import MACHINE, drawn_records

from emovlm.core.hashing import sha256_bytes
from emovlm.core.job import Job
from emovlm.provenance.audit.audit import _notes
from emovlm.provenance.audit.compare import job_edits
from emovlm.provenance.audit.pins import mismatches
from emovlm.provenance.explain import code_line
from emovlm.provenance.records.hashes import SETTLED_NS, HashCache
from emovlm.provenance.records.record import Places
from emovlm.provenance.sharing import leaks, shown
from emovlm.study.load import load_study, read_config


def settle(path):
    """Let a file look as if it had been written long ago, as far as a user can."""
    past = path.stat().st_mtime_ns - 10 * SETTLED_NS
    os.utime(path, ns=(past, past))


@pytest.fixture
def patient(monkeypatch):
    """A cache that remembers files however fresh they are."""
    monkeypatch.setattr("emovlm.provenance.records.hashes.SETTLED_NS", -1)


def test_a_file_is_hashed_once_until_it_is_touched(tmp_path, patient):
    file, kept = tmp_path / "a", tmp_path / "hashes.jsonl"
    file.write_bytes(b"one")
    assert HashCache(kept).sha256([str(file)]) == {str(file): sha256_bytes(b"one")}
    again = HashCache(kept)
    assert again.sha256([str(file), str(tmp_path / "none")]) == {
        str(file): sha256_bytes(b"one"), str(tmp_path / "none"): None,
    }  # fmt: skip
    assert again.hashed == 0


def test_an_edit_is_noticed_even_with_its_time_set_back(tmp_path, patient):
    file, kept = tmp_path / "a", tmp_path / "hashes.jsonl"
    file.write_bytes(b"one")
    settle(file)
    HashCache(kept).sha256([str(file)])
    before = file.stat()
    with open(file, "r+b") as handle:
        handle.write(b"two")
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    after = file.stat()
    assert (after.st_size, after.st_mtime_ns, after.st_ino) == (before.st_size, before.st_mtime_ns, before.st_ino)
    assert HashCache(kept).sha256([str(file)]) == {str(file): sha256_bytes(b"two")}


def test_a_file_that_was_just_written_is_not_remembered(tmp_path):
    file, kept = tmp_path / "a", tmp_path / "hashes.jsonl"
    file.write_bytes(b"one")
    HashCache(kept).sha256([str(file)])
    assert not kept.exists()


def test_without_trust_everything_is_hashed_and_a_lying_cache_is_mended(tmp_path, patient):
    file, kept = tmp_path / "a", tmp_path / "hashes.jsonl"
    file.write_bytes(b"one")
    HashCache(kept).sha256([str(file)])
    kept.write_text(kept.read_text().replace(sha256_bytes(b"one"), "0" * 64))
    assert HashCache(kept).sha256([str(file)]) == {str(file): "0" * 64}
    assert HashCache(kept, trust=False).sha256([str(file)]) == {str(file): sha256_bytes(b"one")}
    assert HashCache(kept).sha256([str(file)]) == {str(file): sha256_bytes(b"one")}


def test_what_is_no_file_has_no_hash_and_a_cache_that_cannot_be_kept_does_not_matter(tmp_path, patient):
    (tmp_path / "loop").symlink_to("loop")
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "hashes.jsonl").mkdir()
    (tmp_path / "a").write_bytes(b"one")
    paths = [str(tmp_path / name) for name in ("loop", "pipe", "hashes.jsonl", "a")]
    assert list(HashCache(tmp_path / "hashes.jsonl").sha256(paths).values()) == [None, None, None, sha256_bytes(b"one")]


def test_a_torn_line_of_the_cache_is_passed_over(tmp_path, patient):
    file, kept = tmp_path / "a", tmp_path / "hashes.jsonl"
    file.write_bytes(b"one")
    HashCache(kept).sha256([str(file)])
    with open(kept, "a") as handle:
        handle.write('["torn", 1, 2')
    cache = HashCache(kept)
    cache.sha256([str(file)])
    assert cache.hashed == 0


def job(params=None, **changes):
    """A job with some parts given."""
    parts = {"rule": "r", "script": "s.py", "code": "0", "wildcards": {}, "inputs": {}, "outputs": {}, **changes}
    return Job(**parts, params=params or {})


def test_differences_of_jobs_are_said_by_key():
    old = job({"a": {"b": 1, "c": [1, 2]}, "d": "x"}, inputs={"t": {"x": "1.csv", "y": "2.csv"}})
    new = job({"a": {"b": 2, "c": [1, 3]}, "e": "x"}, inputs={"t": {"x": "1.csv", "y": "2.csv"}})
    assert job_edits(old, old) == []
    assert job_edits(old, new) == ["a.b was 1, is 2", "a.c[1] was 2, is 3", "d was x, is absent", "e was absent, is x"]
    assert job_edits(job({"a": 1}), job({"a": 1.0})) == ["a was 1, is 1.0"]
    assert job_edits(job({"a": 1}), job({"a": True})) == ["a was 1, is true"]
    assert job_edits(job({"a": [1]}), job({"a": [1, 2]})) == ["a was [1], is [1, 2]"]
    assert job_edits(job(script="s.py"), job(script="t.py")) == ["script was s.py, is t.py"]
    said = ["its input files have other names or another order now"]
    assert job_edits(old, job(old.params, inputs={"t": {"y": "2.csv", "x": "1.csv"}})) == said
    assert job_edits(old, job(old.params, inputs={"t": ["1.csv", "2.csv"]})) == said
    assert job_edits(old, job(old.params, inputs={"t": ["3.csv"]})) == []  # said of the files themselves


def test_packages_are_compared_with_the_pins(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data.yaml").write_text(
        "dependencies:\n  - python=3.11\n  - pip\n  - pip:\n      - torch==2.13.0\n      - PyYAML==6.0.3\n"
    )
    (tmp_path / "requirements.txt").write_text("torch==2.13.0\nruamel.yaml==0.18.0\n")
    live = {"torch": "2.13.0+cpu", "pyyaml": "6.0.3", "ruamel-yaml": "0.18.0"}
    environment = {"file": "data.yaml", "deployment": "venv", "python": "3.11.7", "packages": live}
    assert mismatches(environment) == []
    live["pyyaml"] = "6.0.2"
    assert mismatches(environment) == [("data.yaml", "it ran with pyyaml 6.0.2, data.yaml pins 6.0.3")]
    live["pyyaml"], environment["python"] = "6.0.3", "3.12.1"
    assert mismatches(environment) == [("data.yaml", "it ran with python 3.12.1, data.yaml pins 3.11")]
    environment["python"] = "3.11.7"
    del live["ruamel-yaml"]
    assert mismatches(environment) == [
        ("requirements.txt", "it ran with ruamel-yaml none, requirements.txt pins 0.18.0")
    ]
    assert mismatches({**environment, "deployment": "conda"}) == []
    assert mismatches({**environment, "file": "gone.yaml", "deployment": "conda"}) == [
        ("gone.yaml", "its environment file gone.yaml is gone")
    ]


def record(inputs, outputs, **datasets):
    return {
        "inputs": [{"path": path} for path in inputs], "outputs": [{"path": path} for path in outputs],
        "datasets": datasets,
    }  # fmt: skip


def test_pictures_show_the_datasets_whose_pixels_went_into_them(tmp_path, monkeypatch):
    monkeypatch.chdir(ROOT)
    places = Places(tmp_path / "study", {"mafw": str(tmp_path / "mafw")})

    def plan(licence):
        """The default study with MAFW under a licence."""
        mafw = {"kind": "mafw", "folder": str(tmp_path / "mafw"), "licence": licence}
        study = load_study(with_cells(read_config(), tmp_path, "datasets", {"mafw": mafw}))
        return SimpleNamespace(study=study, places=places, results="out")

    gated = plan("MAFW-EULA")
    records = {
        "decode/mafw": record(["<mafw>/clips/1.mp4"], ["out/frames/mafw/0.safetensors"], mafw="MAFW-EULA"),
        "answer": record(["out/frames/mafw/0.safetensors"], ["out/answers/a.parquet"], mafw="MAFW-EULA"),
        "figure": record(["out/answers/a.parquet"], ["out/figures/f.png"]),
        "sheet": record(["<mafw>/clips/1.mp4"], ["out/figures/sheet.png"], mafw="MAFW-EULA"),
        "strips": record(["out/raw/synface/clips/1.mp4"], ["out/figures/strips.png"], synface="CC0-1.0"),
        "paper": record(["out/figures/f.png", "out/figures/sheet.png", "out/figures/strips.png"], ["out/paper.pdf"]),
    }
    assert shown(gated, records) == {
        "out/figures/f.png": set(), "out/figures/sheet.png": {"mafw"}, "out/figures/strips.png": {"synface"},
        "out/paper.pdf": {"mafw", "synface"},
    }  # fmt: skip
    assert [finding.path for finding in leaks(gated, records)] == ["out/figures/sheet.png", "out/paper.pdf"]
    (changed,) = leaks(plan("CC0-1.0"), records)
    assert changed.says == f"{tmp_path}/datasets.tsv: mafw is under CC0-1.0, 3 jobs ran when it was MAFW-EULA"


def test_the_function_behind_a_script_is_named_with_its_line():
    file, line = code_line("workflow/scripts/compute_metrics.py").split()[0].split(":")
    assert file == "src/emovlm/statistics/metric_tables.py"
    with open(file) as source:
        assert source.readlines()[int(line) - 1].startswith("def metrics_table(")
    assert code_line("workflow/scripts/pretrain_organism.py").endswith(" pretrain_organism")
    assert code_line("workflow/scripts/gather_shards.py") == "workflow/scripts/gather_shards.py"


def test_the_audit_notes_that_jobs_ran_on_processors_of_several_types():
    records = list(drawn_records().values())
    plan = SimpleNamespace(overrides=[])
    assert not [note for note in _notes(plan, records) if "processors" in note]
    records[1] = {**records[1], "machine": {**MACHINE, "processor": "Another (avx2, avx512f)"}}
    (note,) = [note for note in _notes(plan, records) if "processors" in note]
    assert note.endswith("round differently: A Processor (avx2): 4 jobs; Another (avx2, avx512f): 1 jobs")
