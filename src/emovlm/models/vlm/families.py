"""The families of vision-language models, and how each is shown frames: a row of settings each, no code.

What differs between families is which standard class loads the weights, whether frames go in as one video or as
images, and which of the processor's habits must be stopped. How the frames look in the prompt (tokens, markers,
timestamps) is the checkpoint's own chat template and processor. Learnt from the processors in transformers 5.23.

A *run* is the frames between two texts. A run of several frames is shown as one video, where the family reads videos,
for that is what it was trained on and the only way in which it learns of time. A frame alone between texts (context
enrichment) is an image, except where an image costs many times the tokens of a frame of a video.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from emovlm.core.registry import Registry


@dataclass(frozen=True)
class Family:
    """How the models of one family are loaded and shown frames.

    Attributes:
        name: what a row of ``systems.tsv`` calls it.
        model_types: the family's ``model_type`` in the ``config.json`` of its checkpoints, by which a folder is known.
        about: what is special about how it reads frames, for the docs.
        model: class of transformers that loads the weights.
        video: whether a run of frames is shown as one video; otherwise as images.
        alone: as what a frame alone is shown.
        ragged: whether a prompt may hold images and videos, and videos of different lengths. Otherwise several runs
            are shown frame by frame.
        in_order: whether the chat template keeps frames and texts in the order given. Otherwise, where a text stands
            before a frame, the placeholders of the frames are written into the text.
        bare_video: whether a video's placeholder is written into the text without the markers that the template puts
            around it.
        images, videos: settings of the processor at call time.
        clock: the model's input for the seconds from one step of a video to the next.
        behind: whether the positions of what follows a video are put right (``models.vlm.positions``). Needed where
            the family has positions in time and ``get_rope_index`` of its model counts a whole video as one frame.
        any_size: whether frames may have any size and take tokens by it, so that a row may enlarge those of a video
            (``min_pixels``). Otherwise the weights fix the size.
        language: name of the language model among the modules, the only part that is fine-tuned.
        channels_last: whether the vision tower is convolutional, so that this layout is faster.
        video_end: name of the model's parameter that follows the features of each video, if there is one.
    """

    name: str
    model_types: tuple[str, ...]
    about: str
    model: str = "AutoModelForImageTextToText"
    video: bool = True
    alone: Literal["image", "video"] = "image"
    ragged: bool = False
    in_order: bool = True
    bare_video: bool = False
    images: Mapping[str, Any] = field(default_factory=dict)
    videos: Mapping[str, Any] = field(default_factory=dict)
    clock: str | None = None
    behind: bool = False
    any_size: bool = False
    language: str = "language_model"
    channels_last: bool = False
    video_end: str = ""


# The processors' warning about this says that the cap of the vendor's own tool is not applied. It is not wanted:
# the study limits frames and pixels by its own table, the same for all.
UNCAPPED = {"cap_pixels_per_frame": False}

FAMILIES: Registry[Family] = Registry("family", "docs/how-to/adding-a-system.md")
for _family in (
    Family("fastvlm", ("fast_vlm",), "The organism: a frame is an image of a few tokens.", video=False,
           channels_last=True),
    Family("qwen2.5-vl", ("qwen2_5_vl",), "Two frames are one step of a video; as images a frame would cost twice as "
           "much.", ragged=True, videos=UNCAPPED, clock="second_per_grid_ts", behind=True, any_size=True),
    Family("qwen2.5-omni", ("qwen2_5_omni", "qwen2_5_omni_thinker"), "Its thinker reads and answers. The processor "
           "writes no seconds a step of its own: always 1.", model="Qwen2_5OmniThinkerForConditionalGeneration",
           ragged=True, videos=UNCAPPED, clock="video_second_per_grid", any_size=True),
    # The processor of the model's release put time and markers in place of the template's markers and placeholder; that
    # of transformers 5.23 puts them inside the markers, which is not what the model was trained on.
    Family("qwen3-vl", ("qwen3_vl",), "Reads the time and markers before every two frames.", ragged=True,
           bare_video=True, videos=UNCAPPED, any_size=True),
    Family("video-llava", ("video_llava",), "A frame takes as many tokens in a video as alone.", in_order=False),
    Family("llava-next-video", ("llava_next_video",), "An image is up to five tiles, about 2,900 tokens of a context "
           "of 4,096; a video of one frame is 144.", alone="video", in_order=False),
    Family("internvl", ("internvl",), "A frame is one tile: tiles are for large pictures of documents.",
           images={"crop_to_patches": False}),
    Family("smolvlm", ("smolvlm",), "Reads the time before each frame, to the second. An image is not split into "
           "tiles.", images={"do_image_splitting": False}, language="text_model"),
    Family("llava-onevision", ("llava_onevision",), "An image alone is cut into tiles, several are not: as videos all "
           "frames cost the same (196 tokens).", alone="video", in_order=False, video_end="image_newline"),
):  # fmt: skip
    FAMILIES.add(_family)


REMOTE = "remote"
"""The family of models whose own code must run, which comes with their weights (``models.remote``)."""


def family_of(row: Mapping[str, Any]) -> Family:
    """The family of a row of ``systems.tsv``; rows without one are of the organism's.

    Raises:
        StudyError: the row names an unknown family.
    """
    return FAMILIES.find(row.get("family") or "fastvlm", f"system {row.get('system', '')}".strip())
