"""The rows of the table of systems: where a model comes from, and how it is trained and loaded."""

import re
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, PrivateAttr, ValidationInfo, WithJsonSchema, field_validator, model_validator

from emovlm.models.api.settings import SCORING
from emovlm.models.architectures import DFER
from emovlm.models.hub_classifier.labels import CLASSIFIERS
from emovlm.study import choices
from emovlm.study.config import Prompts, Recipe
from emovlm.study.fields import Id, Positive, Rate, Sha256, Text, Whole, matching, not_one_of, or_default, problem
from emovlm.study.row import ABOUT, NamedRow, RowOf
from emovlm.study.rows import CaptionVariant, Dataset, TrainingSampler

TRAINED_ON_LABELS = ("lora", "classifier", "dfer")
"""Trainings that see a dataset's labels: done once for each of its official folds."""


class System(NamedRow):
    """A system: a vision-language model (here, or served through an API) or a vision-only classifier.

    What is empty in ``INHERITED`` columns of a system that is fine-tuned here is as in its base.
    """

    name: Id = Field(alias="system")
    kind: Literal["vlm", "vision", "api"]
    training: Literal["none", "tower", "pretrain", "lora", "classifier", "dfer"] = Field(
        "none", description="none: weights from outside"
    )
    base: Annotated["System", RowOf("systems")] | None = Field(
        None, description="the system that this one is fine-tuned from"
    )
    family: str | None = Field(
        None,
        description="of an API: the protocol of its server; of a vision-language model: how it is shown frames "
        "(models/vlm/families.py), by default the organism's, and remote where code that comes with its weights must "
        "run (docs/how-to/adding-a-system.md); of a vision-only one: its network, or image-classification or "
        "video-classification for a classifier of the hub (docs/how-to/adding-a-classifier.md)",
    )
    weights: matching(r"[\w./:-]+", "the name of a model") | None = Field(
        None, description="a model on the hub; of an API, its name on the server"
    )
    revision: matching("[0-9a-f]{40}", "a commit: 40 digits and letters a to f") | None = Field(
        None,
        description="its commit; if empty, that of the main branch on the day it is fetched, which the study records",
    )
    file: Text | None = Field(
        None,
        description="a checkpoint that is fetched by hand; {fold} in it stands for the number of the fold it was "
        "trained for; of a model in a folder of this machine, as of the family remote, the config.json in it",
    )
    sha256: Sha256 | None = Field(None, description="of the file, where there is one for all folds")
    published: Text | None = Field(None, description="its name in resources/published, if the paper has it")
    dtype: Literal["bfloat16", "float32"] | None = Field(
        None, description="precision of the weights; by default the saved one"
    )
    frames: Positive | None = Field(None, description="most frames a prompt; of more, the evenly spaced ones are shown")
    on_overflow: Literal["fail", "fewer_frames"] | None = Field(
        None,
        description="what becomes of a prompt that is longer than the model's context: the clip fails, the default, or "
        "is shown in the most evenly spaced frames that fit",
    )
    pixels: Positive | None = Field(
        None, description="of a frame's longest side, at most; empty where the weights fix it"
    )
    min_pixels: Positive | None = Field(
        None,
        description="of a frame of a video, height times width, at least: smaller ones are enlarged; of families whose "
        "frames may have any size (docs/how-to/adding-a-system.md)",
    )
    batch: Positive | None = Field(
        None, description="clips asked at once, at most; by default 16. Another number moves scores by rounding"
    )
    batch_tokens: Positive | None = Field(
        None,
        description="tokens of the prompts asked at once, at most; by default 2048 on a CPU and 16384 on a GPU. A "
        "longer prompt is asked alone",
    )
    pooling: Literal["mean_probability", "mean_logit", "max_probability"] | None = Field(
        None,
        description="how the probabilities of frames become those of a clip; by default mean_probability",
    )
    label_map: Text | None = Field(
        None,
        description="which class a label of the classifier stands for, as label=class;label=class, or a text file with "
        "one such pair a line; for labels that the lexicon does not have",
    )
    missing_labels: Literal["error", "allow"] | None = Field(
        None,
        description="whether classes without a label of the classifier are an error, the default, or never predicted",
    )
    memory_gb: Rate | None = Field(None, description="of one GPU, estimated")
    thinking_budget: Whole | None = Field(
        None, description="tokens of thought before a reply; empty: no setting of the model"
    )
    temperature: or_default(float, "a number from 0") = Field(
        None, description="of an API: a number, by default 0; or default: it is not sent, as some servers refuse it"
    )
    seed: or_default(int, "a whole number from 0") = Field(None, description="of an API: likewise")
    length_parameter: Literal["max_completion_tokens", "max_tokens"] | None = Field(
        None,
        description="of openai and vllm: what the limit of tokens is called; by default max_completion_tokens",
    )
    image_format: Literal["png", "jpeg", "webp"] | None = Field(
        None, description="of an API: what frames are sent as; by default png, which loses nothing"
    )
    image_quality: Annotated[int, Field(ge=1, le=100)] | None = Field(
        None, description="of jpeg and webp; by default 90"
    )
    max_request_mb: Rate | None = Field(
        None,
        description="of an API: most millions of bytes a request; a clip that needs more fails without being asked",
    )
    in_flight: Positive | None = Field(
        None,
        description="of an API: most clips that a job asks about at once, by default 1; rate and budget still hold",
    )
    variant: Annotated[CaptionVariant, RowOf("caption_variants")] | None = Field(
        None, description="the captions of the pretraining"
    )
    sampler: Annotated[TrainingSampler, RowOf("training_samplers")] | None = Field(
        None, description="training sampler of the fine-tuning"
    )
    dataset: Annotated[Dataset, RowOf("datasets")] | None = Field(
        None, description="what it is fine-tuned on; where that has official folds, once for each"
    )
    recipe: Annotated[Recipe, WithJsonSchema({"type": "string"})] | None = Field(
        None, validate_default=True,
        description="key of the config's recipes, how it is fine-tuned; by default the config's own lora or classifier",
    )  # fmt: skip
    prompts: Annotated[Prompts, WithJsonSchema({"type": "string"})] | None = Field(
        None, validate_default=True, description="key of the config's prompt_sets; by default the config's own prompts"
    )
    about: str | None = ABOUT
    _runs: int = PrivateAttr(1)

    @field_validator("recipe", mode="before")
    @classmethod
    def _find_recipe(cls, value: Any, info: ValidationInfo) -> Any:
        config = info.context.config
        if value is None or config is None:
            return config and {"lora": config.lora, "classifier": config.classifier}.get(info.data.get("training"))
        return _part(config.recipes, "recipes", value)

    @field_validator("prompts", mode="before")
    @classmethod
    def _find_prompts(cls, value: Any, info: ValidationInfo) -> Any:
        config = info.context.config
        if value is None or config is None:
            return config and config.prompts
        return _part(config.prompt_sets, "prompt_sets", value)

    @model_validator(mode="after")
    def _fits(self, info: ValidationInfo) -> "System":
        self._check_family()
        self._check_weights()
        self._needs(NEEDED[self.training], f"a system of training {self.training}")
        self._check_settings()
        if self.base is not None:
            own = {column: getattr(self, column) for column in INHERITED}
            found = {column: getattr(self.base, column) for column in INHERITED if own[column] is None}
            self.__dict__.update(found)  # the model is frozen for everybody else
        if (config := info.context.config) and self.training != "none":
            self._runs = (
                min(config.replicates, config.organism.towers) if self.training == "tower" else config.replicates
            )
        return self

    def _check_family(self) -> None:
        known = choices.families(self.kind)
        if self.family is not None and self.family not in known:
            raise problem(f"{not_one_of(self.family, known)}, the families of kind {self.kind}", "family")
        who = "a system behind an API" if self.served else f"a system of family {self.family}"
        if self.served or (self.kind == "vision" and self.training == "none"):
            self._needs(("family",), f"a system of kind {self.kind} with training none")
        if (self.served or self.classifier or self.family == choices.REMOTE) and self.training != "none":
            raise problem(f"{who} is not trained here; write none", "training")

    def _check_weights(self) -> None:
        """Weights come from the hub, from an API, from a file fetched by hand, or from a training here."""
        if self.training != "none":
            self._has_no(("weights", "revision", "file"), "a system that is trained here")
        elif self.family in (*DFER, choices.REMOTE):
            self._needs(("file",), f"a system of family {self.family} with training none")
            self._has_no(("weights", "revision"), f"a system of family {self.family}, which has a file,")
        elif self.file is not None and not self.served:
            self._has_no(("weights", "revision"), "a system with a file")
        else:
            self._needs(("weights",), "a system that is not trained here")
            self._has_no(("file",), "a system behind an API")
        if self.served:
            self._has_no(("revision",), "a system behind an API")
        elif self.weights is not None and not re.fullmatch(r"[\w.-]+/[\w.-]+", self.weights):
            raise problem(f"{self.weights!r} is not a name on the hub: write owner/model", "weights")
        if self.file is not None and "{fold}" in self.file:
            self._needs(("dataset",), "a system with a file for each fold")
        if self.file is not None and self.family not in DFER and Path(self.file).name != "config.json":
            raise problem(f"{self.file!r} is not the config.json in the folder of the weights", "file")

    def _check_settings(self) -> None:
        """Each kind of system has its own columns that say how it is loaded and asked."""
        vlm, images = self.kind == "vlm", self.family == "image-classification"
        any_size = choices.any_size(self.family or (self.base and self.base.family))
        kind, family = f"a system of kind {self.kind}", f"a system of family {self.family}"
        for columns, fits, who in (
            (("pixels", "batch", "batch_tokens", "on_overflow"), vlm, kind),
            (("min_pixels",), vlm and any_size, kind if self.family is None else family),
            (("frames",), vlm or images or self.served, kind if self.family is None else family),
            (("dtype",), vlm or self.classifier, kind if self.family is None else family),
            (("label_map", "missing_labels"), self.classifier, "a system that is no classifier of the hub"),
            (("pooling",), images, "a system that is no classifier of images"),
            (("dataset",), not self.classifier, "a classifier of the hub"),
            (("base", "sampler"), not self.served, "a system behind an API"),
            (("batch", "batch_tokens"), self.family != choices.REMOTE, family),
            (("thinking_budget",), self.family == "gemini", "a system of another family than gemini"),
            (("temperature", "seed", "image_format", "max_request_mb", "in_flight"), self.served, kind),
            (("length_parameter",), self.family in ("openai", *SCORING), "a system of another family than openai"),
            (("image_quality",), self.image_format in ("jpeg", "webp"), "a system that sends no jpeg or webp"),
        ):
            self._has_no(() if fits else columns, who)

    def told(self) -> dict[str, Any]:
        """The cells by column; recipe and prompts by their names."""
        names = {key: part.name for key in ("recipe", "prompts") if (part := getattr(self, key)) is not None}
        return super().told() | names

    @property
    def folder(self) -> Path | None:
        """The folder of this machine that it is taken from, if it is a whole model in one."""
        whole = self.file is not None and Path(self.file).name == "config.json"
        return Path(self.file).parent if whole else None

    @property
    def served(self) -> bool:
        """Whether it is behind an API."""
        return self.kind == "api"

    @property
    def scores(self) -> bool:
        """Whether it gives scores for labels, and not a reply alone."""
        return not self.served or self.family in SCORING

    @property
    def classifier(self) -> bool:
        """Whether it is a classifier of the hub."""
        return self.family in CLASSIFIERS

    @property
    def from_outside(self) -> bool:
        """Whether its weights are fetched."""
        return self.training == "none" and not self.served

    @property
    def folds(self) -> list[int]:
        """The official folds that it has a model of its own for; ``[0]`` where one model is for all clips."""
        if self.training not in TRAINED_ON_LABELS and "{fold}" not in (self.file or ""):
            return [0]
        return list(range(1, (self.dataset.folds or 0) + 1)) or [0]

    @property
    def runs(self) -> int:
        """How often it is trained: the tower less often than other systems, weights from outside never (1)."""
        return self._runs


INHERITED = ("family", "dtype", "frames", "on_overflow", "pixels", "min_pixels", "batch", "batch_tokens")
"""Columns of a system that, where they are empty, are as in its base."""

TUNED = ("base", "sampler", "dataset")
NEEDED = {
    "none": (), "tower": (), "pretrain": ("variant",), "lora": TUNED, "classifier": TUNED, "dfer": (*TUNED, "recipe"),
}  # fmt: skip
"""The columns that each kind of training needs."""


def _part(parts: dict[str, Any], key: str, name: Any) -> Any:
    """The part of the config that a cell names."""
    if isinstance(name, str) and name not in parts:
        raise problem(f"config key {key} has no {name}; it has {', '.join(parts) or 'nothing'}")
    return parts[name] if isinstance(name, str) else name
