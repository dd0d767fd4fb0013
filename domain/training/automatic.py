"""Training without being asked each time: how a model's metadata name the dataset that it follows."""

from collections.abc import Callable, Iterator, Mapping
from itertools import chain, islice
from typing import Any

from domain.errors import PROBLEMS_MAX, FieldProblem, InvalidInput, suggestion
from domain.models.values import ModelType
from domain.naming import has_uuid_shape, valid_name
from domain.training.expectations import shown
from domain.training.hyperparameters.parsing import parse

AUTO_TRAIN = "auto_train"
"""Key of a model's metadata: `{"dataset_id": "<id or name>", "hyperparameters"?: {…}}`."""

_FIELD = f"metadata.{AUTO_TRAIN}"
_DATASET, _HYPERPARAMETERS = "dataset_id", "hyperparameters"


def require_followable(model_type: ModelType, metadata: Mapping[str, Any]) -> None:
    """Accept metadata that follow no dataset, or one that may come, with hyperparameters that there are.

    What is stored already is not held against this: it may be older than the rule.

    Raises:
        InvalidInput: No training could ever begin as they say; the fields are those of the metadata.
    """
    wish = metadata.get(AUTO_TRAIN)
    if wish is None:
        return
    if not isinstance(wish, Mapping):
        message = f'must be {{"{_DATASET}": "<id or name>", "{_HYPERPARAMETERS}": {{…}}}}, is {shown(wish)}.'
        raise InvalidInput.of(_FIELD, message, wish)
    parts = (_unknown(wish), _unfit_dataset(wish.get(_DATASET)), _unfit(model_type, wish.get(_HYPERPARAMETERS)))
    if problems := list(islice(chain.from_iterable(parts), PROBLEMS_MAX)):
        raise InvalidInput(problems)


def _unknown(wish: Mapping[str, Any]) -> Iterator[FieldProblem]:
    known = (_DATASET, _HYPERPARAMETERS)
    for name in wish:
        if name not in known:
            yield _problem(name, f"is no field of {AUTO_TRAIN}.{suggestion(name, known)}", wish[name])


def _unfit_dataset(reference: Any) -> Iterator[FieldProblem]:
    if not isinstance(reference, str):
        yield _problem(_DATASET, f"must be the id or the name of a dataset, is {shown(reference)}.", reference)
    elif not has_uuid_shape(reference):
        yield from _found(lambda: valid_name(reference, field=_DATASET))


def _unfit(model_type: ModelType, hyperparameters: Any) -> Iterator[FieldProblem]:
    if isinstance(hyperparameters, Mapping):
        yield from _found(lambda: parse(model_type, hyperparameters))
    elif hyperparameters is not None:
        yield _problem(_HYPERPARAMETERS, f"must be an object, is {shown(hyperparameters)}.", hyperparameters)


def _found(check: Callable[[], object]) -> Iterator[FieldProblem]:
    """Yield what the check of a part finds, with the fields as they are called in the whole."""
    try:
        check()
    except InvalidInput as unfit:
        for each in unfit.problems:
            yield _problem(each.field, each.message, each.value)


def _problem(field: str, message: str, value: Any) -> FieldProblem:
    return FieldProblem(field=f"{_FIELD}.{field}", message=message, value=value)
