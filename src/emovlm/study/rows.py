"""Rows that conditions are put together from: datasets, frame and training samplers, classes; and sources of counts."""

import re
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, PrivateAttr, ValidationInfo, WithJsonSchema, field_validator, model_validator

from emovlm.study import choices
from emovlm.study.config import Corpus
from emovlm.study.fields import Id, OneOf, Positive, Rate, Text, matching, problem
from emovlm.study.row import ABOUT, NamedRow, Row, RowOf


class Dataset(NamedRow):
    """A dataset."""

    name: Id = Field(alias="dataset")
    kind: Annotated[str, OneOf(choices.dataset_kinds)] = Field(description="how its folder is laid out")
    folder: Text = Field(description="where the clips and annotations are")
    form: Literal["clips", "frames"] | None = Field(
        None, description="of mafw and dfew: whole clips (default), or their owners' frame folders"
    )
    fps: Rate | None = Field(None, description="1/s, rate of clips that are folders of images")
    fit: Literal["pad", "stretch", "crop"] | None = Field(
        None, description="how frames become squares: padded with black (default), stretched, or cropped in the middle"
    )
    words: Annotated[dict[str, str], WithJsonSchema({"type": "string"})] = Field(
        "emotion", alias="classes", validate_default=True,
        description="column of the lexicon with the dataset's label words; by default emotion",
    )  # fmt: skip
    per_class: Positive | None = Field(
        None, description="test clips of each class that are evaluated, drawn by the study's seed; all if empty"
    )
    drawn_as: Annotated["Dataset", RowOf("datasets")] | None = Field(
        None, description="a dataset of the same clips: per_class draws those that it draws there"
    )
    subset: Text | None = Field(
        None, description="file that lists the test clips to evaluate, one a line; goes before per_class"
    )
    folds: Annotated[int, Field(ge=2)] | None = Field(
        None, description="official folds; systems are trained once for each, on what it does not test"
    )
    size: Annotated[int, Field(ge=32, multiple_of=32)] | None = Field(
        None, validate_default=True,
        description="px, side of the stored square frames; by default the config's frames.size",
    )  # fmt: skip
    n_shards: Positive = Field(1, description="parts that are worked on at once")
    licence: Text = Field("not stated", description="SPDX name of the licence of its clips")
    pictures: Literal["private"] | None = Field(
        None,
        description="private: the explorer page shows its frames whatever the licence, and is not packed to be shared; "
        "if empty, the page shows them if the licence is an open one",
    )
    about: str | None = ABOUT
    _corpus: Corpus | None = PrivateAttr(None)

    @field_validator("words", mode="before")
    @classmethod
    def _label_words(cls, value: Any, info: ValidationInfo) -> Any:
        return info.context.words(value) if isinstance(value, str) else value

    @field_validator("size", mode="before")
    @classmethod
    def _default_size(cls, value: Any, info: ValidationInfo) -> Any:
        return info.context.config.frames.size if value is None else value

    @model_validator(mode="after")
    def _fits(self, info: ValidationInfo) -> "Dataset":
        if self.form == "frames":
            self._needs(("fps",), "a dataset of frame folders")
        if self.rendered:
            synface = info.context.config.synface
            if synface is None or self.name not in synface.corpora:
                raise problem(f"config key synface.corpora has no {self.name}, which says what to render", "kind")
            self._corpus = synface.corpora[self.name]
        return self

    @property
    def classes(self) -> list[str]:
        """Its classes by the lexicon's names, in the lexicon's order: what systems choose from."""
        return list(self.words.values())

    @property
    def rendered(self) -> bool:
        """Whether its clips are rendered by the study, so that the truth about every frame is known."""
        return self.kind == "synface"

    @property
    def corpus(self) -> Corpus | None:
        """What a rendered dataset consists of."""
        return self._corpus


class FrameSampler(NamedRow):
    """A frame sampler: which frames of a clip a system sees, in which order."""

    name: Id = Field(alias="sampler")
    kind: Annotated[str, OneOf(lambda: list(choices.frame_sampler_kinds()))]
    rate: Rate | None = Field(None, description="frames a second")
    count: Positive | None = Field(None, description="frames (per gap for between)")
    step: Positive | None = Field(None, description="of every: frames from one to the next")
    base: Annotated["FrameSampler", RowOf("frame_samplers")] | None = Field(
        None, description="the sampler whose frames are put in another order or held"
    )
    about: str | None = ABOUT

    @model_validator(mode="after")
    def _fits(self) -> "FrameSampler":
        self._needs(choices.frame_sampler_kinds()[self.kind], f"a sampler of kind {self.kind}")
        return self


class TrainingSampler(NamedRow):
    """A training sampler: how often each class is drawn in fine-tuning."""

    name: Id = Field(alias="sampler")
    kind: Annotated[str, OneOf(lambda: list(choices.training_sampler_kinds()))]
    beta: Annotated[float, Field(ge=0, lt=1)] | None = Field(None, description="of effective-number")
    about: str | None = ABOUT

    @model_validator(mode="after")
    def _fits(self) -> "TrainingSampler":
        self._needs(choices.training_sampler_kinds()[self.kind], f"a sampler of kind {self.kind}")
        return self


class Source(Row):
    """A source of word counts; source and language together are its id."""

    source: Id
    language: Annotated[str, OneOf(choices.languages)]
    kind: Literal["published-counts", "wordfreq"]
    column: Text | None = Field(None, description="column of the published table")
    corpus: Text
    edition: Text | None = None
    licence: Text
    tokens: Rate | None = Field(None, description="words in all")


class LexiconEntry(NamedRow):
    """A class, with the words for it. Columns of forms are needed where word frequency is."""

    model_config = ConfigDict(extra="allow")
    name: matching("[a-z][a-z0-9-]*", "a class: write lower-case letters, digits and hyphens") = Field(alias="emotion")
    dfew: Text | None = Field(None, description="DFEW's label of the class")
    noun: Text | None = None
    adjective: Text | None = None
    family: Text | None = Field(None, description="English forms separated by spaces")
    chinese: Text | None = Field(None, description="Chinese terms separated by spaces")

    @classmethod
    def allows(cls, key: str) -> bool:
        """Whether a column may be there: also ``labels-<dataset>``, with the label words of a dataset."""
        return super().allows(key) or re.fullmatch("labels-[a-z0-9-]+", key) is not None

    def word(self, column: str) -> str | None:
        """The word for the class in a column, if there is one."""
        return self.told().get(column)

    def told(self) -> dict[str, Any]:
        """The cells by column."""
        return super().told() | (self.model_extra or {})
