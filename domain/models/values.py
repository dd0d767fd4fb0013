"""The words of the registry."""

import re
from enum import StrEnum

from domain.errors import InvalidInput
from domain.kernel import Immutable
from domain.naming import valid_name


class ModelType(StrEnum):
    """What kind of question a model answers."""

    CLASSIFICATION = "classification"
    REGRESSION = "regression"
    CLUSTERING = "clustering"
    TIME_SERIES = "time_series"
    NLP = "nlp"


class ModelStatus(StrEnum):
    """Where a version stands in its life."""

    STAGING = "staging"
    PRODUCTION = "production"
    ARCHIVED = "archived"
    DEPRECATED = "deprecated"


STATUS_MOVES: dict[ModelStatus, frozenset[ModelStatus]] = {
    ModelStatus.STAGING: frozenset({ModelStatus.PRODUCTION, ModelStatus.ARCHIVED}),
    ModelStatus.PRODUCTION: frozenset({ModelStatus.ARCHIVED, ModelStatus.DEPRECATED}),
    ModelStatus.DEPRECATED: frozenset({ModelStatus.PRODUCTION, ModelStatus.ARCHIVED}),
    ModelStatus.ARCHIVED: frozenset({ModelStatus.PRODUCTION, ModelStatus.STAGING}),
}
"""From each status, the ones it may move to; archived → production is a rollback."""


class Difference(Immutable):
    """Where two trainings of one plan gave something else.

    Attributes:
        what: A dotted path (`parts.trees`, `environment.lightgbm`).
        expected: What the version has; None where it has no such thing.
        actual: What came out now; None where no such thing did.
    """

    what: str
    expected: str | None
    actual: str | None


class Reproduction(Immutable):
    """What came of training a version again.

    Attributes:
        reproduced: Whether it predicts by the very same bytes and settings.
        differences: All that differs; of what was reproduced, that which predictions are not made of.
    """

    reproduced: bool
    differences: tuple[Difference, ...]


PRODUCTION_ALIAS = "production"
"""Stands for the version in production wherever a version is named; nobody may assign it."""

_NUMBER = re.compile(r"(?i)v?\d+(\.\d+)*([-+.].*)?")
"""`1.4.0`, `2.0.0-rc.1`, `v7`: numbers look like this and aliases never do, so neither hides the other."""


def version_number(minor: int) -> str:
    """Return the number of the version that training registers as the model's `minor`-th, counted from 0."""
    return f"1.{minor}.0"


def valid_number(number: str) -> str:
    """Return the version number in Unicode normal form C.

    Raises:
        InvalidInput: Not a possible name, or one that does not look like a version number.
    """
    normal = valid_name(number, field="version")
    if _NUMBER.fullmatch(normal) is None:
        raise InvalidInput.of("version", "A version number looks like '1.4.0' or '2.0.0-rc.1'.", number)
    return normal


def valid_alias(alias: str) -> str:
    """Return the alias in Unicode normal form C.

    Raises:
        InvalidInput: Not a possible name, or one that could be taken for a version number, an id, or
            the version in production.
    """
    normal = valid_name(alias, field="alias")
    if normal == PRODUCTION_ALIAS:
        message = "'production' always means the version in production: promote a version instead."
        raise InvalidInput.of("alias", message, alias)
    if _NUMBER.fullmatch(normal) is not None:
        raise InvalidInput.of("alias", "An alias may not look like a version number.", alias)
    return normal
