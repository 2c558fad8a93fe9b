"""The configuration of a study, from one file or several (``load.read_config``). Only this module has default values.

A study need not have every part: what is None or empty here may be left out, unless a row of a table or a claim uses it
(``references`` checks that).
"""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, PrivateAttr, Tag, model_validator

from emovlm.study import choices
from emovlm.study.fields import (
    AboveZero,
    Different,
    Id,
    Model,
    NotNegative,
    Number,
    OneOf,
    Positive,
    Sha256,
    Share,
    Text,
    Whole,
    matching,
    problem,
)

SPLITS = ("pretrain", "train", "validation", "test")


class Pathvars(Model):
    """Folders that files are written to; ``<results>`` in a rule is the first."""

    results: Text = "results"
    logs: Text = "results/logs"
    benchmarks: Text = "results/benchmarks"


File = Text
Files = Annotated[list[Text], Field(min_length=1), Different]


def _as_list(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


SINGLE = ("classes", "lexicon", "sources")  # tables of one file each


class Tables(Model):
    """The files of the tables. A table may be several files, whose rows are taken together."""

    datasets: Files = Field(description="what systems are tested and trained on")
    systems: Files = Field(description="models, and how they are trained")
    frame_samplers: Files = Field(description="which frames of a clip are shown")
    conditions: Files = Field(description="what is asked: system x dataset x frames x context")
    classes: File = Field(description="what models choose from, and what datasets call it")
    lexicon: File | None = Field(
        None, description="words for the classes, counted and read in replies; without it, those of the package"
    )
    training_samplers: Files | None = Field(None, description="how often training draws each class")
    caption_variants: Files | None = Field(None, description="captions that organisms are pretrained on")
    comparisons: Files | None = Field(None, description="planned comparisons of two conditions")
    slopes: Files | None = Field(None, description="planned slopes of recall on how often words were read")
    sources: File | None = Field(None, description="where word counts come from")
    claims: Files | None = Field(None, description="claims that are tested, in YAML")

    @model_validator(mode="before")
    @classmethod
    def _lists(cls, values: Any) -> Any:
        if not isinstance(values, Mapping):
            return values
        return {key: value if key in SINGLE else _as_list(value) for key, value in values.items()}

    def files(self, table: str) -> list[str]:
        """The files of a table, none if the study does not have it."""
        return _as_list(getattr(self, table)) or []


class Split(Model):
    """One split of a rendered dataset."""

    clips: Positive
    per_class: Literal["natural", "equal"] = Field(description="class sizes like MAFW's, or all equal")
    fps: AboveZero = Field(description="frames a second")
    identities: Positive = Field(description="people")


class Corpus(Model):
    """What a rendered dataset consists of."""

    pretrain: Split | None = None
    train: Split | None = None
    validation: Split | None = None
    test: Split | None = None
    micro_share: Share = Field(0, description="share of clips with a micro-expression")
    order_share: Share = Field(0, description="share of clips in which another expression gives way to the label's")

    @property
    def splits(self) -> dict[str, Split]:
        """The splits that the dataset has, by name."""
        return {name: split for name in SPLITS if (split := getattr(self, name)) is not None}


class Synface(Model):
    """Rendered data."""

    image_size: Annotated[int, Field(ge=32, multiple_of=2)] = Field(112, description="px, side of a square frame")
    supersampling: Positive = Field(1, description="rendered pixels per side of an output pixel")
    crf: Annotated[int, Field(ge=0, le=51)] = Field(20, description="H.264 quality of the clips, lower is better")
    corpora: dict[Id, Corpus] = Field(description="what each dataset of kind synface consists of, by its id")


class Frames(Model):
    """How clips are decoded."""

    size: Annotated[int, Field(ge=32, multiple_of=32)] = Field(224, description="px, side of the stored square frames")
    timeout_s: AboveZero = Field(60, description="a clip that takes longer to decode counts as failed")
    memory_gb: AboveZero = Field(4, description="a clip that takes more memory (10^9 bytes) counts as failed")


class WordFrequency(Model):
    """The estimate of word frequency that claims about words use."""

    primary_source: Text = Field(description="a source of English counts")
    primary_form: Annotated[str, OneOf(choices.forms)] = Field("family", description="which terms of a class count")


class Tower(Model):
    """The organism's vision tower, a network of timm."""

    architecture: Text
    channels: Positive
    arguments: dict[str, Any] = Field({}, description="of timm.create_model")
    epochs: Positive
    batch: Positive
    learning_rate: AboveZero


class Captions(Model):
    """The captions that the organism learns language from."""

    samples_per_clip: Positive
    frames_at_most: Annotated[int, Field(ge=2)]
    naming: Annotated[Number, Field(gt=0, le=1)] = Field(
        description="share of the commonest emotion's captions that name it, where a variant says nothing"
    )


class Language(Model):
    """The organism's language model."""

    hidden_size: Positive
    layers: Positive
    heads: Positive
    epochs: Positive
    batch: Positive
    learning_rate: AboveZero


class Organism(Model):
    """The small vision-language model that is pretrained here."""

    dataset: Text = Field(description="the rendered dataset that it is pretrained on")
    tower: Tower
    towers: Positive = Field(
        1, description="how often the tower is trained; training runs of other systems take turns with them"
    )
    captions: Captions
    language: Language


class Recipe(Model):
    """How a system is fine-tuned. Its name is its key in ``recipes``, or ``lora`` or ``classifier``."""

    sampler: Text = Field(description="frame sampler of the frames shown in training")
    draws: Positive = Field(description="clips drawn in all")
    batch: Positive
    learning_rate: AboveZero
    _name: str = PrivateAttr("")

    @property
    def name(self) -> str:
        """Its key in the config."""
        return self._name


class LoraRecipe(Recipe):
    """Fine-tuning a vision-language model by LoRA."""

    rank: Positive
    save_every: Positive | None = Field(
        None, description="steps after which a training that is killed goes on, of families with weights from outside"
    )


class ClassifierRecipe(Recipe):
    """Training a temporal classifier on the features of the organism's tower."""

    frames: Positive
    hidden_size: Positive
    layers: Positive
    heads: Positive
    dropout: Share


class DferRecipe(Recipe):
    """Fine-tuning MAE-DFER or HiCMAE."""

    crop: Annotated[Number, Field(gt=0, le=1)] = Field(description="share of a frame that a random crop keeps at least")
    mixup: NotNegative = Field(description="of the Beta distribution; 0 for none")
    dimensions: dict[str, Any] | None = Field(None, description="of a network of another size than the official one")


RECIPES = {"lora": LoraRecipe, "classifier": ClassifierRecipe, "dfer": DferRecipe}
"""The recipe that each kind of training takes."""


def _kind_of_recipe(value: Any) -> str:
    """The kind of a recipe by the keys that only it has."""
    if isinstance(value, Recipe):
        return next(f"<{kind}>" for kind, model in RECIPES.items() if isinstance(value, model))
    own = {kind: set(model.model_fields) - set(Recipe.model_fields) for kind, model in RECIPES.items()}
    keys = set(value) if isinstance(value, Mapping) else set()
    return f"<{max(own, key=lambda kind: len(own[kind] & keys))}>"


AnyRecipe = Annotated[
    Annotated[LoraRecipe, Tag("<lora>")]
    | Annotated[ClassifierRecipe, Tag("<classifier>")]
    | Annotated[DferRecipe, Tag("<dfer>")],
    Discriminator(_kind_of_recipe),
]


class Prompts(Model):
    """The files of what systems are asked; ``{classes}`` in a prompt stands for the class names."""

    classify: File = Field(description="which emotion a clip shows")
    describe: File | None = Field(None, description="what a keyframe shows, for contexts with texts about it")
    motion: File | None = Field(None, description="what happens between keyframes, for contexts with texts about it")
    _name: str = PrivateAttr("default")

    @property
    def name(self) -> str:
        """Its key in ``prompt_sets``; ``default`` of the config's own prompts."""
        return self._name

    @property
    def files(self) -> dict[str, str]:
        """The files by key, those that there are."""
        return self.told()


class Enrichment(Model):
    """Texts that are shown between keyframes."""

    sampler: Text = Field(description="frame sampler, of kind between, of the frames that a text is about")
    keyframes: Text = Field(description="frame sampler, of kind keyframes, of the frames that texts stand between")
    max_new_tokens: Positive = Field(64, description="of one text")


class Evaluation(Model):
    """How systems are asked."""

    max_new_tokens: Positive = Field(16, description="of the free reply; scores come from the labels' likelihoods")


class Budget(Model):
    """The most that one API system may use; at least one limit is needed."""

    requests: Positive | None = None
    tokens: Positive | None = None
    usd: AboveZero | None = Field(None, description="needs both prices")
    usd_per_million_prompt: NotNegative | None = None
    usd_per_million_reply: NotNegative | None = None

    @model_validator(mode="after")
    def _complete(self) -> "Budget":
        if self.requests is self.tokens is self.usd is None:
            raise problem("there is no limit; write at least one of requests, tokens, usd")
        for price in ("usd_per_million_prompt", "usd_per_million_reply"):
            if self.usd is not None and getattr(self, price) is None:
                raise problem("the key is missing, but a limit in usd needs it", price)
        return self


class Access(Model):
    """How an API system is reached; nothing here changes an answer."""

    key_variable: matching("[A-Z][A-Z0-9_]*", "the name of an environment variable") | None = Field(
        None, description="environment variable with the key"
    )
    base_url: matching("https?://.*", "an address that begins with http:// or https://") | None = Field(
        None, description="of the server; without it, the client's own"
    )
    requests_per_minute: AboveZero
    tokens_per_request: Positive = Field(description="the most that one is expected to take")
    timeout_s: AboveZero = 120
    attempts: Positive = Field(5, description="at one request, before its clip is left for the next run")
    budget: Budget


class Statistics(Model):
    """How uncertainty is estimated."""

    resamples: Positive = Field(2000, description="of bootstraps, and of permutations of words and sources")
    flips: Positive = Field(20000, description="random sign flips of people, where a test of a difference is not exact")
    confidence: Literal[0.95] = Field(0.95, description="figures and text say 95% intervals")
    tail: list[Text] = Field([], description="the rarest classes, for metrics that are about them")


class Paper(Model):
    """The PDF."""

    source: File = Field("paper/report.typ", description="what it is set from, with the files that it imports")


class Config(Model):
    """The config of a study."""

    study: Id = Field(description="name of the study")
    seed: Whole = Field(1, description="of all random draws")
    replicates: Positive = Field(1, description="training runs of every system but the tower, each from its own seed")
    permuted_labels: Annotated[list[Literal["pretrain", "train"]], Different] = Field(
        [], description="splits whose labels are permuted, as a negative control"
    )
    pathvars: Pathvars = Pathvars()
    tables: Tables
    synface: Synface | None = None
    frames: Frames = Frames()
    lexicon: WordFrequency | None = None
    published: bool = Field(
        False, description="whether the paper's published figures (resources/published) are analysed beside its own"
    )
    plugins: Annotated[list[File], Different] = Field(
        [], description="Python files of the study that add metrics, figures, kinds of claims and the like"
    )
    organism: Organism | None = None
    lora: LoraRecipe | None = None
    classifier: ClassifierRecipe | None = None
    recipes: dict[Id, AnyRecipe] = Field({}, description="other ways to fine-tune, for systems whose row names one")
    prompts: Prompts
    prompt_sets: dict[Id, Prompts] = Field({}, description="other prompts, for systems whose row names a set")
    enrichment: Enrichment | None = None
    evaluation: Evaluation = Evaluation()
    statistics: Statistics = Statistics()
    paper: Paper = Paper()
    allow_remote_code: dict[str, Sha256] = Field(
        {},
        description="systems of the family remote, each with the SHA-256 of the code that came with its weights and "
        "may run (docs/how-to/adding-a-system.md)",
    )
    api: dict[str, Access] = Field({}, description="how each system of kind api is reached")

    @model_validator(mode="after")
    def _name_parts(self) -> "Config":
        own = {name: recipe for name in ("lora", "classifier") if (recipe := getattr(self, name)) is not None}
        for key, reserved in (("recipes", ("lora", "classifier")), ("prompt_sets", ("default",))):
            if taken := [name for name in getattr(self, key) if name in reserved]:
                raise problem("this name has another meaning; choose another", key, taken[0])
        for name, part in (self.recipes | own | self.prompt_sets).items():
            part._name = name
        return self

    @property
    def all_recipes(self) -> dict[str, Recipe]:
        """The recipes by the key under which an error can name them."""
        own = {name: recipe for name in ("lora", "classifier") if (recipe := getattr(self, name)) is not None}
        return own | {f"recipes.{name}": recipe for name, recipe in self.recipes.items()}

    @property
    def all_prompts(self) -> dict[str, Prompts]:
        """The sets of prompts by the key under which an error can name them."""
        return {"prompts": self.prompts} | {f"prompt_sets.{name}": each for name, each in self.prompt_sets.items()}
