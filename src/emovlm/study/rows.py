"""The rows of a study's tables. A cell that names a row of another table is that row: ``condition.system.family``."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, PrivateAttr, ValidationInfo, WithJsonSchema, field_validator, model_validator
from pydantic_core import core_schema

from emovlm.study import choices
from emovlm.study.config import Corpus, Prompts, Recipe
from emovlm.study.fields import (
    Id,
    Model,
    Named,
    OneOf,
    Positive,
    Rate,
    Sha256,
    Text,
    Whole,
    Words,
    matching,
    not_one_of,
    problem,
)

TRAINED_ON_LABELS = ("lora", "classifier", "dfer")
"""Trainings that see a dataset's labels: done once for each of its official folds."""


@dataclass(frozen=True)
class RowOf:
    """Annotation of a cell that names a row: in the study it is that row."""

    table: str

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> Any:
        return core_schema.with_info_before_validator_function(self.find, handler(source))

    def __get_pydantic_json_schema__(self, schema: Any, handler: Any) -> dict[str, Any]:
        return {"type": "string", "description": f"id in the table {self.table}"}

    def find(self, value: Any, info: ValidationInfo) -> Any:
        """The row of that id.

        Raises:
            PydanticCustomError: there is none.
        """
        return info.context.find(self.table, value) if isinstance(value, str) else value


class Row(Model):
    """A row of a table. Its cells are text, so numbers are read from text; an empty cell is no part of it."""

    model_config = ConfigDict(strict=False)
    _table_file: str = PrivateAttr("")
    _where: str = PrivateAttr("")

    @property
    def table_file(self) -> str:
        """The file of the table that it is in."""
        return self._table_file

    def told(self) -> dict[str, Any]:
        """The cells that are not empty, by column, as JSON has them."""
        told = {key: " ".join(value) if isinstance(value, list) else value for key, value in super().told().items()}
        return {key: value for key, value in told.items() if value != ""}

    def cell(self, column: str) -> str:
        """Where one of its cells is, as messages name it."""
        return f"{self._where}, column {column}"

    def _needs(self, columns: tuple[str, ...], who: str) -> None:
        for column in columns:
            if getattr(self, column) is None:
                raise problem(f"the cell is empty, but {who} needs a value", column)

    def _has_no(self, columns: tuple[str, ...], who: str) -> None:
        for column in columns:
            if getattr(self, column) is not None:
                raise problem(f"{getattr(self, column)!r} stands there, but {who} has none; leave it empty", column)


class NamedRow(Named, Row):
    """A row with an id, which other rows refer to."""


ABOUT = Field(None, description="a remark, which changes no result")


