"""From the parts of a prompt to the inputs of a model: one prompt by the family's processor, several as one batch."""

import re
from collections.abc import Sequence
from itertools import groupby
from typing import Any

from emovlm.models.torch_setup import torch  # isort: skip
import numpy as np
from PIL import Image
from torch.nn import functional
from transformers import BatchFeature, ProcessorMixin

from emovlm.core.errors import StudyError
from emovlm.models.base import Frame, Part, at_most
from emovlm.models.vlm.chat import Turn
from emovlm.models.vlm.families import Family
from emovlm.models.vlm.pixels import enlarged_sides

TEXT_INPUTS = ("input_ids", "attention_mask", "mm_token_type_ids", "token_type_ids")
TICKS = 1000  # a second, of the times of frames as the processors take them: whole numbers
USUAL_GAP_S = 0.5  # between two frames shown at the same time; the families' own default is two frames a second

Run = tuple[str, list[Frame]]  # "image" or "video", and its frames


def limited(parts: Sequence[Part], frames: int | None, pixels: int | None) -> list[Part]:
    """Texts and at most ``frames`` frames, spread evenly over those given, in their order, no side above ``pixels``.

    What is neither text nor frame is left out: these models do not hear.
    """
    shown = at_most([part for part in parts if isinstance(part, Frame | str)], frames)
    return [part if isinstance(part, str) else _smaller(part, pixels) for part in shown]


def _smaller(frame: Frame, side: int | None) -> Frame:
    largest = max(frame.pixels.shape[:2])
    if not side or largest <= side:
        return frame
    return _resized(frame, *(max(1, round(length * side / largest)) for length in frame.pixels.shape[:2]))


def _resized(frame: Frame, height: int, width: int) -> Frame:
    resized = Image.fromarray(frame.pixels).resize((width, height), Image.Resampling.BICUBIC)
    return Frame(np.asarray(resized), frame.time_s)


def enlarged(frames: Sequence[Frame], least: int | None, step: int) -> list[Frame]:
    """Frames of a video with at least ``least`` pixels each, in whole ``step``s (``models.vlm.pixels``)."""
    sides = [enlarged_sides(*frame.pixels.shape[:2], least, step) for frame in frames]
    return [
        frame if frame.pixels.shape[:2] == wanted else _resized(frame, *wanted)
        for frame, wanted in zip(frames, sides, strict=True)
    ]


def layout(parts: Sequence[Part], family: Family) -> list[str | Run]:
    """Texts, and frames as the images and videos in which the family is shown them.

    Texts that follow one another are one, a line each: most chat templates would put nothing between them.
    """
    runs = [list(run) for _, run in groupby(parts, key=lambda part: isinstance(part, str))]
    several = sum(not isinstance(run[0], str) for run in runs) > 1
    shown: list[str | Run] = []
    for run in runs:
        if isinstance(run[0], str):
            shown.append("\n".join(run))
        elif family.video and len(run) > 1 and (family.ragged or not several):
            shown.append(("video", run))
        else:
            shown += [(family.alone, [frame]) for frame in run]
    return shown


def encode(
    processor: ProcessorMixin, family: Family, parts: Sequence[Part], turn: Turn, min_pixels: int | None = None
) -> BatchFeature:
    """The inputs of one prompt, as a batch of one.

    Args:
        turn: how the question is put, from :func:`emovlm.models.vlm.chat.find_turn`.
        min_pixels: of each frame of a video, at least; of a family whose frames may have any size.
    """
    shown = layout([_plain(processor, part) if isinstance(part, str) else part for part in parts], family)
    runs = [part for part in shown if not isinstance(part, str)]
    images = [Image.fromarray(frames[0].pixels) for kind, frames in runs if kind == "image"]
    videos = [frames for kind, frames in runs if kind == "video"]
    if min_pixels:
        step = processor.video_processor.patch_size * processor.video_processor.merge_size
        videos = [enlarged(frames, min_pixels, step) for frames in videos]
    text = turn.prompt(processor, _content(processor, family, shown))
    inputs = processor(
        text=[text],
        images=[images] if images else None,
        videos=[[np.stack([frame.pixels for frame in frames]) for frames in videos]] if videos else None,
        # A template that begins with the token that begins every text has said it.
        add_special_tokens=not text.startswith(processor.tokenizer.bos_token or "\0"),
        return_tensors="pt",
        images_kwargs=dict(family.images) if images else {},
        videos_kwargs=_video_settings(processor, family, videos) if videos else {},
    )
    if family.clock and videos:
        step = processor.video_processor.temporal_patch_size
        inputs[family.clock] = torch.tensor([step * gap_s(frames) for frames in videos])
    return inputs


