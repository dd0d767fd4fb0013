"""From what a user gave to the settings of a type of model, or to what is wrong with it."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from pydantic import ValidationError

from domain.errors import PROBLEMS_MAX, FieldProblem, InvalidInput, suggestion
from domain.models.values import ModelType
from domain.training.expectations import COLUMN_NAME, expectation, shown
from domain.training.hyperparameters.classification import Classification
from domain.training.hyperparameters.clustering import Clustering
from domain.training.hyperparameters.nlp import Nlp
from domain.training.hyperparameters.regression import Regression
from domain.training.hyperparameters.settings import Hyperparameters
from domain.training.hyperparameters.time_series import TimeSeries

BY_TYPE: Mapping[ModelType, type[Hyperparameters]] = MappingProxyType(
    {
        ModelType.CLASSIFICATION: Classification,
        ModelType.REGRESSION: Regression,
        ModelType.TIME_SERIES: TimeSeries,
        ModelType.NLP: Nlp,
        ModelType.CLUSTERING: Clustering,
    }
)
"""What may be asked of each type of model."""


def parse(model_type: ModelType, given: Mapping[str, Any]) -> Hyperparameters:
    """Return the hyperparameters with aliases resolved, and what they imply and defaults filled in.

    Raises:
        InvalidInput: An unknown name (with the nearest real one), one setting given under two names, a
            wrong type or a value out of range.
    """
    kind = BY_TYPE[model_type]
    settings: dict[str, Any] = {}
    problems: list[FieldProblem] = []
    for name, value in given.items():
        canonical = kind.ALIASES.get(name, name)
        message = None
        if canonical not in kind.model_fields:
            message = _unknown(model_type, name)
        elif canonical in settings:
            message = f"says again what another name for {canonical!r} says: give one."
        if message is None:
            settings[canonical] = value
        else:
            problems.append(FieldProblem(field=f"hyperparameters.{name}", message=message, value=value))
        if len(problems) == PROBLEMS_MAX:
            raise InvalidInput(problems)
    try:
        parsed = kind.model_validate({**kind.implied_by(settings), **settings})
    except ValidationError as error:
        # a field that takes one thing or another has a complaint of each
        complaints = {_place(each): each for each in error.errors(include_url=False)}
        problems += [_problem(kind, each, given) for each in complaints.values()]
        raise InvalidInput(problems) from None
    if problems:
        raise InvalidInput(problems)
    return parsed


def _unknown(model_type: ModelType, name: str) -> str:
    kind = BY_TYPE[model_type]
    if any(other.ALIASES.get(name, name) in other.model_fields for other in BY_TYPE.values()):
        return f"is no hyperparameter of models of type {model_type}."
    return f"is no hyperparameter.{suggestion(name, [*kind.model_fields, *kind.ALIASES])}"


def _place(error: Any) -> tuple[str, tuple[int, ...]]:
    canonical, *rest = error["loc"]
    return canonical, tuple(each for each in rest if isinstance(each, int))


def _problem(kind: type[Hyperparameters], error: Any, given: Mapping[str, Any]) -> FieldProblem:
    canonical, indexes = _place(error)
    name = next(each for each in given if kind.ALIASES.get(each, each) == canonical)
    expected = COLUMN_NAME if indexes else expectation(kind.model_fields[canonical])
    path = f"hyperparameters.{name}" + "".join(f"[{index}]" for index in indexes)
    return FieldProblem(
        field=path, message=f"must be {expected}, is {shown(error['input'])}.", value=error["input"]
    )
