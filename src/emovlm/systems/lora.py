"""Fine-tuning a vision-language model by LoRA (Hu et al., 2022) on the draws of a training sampler."""

from pathlib import Path
from typing import Any

from emovlm.systems.torch_setup import torch  # isort: skip
import pandas as pd
from peft import LoraConfig, get_peft_model
from transformers import AutoModelForImageTextToText, AutoProcessor

from emovlm.core.errors import StudyError
from emovlm.frames.store import FrameStore
from emovlm.systems.pretrain import train_language

# Bare layer names would hit the vision tower too.
TARGETS = r".*language_model.*\.(q_proj|k_proj|v_proj|o_proj|gate_proj|up_proj|down_proj)"


def finetune_lora(
    base: str | Path, schedule: pd.DataFrame, sample: pd.DataFrame, manifest: pd.DataFrame, store: FrameStore,
    question: str, params: dict[str, Any], folder: str | Path,
) -> pd.DataFrame:  # fmt: skip
    """Train an adapter on ``base`` and save it; each draw asks ``question`` about a clip, the label answers.

    Args:
        base: folder of the model to start from.
        schedule: ``SCHEDULE``: the clips in the order drawn.
        sample: ``SAMPLE``: the frames shown of each clip.
        manifest: labels of the clips.
        store: their frames.
        params: ``rank``, ``batch``, ``learning_rate``, ``seed``.
        folder: where the adapter is saved.

    Returns:
        The training log.

    Raises:
        StudyError: no drawn clip has frames.
    """
    processor = AutoProcessor.from_pretrained(base)
    model = AutoModelForImageTextToText.from_pretrained(base)
    torch.manual_seed(params["seed"])
    rank = params["rank"]
    adapted = get_peft_model(model, LoraConfig(r=rank, lora_alpha=2 * rank, target_modules=TARGETS))
    draws = as_captions(schedule, sample, manifest, question, processor)
    if draws.empty:
        raise StudyError("no clip of the training schedule has frames; see the clip index for why they failed")
    settings = {**params, "epochs": 1}
    log = train_language(model, processor, draws, store, settings, params["seed"], "fine-tune by LoRA")
    adapted.save_pretrained(folder)
    Path(folder, "README.md").unlink(missing_ok=True)  # a form that nobody has filled in; the record says more
    return log


def as_captions(
    schedule: pd.DataFrame, sample: pd.DataFrame, manifest: pd.DataFrame, question: str, processor: Any
) -> pd.DataFrame:
    """The drawn clips as prompts and answers, in the form of ``CAPTIONS``; clips without frames are left out."""
    frames = sample.sort_values("position").groupby("clip_id")["frame_index"].agg(list)
    label = manifest.set_index("clip_id")["label"]
    drawn = schedule.sort_values("draw")["clip_id"]
    drawn = drawn[drawn.isin(frames.index)].reset_index(drop=True)
    shown = drawn.map(frames)
    prompt = {
        n: processor.apply_chat_template(
            [{"role": "user", "content": [{"type": "image"}] * n + [{"type": "text", "text": question}]}],
            add_generation_prompt=True,
        )
        for n in set(shown.map(len))
    }
    return pd.DataFrame(
        {"clip_id": drawn, "frames": shown, "prompt": shown.map(len).map(prompt), "answer": drawn.map(label)}
    )