class Dataset(NamedRow):
    """A dataset."""

    name: Id = Field(alias="dataset")
    kind: Annotated[str, OneOf(choices.dataset_kinds)] = Field(description="how its folder is laid out")
    folder: Text = Field(description="where the clips and annotations are")
    form: Literal["clips", "frames"] | None = Field(
        None, description="of mafw and dfew: whole clips (default), or their owners' frame folders"
    )
    fps: Rate | None = Field(None, description="1/s, rate of clips that are folders of images")
    words: Annotated[dict[str, str], WithJsonSchema({"type": "string"})] = Field(
        "emotion", alias="classes", validate_default=True,
        description="column of the lexicon with the dataset's label words; by default emotion",
    )  # fmt: skip
    per_class: Positive | None = Field(
        None, description="test clips of each class that are evaluated, drawn by the study's seed; all if empty"
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
        "run (docs/adding-a-system.md); of a vision-only one: its network",
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
        "trained for; of the family remote, the config.json in its folder",
    )
    sha256: Sha256 | None = Field(None, description="of the file, where there is one for all folds")
    published: Text | None = Field(None, description="its name in resources/published, if the paper has it")
    dtype: Literal["bfloat16", "float32"] | None = Field(
        None, description="precision of the weights; by default the saved one"
    )
    frames: Positive | None = Field(None, description="most frames a prompt; of more, the evenly spaced ones are shown")
    pixels: Positive | None = Field(
        None, description="of a frame's longest side, at most; empty where the weights fix it"
    )
    batch: Positive | None = Field(
        None, description="clips asked at once, by default 1; more is faster, and moves scores by rounding"
    )
    memory_gb: Rate | None = Field(None, description="of one GPU, estimated")
    thinking_budget: Whole | None = Field(
        None, description="tokens of thought before a reply; empty: no setting of the model"
    )
    variant: Literal["frequency", "uniform", "permuted"] | None = Field(
        None, description="how often the captions of the pretraining name each emotion"
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
    prompts: Annotated[Prompts, WithJsonSchema({"type": "string"})] = Field(
        None, validate_default=True, description="key of the config's prompt_sets; by default the config's own prompts"
    )
    about: str | None = ABOUT
    _runs: int = PrivateAttr(1)

    @field_validator("recipe", mode="before")
    @classmethod
    def _find_recipe(cls, value: Any, info: ValidationInfo) -> Any:
        config = info.context.config
        if value is None:
            return {"lora": config.lora, "classifier": config.classifier}.get(info.data.get("training"))
        return _part(config.recipes, "recipes", value)

    @field_validator("prompts", mode="before")
    @classmethod
    def _find_prompts(cls, value: Any, info: ValidationInfo) -> Any:
        config = info.context.config
        return config.prompts if value is None else _part(config.prompt_sets, "prompt_sets", value)

    @model_validator(mode="after")
    def _fits(self, info: ValidationInfo) -> "System":
        self._check_family()
        self._check_weights()
        self._needs(NEEDED[self.training], f"a system of training {self.training}")
        for empty, who in (
            (("dtype", "frames", "pixels", "batch") if self.kind != "vlm" else (), f"a system of kind {self.kind}"),
            (("base", "sampler") if self.served else (), "a system behind an API"),
            (("batch",) if self.family == choices.REMOTE else (), "a system of family remote"),
            (("thinking_budget",) if self.family != "gemini" else (), "a system of another family than gemini"),
        ):
            self._has_no(empty, who)
        if self.base is not None:
            own = {column: getattr(self, column) for column in INHERITED}
            found = {column: getattr(self.base, column) for column in INHERITED if own[column] is None}
            self.__dict__.update(found)  # the model is frozen for everybody else
        if self.training not in ("none", "tower"):
            self._runs = info.context.config.replicates
        return self

    def _check_family(self) -> None:
        known = choices.families(self.kind)
        if self.family is not None and self.family not in known:
            raise problem(f"{not_one_of(self.family, known)}, the families of kind {self.kind}", "family")
        if self.served or self.family == choices.REMOTE:
            who = "a system behind an API" if self.served else "a system of family remote"
            self._needs(("family",), who)
            if self.training != "none":
                raise problem(f"{who} is not trained here; write none", "training")

    def _check_weights(self) -> None:
        """Weights come from the hub, from an API, from a file fetched by hand, or from a training here."""
        if self.training != "none":
            self._has_no(("weights", "revision", "file"), "a system that is trained here")
        elif self.kind == "vision" or self.family == choices.REMOTE:
            who = f"a system of {'kind vision' if self.kind == 'vision' else 'family remote'} with training none"
            self._needs(("file", "family"), who)
            self._has_no(("weights", "revision"), who)
        else:
            self._needs(("weights",), "a system that is not trained here")
            self._has_no(("file",), f"a system of kind {self.kind} with weights from outside")
        if self.served:
            self._has_no(("revision",), "a system behind an API")
        elif self.weights is not None and not re.fullmatch(r"[\w.-]+/[\w.-]+", self.weights):
            raise problem(f"{self.weights!r} is not a name on the hub: write owner/model", "weights")
        if self.file is not None and "{fold}" in self.file:
            self._needs(("dataset",), "a system with a file for each fold")
        if self.family == choices.REMOTE and Path(self.file).name != "config.json":
            raise problem(f"{self.file!r} is not the config.json in the folder of the weights", "file")

    def told(self) -> dict[str, Any]:
        """The cells by column; recipe and prompts by their names."""
        names = {key: part.name for key in ("recipe", "prompts") if (part := getattr(self, key)) is not None}
        return super().told() | names

    @property
    def served(self) -> bool:
        """Whether it is behind an API."""
        return self.kind == "api"

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
        """How often it is trained. The tower is once, for all variants and runs; weights from outside are one."""
        return self._runs


INHERITED = ("family", "dtype", "frames", "pixels", "batch")
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


class Condition(NamedRow):
    """What is asked: a system about the clips of a dataset, from some frames, in a context."""

    name: Id = Field(alias="condition")
    system: Annotated[System, RowOf("systems")]
    dataset: Annotated[Dataset, RowOf("datasets")]
    frames: Annotated[FrameSampler, RowOf("frame_samplers")]
    context: Annotated[str, OneOf(lambda: list(choices.contexts()))] = Field(
        "none", description="what is shown beside the frames"
    )
    decision: Annotated[str, OneOf(choices.decisions)] = Field(
        None, validate_default=True,
        description="how scores become an answer; by default likelihood, or reply where a system gives no likelihoods",
    )  # fmt: skip
    claims: Words = Field([], description="claims that it bears on")
    published: Words = Field(
        [], description="published figures that it answers to: shuffle.ordered, fps.5, msce.keyframes, ..."
    )
    about: str | None = ABOUT

    @field_validator("decision", mode="before")
    @classmethod
    def _default_decision(cls, value: Any, info: ValidationInfo) -> Any:
        system = info.data.get("system")
        return value or ("reply" if system is not None and system.served else "likelihood")

    @property
    def texts(self) -> str | None:
        """The kind of texts that it shows, if any: motion, static or truth."""
        return choices.contexts()[self.context]


class Comparison(NamedRow):
    """A planned comparison of two conditions; those of a family are corrected together."""

    name: Id = Field(alias="comparison")
    claim: Text | None = Field(None, description="the claim whose margin it is measured by")
    a: Annotated[Condition, RowOf("conditions")]
    b: Annotated[Condition, RowOf("conditions")]
    clips: Annotated[str, OneOf(choices.clip_groups)] = Field("all", description="which clips")
    metric: Annotated[str, OneOf(choices.metrics)]
    test: Literal["difference", "equivalence"] = "difference"
    family: Text = Field("all", description="its p is corrected together with those of the same family")
    about: str | None = ABOUT


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
