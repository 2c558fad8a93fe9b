"""A few jobs' records, drawn: clips, a model trained on them, tables and a figure made from its answers."""

from emovlm.provenance.account import account, behind

PACKAGES = {"numpy": "2.4.6", "torch": "2.13.0+cpu", "typst": "0.15.2", "zipp": "4.0.0"}
MACHINE = {"host": "node7.example", "system": "Linux 6.1 x86_64", "processor": "A Processor (avx2)", "cores": 2,
           "memory_bytes": 8 * 2**30, "accelerators": [], "slurm_job": None}  # fmt: skip
COMMIT = "ab" * 20


def record(job, inputs, outputs, started, seconds, stage="statistics", **changes):
    """A record as far as the account reads it. ``started``: minutes after nine o'clock."""
    end = started * 60 + seconds
    return {
        "digest": f"{job}-{started}", "seconds": float(seconds), "peak_memory_bytes": 2**30,
        "started": f"2026-01-02T09:{started:02d}:00.000Z",
        "ended": f"2026-01-02T09:{int(end // 60):02d}:{end % 60:06.3f}Z",
        "inputs": [{"path": path, "sha256": "0" * 64, "noted": False} for path in inputs],
        "outputs": [{"path": path, "sha256": "0" * 64, "noted": False} for path in outputs],
        "environment": {"file": f"envs/{stage}.yaml", "deployment": "venv", "python": "3.11.7", "packages": PACKAGES},
        "git": {"commit": COMMIT, "dirty": False}, "machine": MACHINE, **changes,
    }  # fmt: skip


def drawn_records():
    """Records of five jobs by name. The last made nothing that is asked for; a pause comes before the figure."""
    jobs = [
        ("render_clips/synface/0", ["config/a.tsv"], ["out/clips.parquet"], 0, 60, "data"),
        ("train_tower", ["out/clips.parquet"], ["out/model"], 1, 120, "training"),
        ("compute_metrics", ["out/model", "resources/b.csv"], ["out/metrics.csv"], 2, 60),
        ("draw_figure/fps", ["out/metrics.csv"], ["out/fps.pdf"], 13, 30, "figures"),
        ("write_datasheet/synface", ["out/clips.parquet"], ["out/sheet.md"], 20, 30, "material"),
    ]
    records = {name: record(name, *facts) for name, *facts in jobs}
    records["train_tower"]["peak_memory_bytes"] = 3 * 2**30
    return records


def drawn_account(values=None, spent=None):
    """The account of the jobs behind the figure."""
    return account(behind(drawn_records(), ["out/fps.pdf"]), values or {}, spent or {})
