"""Checkpoints of a training run, so that a killed run continues and ends with the same bytes.

What a step needs and changes is saved: the learned parameters, AdamW's moments, the schedule of the learning rate, the
random numbers' states and the log so far. So a training that was killed and resumed ends, byte for byte, in what it
would have ended in on the same machine.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from emovlm.models.torch_setup import torch  # isort: skip
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from emovlm.core.errors import StudyError
from emovlm.core.files import atomic


@dataclass
class Checkpoint:
    """The state of one training.

    Attributes:
        path: of the file (.safetensors), beside the output; removed by :meth:`forget` once that is there.
        every: steps from one writing to the next.
        key: hash of all that the training depends on; the state of another is not resumed.
    """

    path: Path
    every: int
    key: str

    def save(
        self, step: int, learned: list[torch.nn.Parameter], optimizer: torch.optim.Optimizer, schedule: Any,
        so_far: dict[str, Any],
    ) -> None:  # fmt: skip
        """Write the state after a step; a reader sees the whole file or the one before."""
        state = optimizer.state_dict()
        tensors = {f"learned.{i}": parameter.detach() for i, parameter in enumerate(learned)}
        for i, moments in state["state"].items():
            tensors |= {f"optimizer.{i}.{name}": value for name, value in moments.items()}
        tensors["random"] = torch.get_rng_state()
        if torch.cuda.is_available():
            tensors["random.cuda"] = torch.cuda.get_rng_state()
        told = {
            "key": self.key,
            "step": step,
            "groups": state["param_groups"],
            "schedule": schedule.state_dict(),
            **so_far,
        }
        with atomic(self.path) as temporary:
            save_file({k: v.contiguous() for k, v in tensors.items()}, temporary, {"state": json.dumps(told)})

    def resume(
        self, learned: list[torch.nn.Parameter], optimizer: torch.optim.Optimizer, schedule: Any
    ) -> dict[str, Any]:
        """Take up the saved state, if there is one of this training.

        Returns:
            What :meth:`save` was told, ``step`` among it; nothing if there is no such state.

        Raises:
            StudyError: the file cannot be read.
        """
        if not self.path.exists():
            return {}
        try:
            with safe_open(self.path, "pt") as file:
                told = json.loads((file.metadata() or {}).get("state", "{}"))
                if told.get("key") != self.key:
                    return {}
                tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - not a mapping
        except (SafetensorError, ValueError) as error:
            raise StudyError(f"{self.path}: the checkpoint of a training is damaged ({error}); delete it") from None
        with torch.no_grad():
            for i, parameter in enumerate(learned):
                parameter.copy_(tensors[f"learned.{i}"])
        moments: dict[int, dict[str, torch.Tensor]] = {}
        for name, value in tensors.items():
            if name.startswith("optimizer."):
                _, i, moment = name.split(".")
                moments.setdefault(int(i), {})[moment] = value
        optimizer.load_state_dict({"state": moments, "param_groups": told["groups"]})
        schedule.load_state_dict(told["schedule"])
        torch.set_rng_state(tensors["random"])
        if "random.cuda" in tensors:
            torch.cuda.set_rng_state(tensors["random.cuda"])
        return told

    def forget(self) -> None:
        """The training has ended."""
        self.path.unlink(missing_ok=True)
