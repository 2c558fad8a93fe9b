"""What all trainings share: AdamW with one cycle of the learning rate and clipped gradients, a log, label counts."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from emovlm.models.torch_setup import torch  # isort: skip
import numpy as np
import pandas as pd

from emovlm.core.contracts.training import LABEL_COUNTS, TRAINING_LOG
from emovlm.core.errors import StudyError
from emovlm.core.io import write_table
from emovlm.core.progress import track
from emovlm.training.checkpoint import Checkpoint

LOG_EVERY = 20  # steps


def train(
    model: torch.nn.Module, batches: Iterable[Any], steps: int, loss_of: Callable[[Any], torch.Tensor],
    learning_rate: float, what: str, measure: Callable[[], float] | None = None, measure_every: int = 0,
    groups: list[dict[str, Any]] | None = None, checkpoint: Checkpoint | None = None,
) -> pd.DataFrame:  # fmt: skip
    """Fit the parameters of ``model`` that require a gradient, in place; it is left in evaluation mode.

    Args:
        batches: what ``loss_of`` takes, ``steps`` of them.
        loss_of: the loss of a batch.
        learning_rate: at the top of the cycle.
        what: the work, for the progress report.
        groups: of parameters, where these differ in ``lr`` or ``weight_decay``.
        measure: a quality to log after every ``measure_every`` steps and at the end.
        checkpoint: where the state is saved, if the training is to go on where a run was killed. ``batches`` must
            then be the same.

    Returns:
        ``TRAINING_LOG``: step, mean loss since the last row, and the quality where it was measured.

    Raises:
        StudyError: there is less than two batches.
    """
    if steps < 2:
        raise StudyError(f"{what}: too little to train on ({steps} batches); ask for more draws, clips or epochs")
    learned = [p for p in model.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(groups or learned, lr=learning_rate, weight_decay=0.05)
    rates = [group["lr"] for group in optimizer.param_groups]
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, rates, total_steps=steps, pct_start=0.15)
    before = checkpoint.resume(learned, optimizer, schedule) if checkpoint else {}
    log, losses = before.get("log", []), before.get("losses", [])
    model.train()
    for step, batch in enumerate(track(batches, what, "steps", total=steps), start=1):
        if step <= before.get("step", 0):
            continue
        loss = loss_of(batch)
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(learned, 1.0)
        optimizer.step()
        schedule.step()
        losses.append(float(loss.detach()))
        due = measure is not None and (step == steps or (measure_every and step % measure_every == 0))
        if due or step % LOG_EVERY == 0 or step == steps:
            quality = None
            if due:
                model.eval()
                quality = measure()
                model.train()
            log.append({"step": step, "loss": float(np.mean(losses)), "metric": quality})
            losses = []
        if checkpoint and step % checkpoint.every == 0:
            checkpoint.save(step, learned, optimizer, schedule, {"log": log, "losses": losses})
    model.eval()
    return pd.DataFrame(log)


def label_counts(named: pd.Series) -> pd.DataFrame:
    """How often each emotion is named (``LABEL_COUNTS``); missing values name none."""
    counts = named.value_counts().sort_index()
    return pd.DataFrame({"emotion": counts.index.to_numpy(object), "count": counts.to_numpy()})


def write_training(folder: str | Path, log: pd.DataFrame, named: pd.Series | None = None) -> None:
    """Write, beside a model, the log of its training and how often each emotion was named in it, if any was."""
    write_table(log, Path(folder, "training.csv"), TRAINING_LOG)
    if named is not None:
        write_table(label_counts(named), Path(folder, "labels.csv"), LABEL_COUNTS)
