"""What must fit together in a study, beyond the cells of one row. A part of the config is needed where it is used."""

from collections.abc import Iterator
from pathlib import Path

from emovlm.core.errors import StudyError
from emovlm.evaluation.fits import misfits
from emovlm.lexicon.terms import FAMILY, counted, of_form
from emovlm.models.architectures import DFER
from emovlm.models.hub_classifier.labels import read_label_map
from emovlm.statistics.metrics import METRICS, NEUTRAL
from emovlm.statistics.verdicts import CLAIM_KINDS
from emovlm.study.conditions import Comparison, Condition
from emovlm.study.config import RECIPES, Paper
from emovlm.study.fields import meant
from emovlm.study.slopes import Slope
from emovlm.study.study import Study
from emovlm.study.systems import System

BASES = {"lora": "vlm", "classifier": "vision", "dfer": "vision"}
"""The kind of system that each kind of fine-tuning begins from."""


def check_references(study: Study) -> None:
    """Check a study whose rows are valid each by itself.

    Raises:
        StudyError: for the first thing that does not fit.
    """
    for problem in _problems(study):
        raise StudyError(problem)


def _problems(study: Study) -> Iterator[str]:
    for dataset in study.datasets.values():
        if dataset.subset is not None and not Path(dataset.subset).is_file():
            yield f"{dataset.cell('subset')}: no such file: {dataset.subset}"
    for system in study.systems.values():
        yield from _of_system(study, system)
    for condition in study.conditions.values():
        yield from _of_condition(study, condition)
    for comparison in study.comparisons.values():
        yield from _of_comparison(study, comparison)
    for slope in study.slopes.values():
        yield from _of_claim_named(study, slope)
    yield from _of_config(study)
    yield from _of_words(study)
    yield from _of_claims(study)


def _of_system(study: Study, system: System) -> Iterator[str]:
    if system.base is not None:
        needed, base = BASES.get(system.training, system.base.kind), system.base
        if base.kind != needed:
            yield f"{system.cell('base')}: {base.name} is no {needed} system"
        if base.kind == "vision" and base.weights:
            yield f"{system.cell('base')}: {base.name} is a finished classifier; it is not trained here"
        if base.family == "remote":
            yield f"{system.cell('base')}: {base.name} runs code of its own; it is not trained here"
    if system.training in ("tower", "pretrain", "classifier") and study.config.organism is None:
        yield f"{system.cell('training')}: {system.training} needs the config key organism, which is not there"
    for prompt in ("describe", "motion"):
        if system.training == "pretrain" and getattr(study.config.prompts, prompt) is None:
            yield f"{system.cell('training')}: pretrain needs the config key prompts.{prompt}, which is not there"
    if system.training in RECIPES:
        if system.recipe is None:
            yield f"{system.cell('recipe')}: the config has no key {system.training}; write it, or name a recipe here"
        elif not isinstance(system.recipe, RECIPES[system.training]):
            yield f"{system.cell('recipe')}: {system.recipe.name} is no recipe for training {system.training}"
    if system.label_map is not None:
        read_label_map(system.label_map, system.cell("label_map"))
    if system.served and system.name not in study.config.api:
        yield f"{system.cell('kind')}: config key api has no {system.name}; see docs/how-to/api-systems.md"


