"""A vision-language model whose weights come with code of their own (``trust_remote_code``), never run by default.

It runs where the user has allowed exactly that code (config key ``allow_remote_code``), in a process and environment
of its own, without the variables in which keys are kept. That is no sandbox: allowed code can do what its user can.

Emotion-Qwen (Huang et al., arXiv 2505.06685; 24DavidHuang/Emotion-Qwen) is such a model. What is public of it: a vision
tower ``vpm`` and a language model ``llm`` of the Qwen2.5-VL kind, and two projections of the tower's output
(``generalcompressor``, ``emotioncompressor``) that ``gatenet`` weighs; their inner layers are in its code alone.
"""

import contextlib
import os
import subprocess
import tempfile
import weakref
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from emovlm.core.errors import StudyError
from emovlm.models.base import SCORE_DIGITS, Frame, Part, Reply
from emovlm.models.remote import remote_worker
from emovlm.models.remote.permission import why_not
from emovlm.models.remote.remote_worker import receive, send
from emovlm.models.vlm.context import TooLongError, frames_that_fit, stretched
from emovlm.models.vlm.families import Family
from emovlm.models.vlm.inputs import enlarged, gap_s, layout, limited

PYTHON = "EMOVLM_REMOTE_PYTHON"
"""Environment variable: the Python that runs the code, if not that of ``.remote/<system>``."""
PASSED_ON = ("PATH", "HOME", "LANG", "TMPDIR", "LD_LIBRARY_PATH", "CUDA_VISIBLE_DEVICES", "OMP_NUM_THREADS")
"""Environment variables that the process gets; a list, since any other may be a key."""
# Frames between texts: several as a video, one alone as an image.
SHOWN = Family("remote", (), "Code of its own reads it.", ragged=True)
STEP = 28  # pixels a side of one visual token of Qwen2.5-VL, as which its frames are read


class RemoteSystem:
    """A model in a process of its own, asked through a pipe.

    Args:
        folder: the model's files, its code among them.
        row: of ``systems.tsv``: ``system``, ``dtype``, ``frames``, ``on_overflow``, ``pixels`` and ``min_pixels``; and
            ``allow_remote_code``, what the config's key has for the system.

    Raises:
        StudyError: its code is not allowed, its environment is not there, or it does not load.
    """

    def __init__(self, folder: str | Path, row: Mapping[str, Any]):
        self.name, self.frames, self.on_overflow = row["system"], row.get("frames"), row.get("on_overflow")
        self.pixels, self.min_pixels = row.get("pixels"), row.get("min_pixels")
        if refusal := why_not(self.name, folder, row.get("allow_remote_code")):
            raise StudyError(refusal)
        own = f".remote/{self.name}"
        python = Path(os.environ.get(PYTHON) or f"{own}/bin/python").absolute()
        if not python.exists():
            raise StudyError(
                f"system {self.name}: {python} is not there; make the environment of its code: "
                f"conda env create --prefix {own} --file envs/remote/{self.name}.yaml"
            )
        self.home = tempfile.TemporaryDirectory(prefix="emovlm-remote-")  # transformers copies the code there
        command = [python, "-I", remote_worker.__file__, Path(folder).resolve(), row.get("dtype") or "auto"]
        given = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=self.home.name,
            env={**given, "HF_HOME": self.home.name, "HF_HUB_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "false"},
        )  # fmt: skip
        self.close = weakref.finalize(self, _end, self.process)
        told = self._received()
        self.context = stretched(told["length"], told["rope"])

    def answer(self, parts: list[Part], classes: list[str], max_new_tokens: int) -> Reply:
        """Likelihood of each class name as the answer to ``parts``, and the free reply."""
        try:
            said, shown = self._asked(parts, classes, max_new_tokens)
        except TooLongError as error:
            return Reply({}, "", 0, failure=str(error), frames=0)
        scores = {name: round(score, SCORE_DIGITS) for name, score in zip(classes, said["scores"], strict=True)}
        return Reply(scores, said["text"], said["tokens"], frames=shown, cut=said["cut"])

    def label_tokens(self, classes: list[str]) -> dict[str, int]:
        """Over how many tokens the score of each label is a sum."""
        with contextlib.suppress(OSError):
            send(self.process.stdin, {"content": None, "labels": classes})
        return dict(zip(classes, self._received()["lengths"], strict=True))

    def say(self, parts: list[Part], max_new_tokens: int) -> str:
        """The free greedy reply to ``parts``.

        Raises:
            TooLongError: prompt and reply are longer than the context.
        """
        return self._asked(parts, [], max_new_tokens)[0]["text"]

    def _asked(self, parts: Sequence[Part], labels: list[str], max_new_tokens: int) -> tuple[dict[str, Any], int]:
        """What it says, and to how many frames."""
        told = {"labels": labels, "max_new_tokens": max_new_tokens}
        given = sum(isinstance(part, Frame) for part in parts)
        shown = min(given, self.frames or given)
        said = self._question(limited(parts, shown, self.pixels), {**told, "context": self.context})
        if "needed" in said:

            def tokens(frames: int) -> int:
                """With a context of nothing it only says how many it would need."""
                return self._question(limited(parts, frames, self.pixels), {**told, "context": 0})["needed"]

            shown = frames_that_fit(shown, tokens, self.context, self.on_overflow)
            said = self._question(limited(parts, shown, self.pixels), {**told, "context": None})
        return said, shown

    def _question(self, parts: Sequence[Part], told: Mapping[str, Any]) -> dict[str, Any]:
        content: list[dict[str, Any]] = []
        pixels = []
        for part in layout(parts, SHOWN):
            if isinstance(part, str):
                content.append({"type": "text", "text": part})
                continue
            kind, frames = part
            rate = {"fps": 1 / gap_s(frames)} if kind == "video" else {}
            frames = enlarged(frames, self.min_pixels if kind == "video" else None, STEP)
            shown = np.stack([frame.pixels for frame in frames])
            content.append({"type": kind, "shape": shown.shape, **rate})
            pixels.append(shown.tobytes())
        question = {"content": content, **told}
        with contextlib.suppress(OSError):  # it has ended, which reading will say
            send(self.process.stdin, question, pixels)
        return self._received()

    def _received(self) -> dict[str, Any]:
        received = receive(self.process.stdout)
        if received is None:
            ended = self.process.wait()
            raise StudyError(f"system {self.name}: its process has ended with code {ended}; the log above may say why")
        if "error" in received[0]:
            raise StudyError(f"system {self.name}: its own code fails: {received[0]['error']}")
        return received[0]


def _end(process: subprocess.Popen) -> None:
    """End a process, which has nothing to keep; it ends of itself where the study is killed."""
    process.kill()
    process.communicate()
