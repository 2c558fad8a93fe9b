"""Rows that conditions refer to (datasets, samplers, classes), and sources of word counts."""

import re
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, PrivateAttr, ValidationInfo, WithJsonSchema, field_validator, model_validator

from emovlm.study import choices
from emovlm.study.config import Corpus
from emovlm.study.fields import Id, OneOf, Positive, Rate, Sha256, Text, Words, matching, problem
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
    encoding: Literal["raw", "h264", "webp"] | None = Field(
        None,
        description="how frames are stored: raw (default), or h264 or webp, the same pixels in an eighth to a third of "
        "the space, slower to read",
    )
    words: Annotated[dict[str, str], WithJsonSchema({"type": "string"})] = Field(
        "emotion", alias="classes", validate_default=True,
        description="column of the table of classes with the dataset's label words; by default emotion",
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
        """Its classes by their names, in the order of the table of classes: what systems choose from."""
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


class CaptionVariant(NamedRow):
    """A variant of the captions that an organism is pretrained on."""

    name: Id = Field(alias="variant")
    exponent: Annotated[float, Field(ge=0)] = Field(
        description="captions name emotions in proportion to this power of the word's count: 0 all equally often"
    )
    words: Literal["real", "permuted", "swapped"] = Field(
        "real", description="whose counts: permuted ones; or swapped, the commonest with the rarest, and so on"
    )
    naming: Annotated[float, Field(gt=0, le=1)] | None = Field(
        None, validate_default=True,
        description="share of the commonest emotion's captions that name it, with exponent 1; variants of the same "
        "share name equally often in all; by default the config's organism.captions.naming",
    )  # fmt: skip
    frames: Annotated[int, Field(ge=2)] | None = Field(
        None, description="most frames that a caption shows at once; by default organism.captions.frames_at_most"
    )
    content: Literal["change", "moments"] = Field(
        "change", description="what captions describe: moments alone, or change from frame to frame as well"
    )
    about: str | None = ABOUT

    @field_validator("naming", mode="before")
    @classmethod
    def _default_naming(cls, value: Any, info: ValidationInfo) -> Any:
        organism = info.context.config and info.context.config.organism
        return organism.captions.naming if value is None and organism else value


class Source(Row):
    """A source of word counts; source and language together are its id."""

    source: Id
    language: Annotated[str, OneOf(choices.languages)]
    kind: Annotated[str, OneOf(lambda: list(choices.source_kinds()))]
    column: Text | None = Field(None, description="of published: column of the table of counts")
    files: Words | None = Field(
        None, description="globs of files (of infini_gram: of folders), separated by spaces; instead of a package"
    )
    package: matching("[A-Za-z0-9._+-]+==[A-Za-z0-9._+!~-]+", "a pinned package: write name==version") | None = Field(
        None, description="what the files are fetched from"
    )
    sha256: Sha256 | None = Field(None, description="of the file of the package")
    members: Words | None = Field(None, description="globs of files in the package, separated by spaces")
    text: Text | None = Field(
        None,
        description="of JSONL and Parquet: the column with the text; of a package: how its files hold texts (text, "
        "lines, json:key, csv:2, tsv:4)",
    )
    documents: Literal["line", "paragraph", "file"] | None = Field(
        None, description="of plain text: what a document is"
    )
    version: Literal["v2", "v3"] | None = Field(None, description="of google_books: layout of the files")
    n: Positive | None = Field(None, description="of google_books: words of an n-gram")
    years: matching("[0-9]{4}-[0-9]{4}", "a range of years: write 1950-2008") | None = Field(
        None, description="of google_books: first and last year that count; by default all"
    )
    totals: Text | None = Field(None, description="of google_books: file with the words of each year")
    tokenizer: Text | None = Field(
        None, description="of infini_gram: tokenizer.json of an index of tokens; empty if the index is of bytes"
    )
    shards: Positive | None = Field(None, description="of corpus: how many jobs count it; by default one")
    corpus: Text
    edition: Text | None = None
    licence: Text
    citation: Text = Field(description="what to cite for the counts")
    tokens: Rate | None = Field(None, description="words in all, where they are not counted")

    @model_validator(mode="after")
    def _fits(self) -> "Source":
        kind, whose = choices.source_kinds()[self.kind], f"a source of kind {self.kind}"
        self._needs(kind.needs, whose)
        others = (column for each in choices.source_kinds().values() for column in (*each.needs, *each.may))
        self._has_no(tuple(dict.fromkeys(c for c in others if c not in (*kind.needs, *kind.may))), whose)
        if self.language not in kind.languages:
            known = ", ".join(kind.languages)
            raise problem(f"{self.language} is given, but {whose} can be counted only in {known}", "language")
        if "package" in kind.may:
            self._says_where(whose)
        if self.years and not self.years[:4] <= self.years[5:]:
            raise problem(f"{self.years} ends before it begins", "years")
        return self

    def _says_where(self, whose: str) -> None:
        if self.package:
            self._needs(("sha256", "members"), "a source from a package")
            self._has_no(("files",), "a source from a package")
        else:
            self._needs(("files",), f"{whose} that is from no package")
            self._has_no(("sha256", "members"), "a source from no package")


class ClassRow(NamedRow):
    """A class, and what datasets call it."""

    model_config = ConfigDict(extra="allow")
    name: matching("[a-z][a-z0-9-]*", "a class: write lower-case letters, digits and hyphens") = Field(alias="emotion")
    dfew: Text | None = Field(None, description="DFEW's label of the class")

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