def _of_condition(study: Study, condition: Condition) -> Iterator[str]:
    system, dataset, cell = condition.system, condition.dataset, condition.cell
    bare = system.from_outside and system.family in DFER and system.dataset is None
    if system.training == "tower" or bare:
        yield f"{cell('system')}: {system.name} is only a part of other systems"
    if condition.decision == "logit-adjusted" and system.training == "none":
        yield f"{cell('decision')}: {system.name} was not trained here, on no labels"
    if not system.scores and condition.decision != "reply":
        yield (
            f"{cell('decision')}: {system.name} is served through an API, which gives no likelihoods for "
            f"{condition.decision}; only its reply can decide: write reply"
        )
    vision, context, decision = system.kind == "vision", condition.context, condition.decision
    for column, says in misfits(system.name, vision, condition.frames.kind, context, decision):
        yield f"{cell(column)}: {says}"
    if condition.decision == "calibrated" and system.missing_labels == "allow":
        yield (
            f"{cell('decision')}: {system.name} has no scores of its own for missing labels, which calibration needs; "
            "write likelihood"
        )
    if system.folds != [0] and dataset is not system.dataset:
        yield (
            f"{cell('dataset')}: {system.name} has a model for each fold of {system.dataset.name}, and {dataset.name} "
            "has not these folds"
        )
    if condition.texts:
        yield from _of_texts(study, condition)
    if condition.published and system.published is None:
        yield f"{cell('published')}: {system.name} has no name in its column published, so no published figure is of it"
    if condition.published and not study.config.published:
        yield f"{cell('published')}: published figures stand in the study only with the config key published: true"


def _of_texts(study: Study, condition: Condition) -> Iterator[str]:
    """A condition that shows texts between keyframes."""
    context, cell = condition.context, condition.cell
    if condition.texts == "truth" and not condition.dataset.rendered:
        yield f"{cell('context')}: only rendered datasets have a truth"
    if study.config.enrichment is None:
        yield f"{cell('context')}: {context} needs the config key enrichment, which is not there"
    prompt = {"motion": "motion", "static": "describe"}.get(condition.texts)
    if prompt and getattr(condition.system.prompts, prompt) is None:
        prompts = condition.system.prompts.name
        key = "prompts" if prompts == "default" else f"prompt_sets.{prompts}"
        yield f"{cell('context')}: {context} needs the config key {key}.{prompt}, which is not there"


def _of_comparison(study: Study, comparison: Comparison) -> Iterator[str]:
    a, cell = comparison.a, comparison.cell
    for side in ("b", "minus_a", "minus_b"):
        other = getattr(comparison, side)
        if other is not None and other.dataset is not a.dataset:
            on = f"{other.name} is on {other.dataset.name} and {a.name} on {a.dataset.name}"
            yield f"{cell(side)}: {on}; their clips cannot be paired"
    if comparison.clips != "all" and not a.dataset.rendered:
        yield f"{cell('clips')}: only clips of rendered datasets are known to be {comparison.clips}; write all"
    yield from _of_claim_named(study, comparison)
    if comparison.test == "equivalence" and comparison.claim not in study.claims.claims:
        yield f"{cell('claim')}: an equivalence test needs a claim, whose margin says what is equivalent"
    about = METRICS[comparison.metric].of
    if about == "tail" and not study.config.statistics.tail:
        yield f"{cell('metric')}: {comparison.metric} needs the config key statistics.tail, the rarest classes"
    if about == "neutral" and NEUTRAL not in a.dataset.classes:
        yield f"{cell('metric')}: {comparison.metric} needs a class neutral, which {a.dataset.name} has not"


def _of_claim_named(study: Study, planned: Comparison | Slope) -> Iterator[str]:
    claims, name = list(study.claims.claims), planned.claim
    if claims and name is not None and name not in claims:
        yield f"{planned.cell('claim')}: unknown claim {name!r}. {meant(name, claims)}There are {', '.join(claims)}"


