"""Fine-tuning a vision-language model by LoRA (Hu et al., 2022) on the draws of a training sampler."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from emovlm.models.torch_setup import torch  # isort: skip
import numpy as np
import pandas as pd
from peft import LoraConfig, get_peft_model
from torch.nn import functional
from transformers import AutoModelForImageTextToText, AutoProcessor, BatchFeature

from emovlm.core.errors import StudyError
from emovlm.core.hashing import sha256_json
from emovlm.frames.store import FrameStore
from emovlm.models.base import Part, as_frames
from emovlm.models.fingerprint import system_hash
from emovlm.models.vlm.context import TooLongError
from emovlm.models.vlm.families import FAMILIES, Family, family_of
from emovlm.models.vlm.inputs import reply_tokens, stack, stackable
from emovlm.models.vlm.vision_language_model import VisionLanguageModel
from emovlm.training.checkpoint import Checkpoint
from emovlm.training.features import ComputedFeatures
from emovlm.training.language import IGNORE, train_language
from emovlm.training.loop import train

CHECKPOINT = "training.safetensors"
"""File beside the adapter with the state of a training that has not ended."""


def finetune_lora(
    base: str | Path, schedule: pd.DataFrame, sample: pd.DataFrame, manifest: pd.DataFrame, store: FrameStore,
    question: str, params: dict[str, Any], folder: str | Path, code: str = "",
) -> pd.DataFrame:  # fmt: skip
    """Train an adapter on ``base`` and save it; each draw asks ``question`` about a clip, the label answers.

    The organism learns on its tower's features, computed once. A model of another family reads the frames as it does
    under test, with its activations computed twice to save memory; killed, it goes on where its state was last saved.

    Args:
        base: folder of the model to start from.
        schedule: ``SCHEDULE``: the clips in the order drawn.
        sample: ``SAMPLE``: the frames shown of each clip.
        manifest: labels of the clips.
        store: their frames.
        params: ``rank``, ``batch``, ``learning_rate``, ``seed``; of another family than the organism's also
            ``system`` (its row of ``systems.tsv``) and ``save_every`` (steps).
        folder: where the adapter is saved.
        code: hash of the code that trains: the state of other code is not resumed.

    Returns:
        The training log.

    Raises:
        StudyError: no drawn clip has frames, or a prompt is longer than the model's context.
    """
    row = params.get("system", {})
    family = family_of(row)
    if family is not FAMILIES["fastvlm"]:
        return _finetune_outside(base, schedule, sample, manifest, store, question, params, folder, code)
    processor = AutoProcessor.from_pretrained(base, trust_remote_code=False)
    model = AutoModelForImageTextToText.from_pretrained(base, trust_remote_code=False)
    torch.manual_seed(params["seed"])
    adapted = get_peft_model(model, adapter_config(family, params["rank"]))
    draws = as_captions(schedule, sample, manifest, question, processor)
    _check(draws)
    settings = {**params, "epochs": 1}
    features = ComputedFeatures(model.model.vision_tower, store, draws)
    log = train_language(model, processor, draws, features, settings, params["seed"], "fine-tune by LoRA")
    _save(adapted, folder)
    return log


def adapter_config(family: Family, rank: int) -> LoraConfig:
    """On all linear layers of the language model; bare layer names would hit the vision tower too."""
    layers = "q_proj|k_proj|v_proj|o_proj|gate_proj|up_proj|down_proj"
    return LoraConfig(r=rank, lora_alpha=2 * rank, target_modules=rf".*{family.language}.*\.({layers})")


def _check(draws: pd.DataFrame) -> None:
    if draws.empty:
        raise StudyError("no clip of the training schedule has frames; see the clip index for why they failed")


def _check_lengths(
    system: VisionLanguageModel, draws: pd.DataFrame, store: FrameStore, question: str, answer: int
) -> None:
    """Does the longest prompt fit? Tokens follow from number and times of frames, so black ones tell as well."""
    counted = draws.assign(n=draws["frames"].map(len), last=draws["times_s"].map(max))
    shape = store.tensor(draws["clip_id"].iloc[0]).shape[1:]
    for row in counted.sort_values(["n", "last"], ascending=False).drop_duplicates("n").itertuples():
        black = as_frames(np.zeros((row.n, *shape), np.uint8), row.times_s)
        try:
            system.encoded([*black, question], answer)
        except TooLongError as error:
            raise StudyError(
                f"clip {row.clip_id}, {row.n} frames: {error}; show fewer frames in training (the recipe's sampler, or "
                "the columns frames and on_overflow of the system)"
            ) from None


def _save(adapted: Any, folder: str | Path) -> None:
    adapted.save_pretrained(folder)
    Path(folder, "README.md").unlink(missing_ok=True)  # a form that nobody has filled in; the record says more


def _finetune_outside(
    base: str | Path, schedule: pd.DataFrame, sample: pd.DataFrame, manifest: pd.DataFrame, store: FrameStore,
    question: str, params: dict[str, Any], folder: str | Path, code: str,
) -> pd.DataFrame:  # fmt: skip
    system = VisionLanguageModel(base, row=params["system"])
    torch.manual_seed(params["seed"])
    adapted = get_peft_model(system.model, adapter_config(system.family, params["rank"]))
    adapted.base_model.model.activation_checkpointing_enable({"use_reentrant": False})
    draws = _draws(schedule, sample, manifest)
    _check(draws)
    answers = {label: _answer(system, label) for label in sorted(set(draws["label"]))}
    _check_lengths(system, draws, store, question, max(map(len, answers.values())))

    def loss_of(batch: Sequence[int]) -> torch.Tensor:
        chosen = draws.iloc[list(batch)]
        prompts = [
            [*as_frames(store.frames(clip, frames), times), question]
            for clip, frames, times in zip(chosen["clip_id"], chosen["frames"], chosen["times_s"], strict=True)
        ]
        return answer_loss(system, prompts, [answers[label] for label in chosen["label"]])

    size = params["batch"]
    batches = [range(i, min(i + size, len(draws))) for i in range(0, len(draws), size)]
    told = [params, question, code, system_hash(base), draws.to_dict("records")]
    checkpoint = Checkpoint(Path(folder, CHECKPOINT), params["save_every"], sha256_json(told))
    what = "fine-tune by LoRA"
    log = train(adapted, batches, len(batches), loss_of, params["learning_rate"], what, checkpoint=checkpoint)
    _save(adapted, folder)
    checkpoint.forget()
    return log


def _draws(schedule: pd.DataFrame, sample: pd.DataFrame, manifest: pd.DataFrame) -> pd.DataFrame:
    """The drawn clips that have frames, in order: clip_id, frames, times_s, label."""
    shown = sample.sort_values("position").groupby("clip_id")
    clips = pd.DataFrame({"frames": shown["frame_index"].agg(list), "times_s": shown["timestamp_s"].agg(list)})
    clips["label"] = manifest.set_index("clip_id")["label"].reindex(clips.index)
    return schedule.sort_values("draw")[["clip_id"]].merge(clips, left_on="clip_id", right_index=True)


def _answer(system: VisionLanguageModel, label: str) -> list[int]:
    """The tokens of a label as a reply, and the end of the reply."""
    return [*reply_tokens(system.processor, system.header, label), system.processor.tokenizer.eos_token_id]


def answer_loss(
    system: VisionLanguageModel, prompts: Sequence[list[Part]], answers: Sequence[list[int]]
) -> torch.Tensor:
    """Mean cross-entropy of the tokens of the answers, each after its prompt; prompts do not count.

    Raises:
        TooLongError: a prompt and its answer are longer than the model's context.
    """
    encoded = [
        _answered(system.encoded(parts, len(answer)), answer) for parts, answer in zip(prompts, answers, strict=True)
    ]
    together: dict[tuple, list[int]] = {}
    for i, inputs in enumerate(encoded):
        together.setdefault(stackable(inputs), []).append(i)
    total = torch.zeros((), device=system.model.device)
    for chosen in together.values():
        inputs = system.placed(stack([encoded[i] for i in chosen], system.pad))
        longest = max(len(answers[i]) for i in chosen)
        # Padded on the left, all answers end together: what is before the longest is prompt.
        logits = system.reader.forward(inputs, use_cache=False, logits_to_keep=longest + 1).logits[:, -longest - 1 : -1]
        wanted = inputs["input_ids"][:, -longest:].clone()
        for row, i in enumerate(chosen):
            wanted[row, : longest - len(answers[i])] = IGNORE
        total = total + functional.cross_entropy(
            logits.float().flatten(0, 1), wanted.flatten(), ignore_index=IGNORE, reduction="sum"
        )
    return total / sum(map(len, answers))


def _answered(inputs: BatchFeature, answer: list[int]) -> BatchFeature:
    tokens = torch.tensor([answer])
    further = {"input_ids": tokens, "attention_mask": torch.ones_like(tokens), "mm_token_type_ids": 0 * tokens}
    return BatchFeature({k: torch.cat([v, further[k]], 1) if k in further else v for k, v in inputs.items()})


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
