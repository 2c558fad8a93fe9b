"""The values that the tables and the config may name, from the code that implements them.

Each is imported when a value is checked, so that reading a small study stays quick.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from emovlm.models.hub_classifier.labels import CLASSIFIERS
from emovlm.models.vlm.families import FAMILIES, REMOTE


def dataset_kinds() -> Sequence[str]:
    """How the folder of a dataset may be laid out."""
    from emovlm.datasets.registry import DATASET_KINDS

    return list(DATASET_KINDS)


def frame_sampler_kinds() -> Mapping[str, tuple[str, ...]]:
    """The kinds of frame samplers, each with the columns that it needs."""
    from emovlm.sampling.frame_samplers import SAMPLERS

    return {name: kind.needs for name, kind in SAMPLERS.items()}


def training_sampler_kinds() -> Mapping[str, tuple[str, ...]]:
    """The kinds of training samplers, each with the columns that it needs."""
    from emovlm.sampling.training_samplers import TRAINING_SAMPLERS

    return {name: kind.needs for name, kind in TRAINING_SAMPLERS.items()}


def contexts() -> Mapping[str, str | None]:
    """What a condition may show beside the frames, each with the kind of texts that it needs."""
    from emovlm.evaluation.contexts import CONTEXTS

    return {name: context.texts for name, context in CONTEXTS.items()}


def decisions() -> Sequence[str]:
    """How scores may become an answer."""
    from emovlm.evaluation.decisions import DECISIONS

    return list(DECISIONS)


def clip_groups() -> Sequence[str]:
    """Which clips a comparison may be about."""
    from emovlm.statistics.counts import ALL, FLAGS

    return [ALL, *FLAGS]


def metrics() -> Sequence[str]:
    """The metrics that a comparison may be of."""
    from emovlm.statistics.metrics import METRICS

    return [name for name, metric in METRICS.items() if metric.comparable]


def all_metrics() -> Sequence[str]:
    """The metrics."""
    from emovlm.statistics.metrics import METRICS

    return list(METRICS)


def languages() -> Sequence[str]:
    """The languages whose words are counted."""
    from emovlm.lexicon.terms import LANGUAGES

    return LANGUAGES


def forms() -> Sequence[str]:
    """Which terms of a class an estimate of word frequency may add up."""
    from emovlm.lexicon.terms import FORMS

    return FORMS


def source_kinds() -> Mapping[str, Any]:
    """The kinds of sources of word counts, each with the columns that it needs and those that it may have."""
    from emovlm.frequency.sources import SOURCES

    return SOURCES


def families(kind: str) -> Sequence[str]:
    """The families of one kind of system."""
    if kind == "api":
        from emovlm.models.api.protocols import CLIENTS

        return list(CLIENTS)
    if kind == "vision":
        from emovlm.models.architectures import DFER

        return [*DFER, *CLASSIFIERS]
    return [*FAMILIES, REMOTE]


def any_size(family: str | None) -> bool:
    """Whether a vision-language model of a family takes frames of any size."""
    return family == REMOTE or (family in FAMILIES and FAMILIES[family].any_size)


def claim_kinds() -> Mapping[str, Any]:
    """How a claim may be judged: the kinds of claims."""
    from emovlm.statistics.verdicts import CLAIM_KINDS

    return CLAIM_KINDS