def _of_config(study: Study) -> Iterator[str]:
    config, key = study.config, "config, key {}".format
    for name in config.allow_remote_code:
        if name in study.systems and study.systems[name].family != "remote":
            yield f"{key('allow_remote_code')}: {name} runs no code but this study's"
    if config.organism is not None:
        where, name = key("organism.dataset"), config.organism.dataset
        yield from _unknown(study, "dataset", name, where)
        if not study.datasets[name].rendered:
            yield f"{where}: {name} is not rendered, so that nobody knows what moves in its faces"
    for name, recipe in config.all_recipes.items():
        yield from _unknown(study, "frame_sampler", recipe.sampler, key(f"{name}.sampler"))
    if config.enrichment is not None:
        for role, kind in (("sampler", "between"), ("keyframes", "keyframes")):
            where, name = key(f"enrichment.{role}"), getattr(config.enrichment, role)
            yield from _unknown(study, "frame_sampler", name, where)
            if (found := study.frame_samplers[name].kind) != kind:
                yield f"{where}: {name} is of kind {found}, not {kind}"
    folded = [dataset.name for dataset in study.tested if dataset.folds]
    if config.permuted_labels and folded:  # models of folds learn from test clips of other folds
        yield f"{key('permuted_labels')}: not for datasets with folds, as {folded[0]} is"
    if unknown := sorted(set(config.statistics.tail) - set(study.classes)):
        yield f"{key('statistics.tail')}: not in {config.tables.classes}: {', '.join(unknown)}"
    if config.paper != Paper() and not Path(config.paper.source).is_file():
        yield f"{key('paper.source')}: no such file: {config.paper.source}"
    for name, prompts in config.all_prompts.items():
        for prompt, file in prompts.files.items():
            if not Path(file).is_file():
                yield f"{key(f'{name}.{prompt}')}: no such file: {file}"


def _unknown(study: Study, table: str, name: str, where: str) -> Iterator[str]:
    names = list(getattr(study, f"{table}s"))
    if name not in names:
        files = ", ".join(study.config.tables.files(f"{table}s"))
        yield (
            f"{where}: unknown {table.replace('_', ' ')} {name!r}. {meant(name, names)}{files or 'the study'} has "
            f"{', '.join(names) or 'none'}"
        )


def _of_words(study: Study) -> Iterator[str]:
    """Word frequency, where it is used: captions of the pretraining follow it, and so do claims about words."""
    words, lexicon = study.config.lexicon, study.config.tables.lexicon or "the package's lexicon"
    files = " and ".join(study.config.tables.files("claims"))
    pretrained = [system for system in study.systems.values() if system.training == "pretrain"]
    users = [f"{system.cell('training')}: pretrain" for system in pretrained]
    users += [
        f"{files}, claim {name}, key kind: {claim.kind}"
        for name, claim in study.claims.claims.items()
        if {"correlations", "contrasts", "slopes"} & set(CLAIM_KINDS[claim.kind].tables)
    ]
    users += [f"{slope.cell('kind')}: across" for slope in study.slopes.values() if slope.kind == "across"]
    if words is None:
        if users:
            yield f"{users[0]} needs the config key lexicon.primary_source, which is not there"
        return
    english = [row.source for row in study.sources if row.language == "en"]
    if words.primary_source not in english:
        where = study.config.tables.sources or "no table of sources"
        yield f"config, key lexicon.primary_source: {where} has no {words.primary_source} for en"
    ids = [(row.source, row.language) for row in study.sources]
    if doubled := next((each for each in ids if ids.count(each) > 1), None):
        yield f"{study.config.tables.sources}: two rows for the source {' in '.join(doubled)}"
    for language in sorted({row.language for row in study.sources}):
        form = words.primary_form if language == "en" else FAMILY
        named = {term.emotion for term in of_form(counted(study.terms), form) if term.language == language}
        for row in study.class_rows:
            if row.name not in named:
                what = f"no term in {language} names it" + (f" (form {form})" if form != FAMILY else "")
                yield f"{row.cell('emotion')}: {what}, but word frequency is counted; add one to {lexicon}, role name"


def _of_claims(study: Study) -> Iterator[str]:
    files = " and ".join(study.config.tables.files("claims"))
    for name, claim in study.claims.claims.items():
        tables = CLAIM_KINDS[claim.kind].tables
        if "event_coverage" in tables and not any(dataset.rendered for dataset in study.tested):
            yield f"{files}, claim {name}, key kind: {claim.kind} needs a rendered dataset that a condition is about"
        for number, item in enumerate(getattr(claim, "evidence", []), start=1):
            if getattr(item, "expect", "") != "equal":
                continue
            asked, tested = item.margin or claim.margin, study.margin_of(item.comparison)
            if asked != tested:
                yield (
                    f"{files}, claim {name}, key evidence, item {number}: {item.comparison.name} is tested within "
                    f"{tested}, the margin of {item.comparison.claim}, and not within {asked}; give both one margin"
                )