def _plain(processor: ProcessorMixin, text: str) -> str:
    """A text without special tokens: one that a model wrote may hold the placeholder of an image, or end the turn.

    What is left may be a token again, as of ``<|im_<|im_end|>end|>``, so it is looked through until there is none.
    """
    special = {token.content for token in processor.tokenizer.added_tokens_decoder.values() if token.special}
    special |= {processor.image_token, getattr(processor, "video_token", processor.image_token)}
    tokens = re.compile("|".join(map(re.escape, sorted(filter(None, special), key=len, reverse=True))))
    while (rest := tokens.sub("", text)) != text:
        text = rest
    return text


def _content(processor: ProcessorMixin, family: Family, shown: list[str | Run]) -> list[dict[str, str]]:
    """One turn of the user as the chat template takes it, with one placeholder an image or video."""
    place = {"image": processor.image_token, "video": getattr(processor, "video_token", None)}
    frames_first = all(isinstance(part, str) for part in shown[-1:]) and sum(isinstance(p, str) for p in shown) == 1
    if family.in_order or frames_first:
        return [
            {"type": "text", "text": part} if isinstance(part, str)
            else {"type": "text", "text": place["video"]} if family.bare_video and part[0] == "video"
            else {"type": part[0]}
            for part in shown
        ]  # fmt: skip
    return [{"type": "text", "text": "\n".join(part if isinstance(part, str) else place[part[0]] for part in shown)}]


def _video_settings(processor: ProcessorMixin, family: Family, videos: list[list[Frame]]) -> dict[str, Any]:
    """What keeps the processor from choosing frames again, and tells it when those given were."""
    return {
        **family.videos,
        "do_sample_frames": False,
        "video_metadata": [[_metadata(frames) for frames in videos]],
        # Some processors' classes have sizes of their own, which would override those saved with the weights.
        "size": {k: v for k, v in dict(processor.video_processor.size).items() if v is not None},
    }


def _times(frames: list[Frame]) -> list[float]:
    """When the frames of a video are shown, in seconds, ascending.

    Frames in another order than they were filmed in (shuffled, reversed) are shown as if filmed in that order: the
    processors write times into the prompt, and these must not give the true order away.
    """
    return sorted(frame.time_s for frame in frames)


def gap_s(frames: list[Frame]) -> float:
    """Mean seconds from one frame of a video to the next."""
    times = _times(frames)
    return (times[-1] - times[0]) / (len(times) - 1) if times[-1] > times[0] else USUAL_GAP_S


def _metadata(frames: list[Frame]) -> dict[str, Any]:
    """A video of ``TICKS`` frames a second, of which those at the times shown were chosen."""
    times = _times(frames)
    total = max(len(frames), round(TICKS * gap_s(frames) * len(frames)))
    height, width = frames[0].pixels.shape[:2]
    return {
        "fps": float(TICKS), "frames_indices": [round(TICKS * time) for time in times], "total_num_frames": total,
        "duration": total / TICKS, "height": height, "width": width,
    }  # fmt: skip


def stackable(inputs: BatchFeature) -> tuple:
    """What prompts must have in common to be one batch: which inputs there are, and the shapes that cannot be padded.

    Frames are never padded, for some models would see the padding.
    """
    return tuple(sorted((k, tuple(v.shape[1:]) if k not in TEXT_INPUTS else ()) for k, v in inputs.items()))


def without_pixels(inputs: BatchFeature) -> BatchFeature:
    """The inputs of a prompt but for those that the vision tower sees."""
    return BatchFeature({name: tensor for name, tensor in inputs.items() if not name.startswith("pixel_")})


def stack(batch: Sequence[BatchFeature], pad: int, length: int = 0, right: bool = False) -> BatchFeature:
    """Prompts that are :func:`stackable` as one batch, padded on the left, so that all end together.

    Args:
        length: to which they are padded, if that is longer than the longest.
        right: they are padded on the right, so that all begin together.
    """
    longest = max(length, *(inputs["input_ids"].shape[1] for inputs in batch))
    fill = {"input_ids": pad}

    def padded(name: str, tensor: torch.Tensor) -> torch.Tensor:
        if name not in TEXT_INPUTS:
            return tensor
        missing = longest - tensor.shape[1]
        return functional.pad(tensor, (0, missing) if right else (missing, 0), value=fill.get(name, 0))

    return BatchFeature({name: torch.cat([padded(name, i[name]) for i in batch]) for name in batch[0]})


def reply_tokens(processor: ProcessorMixin, header: str, label: str) -> list[int]:
    """The tokens of ``label`` as a reply: a space comes first where the header does not end in one.

    Raises:
        StudyError: the tokenizer joins the end of the header with the label, so that no reply begins like that.
    """

    def tokens(text: str) -> list[int]:
        return processor.tokenizer(text, add_special_tokens=False)["input_ids"]

    before = tokens(header)
    whole = tokens(f"{header}{'' if not header or header[-1].isspace() else ' '}{label}")
    if whole[: len(before)] != before or len(whole) == len(before):
        raise StudyError(f"the label {label!r} cannot be scored as a reply after {header!r}; its tokens do not follow")
    return whole[len(before) :]
