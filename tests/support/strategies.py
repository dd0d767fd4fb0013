"""Hypothesis strategies: values of any model of the domain, and what JSON can hold."""

import math
from collections.abc import Callable, Mapping
from datetime import UTC
from functools import partial
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from hypothesis import strategies as st
from pydantic import AwareDatetime, BaseModel

from domain.training.hyperparameters.parsing import BY_TYPE
from domain.training.values import TrainingPlan

finite_floats = st.floats(allow_nan=False, allow_infinity=False)
integers_of_64_bits = st.integers(min_value=-(2**63), max_value=2**63 - 1)
utc_datetimes = st.datetimes(timezones=st.just(UTC))

json_values: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | integers_of_64_bits | finite_floats | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
json_objects = st.dictionaries(st.text(), json_values, max_size=4)

_SCALARS: Mapping[Any, st.SearchStrategy[Any]] = {
    Any: json_values,
    str: st.text(),
    int: integers_of_64_bits,
    float: finite_floats,
    AwareDatetime: utc_datetimes,
}

_CONTAINERS: Mapping[Any, Callable[..., st.SearchStrategy[Any]]] = {
    dict: partial(st.dictionaries, max_size=4),
    Mapping: partial(st.dictionaries, max_size=4),
    list: partial(st.lists, max_size=3),
    tuple: lambda inner: st.lists(inner, max_size=3).map(tuple),
}


def instances(model: type[BaseModel]) -> st.SearchStrategy[Any]:
    """Return values of a pydantic model, every field within its constraints."""
    fields = {name: _field(each.annotation, each.metadata) for name, each in model.model_fields.items()}
    if model is TrainingPlan:
        return st.one_of(
            st.builds(
                model, **{**fields, "model_type": st.just(model_type), "hyperparameters": instances(settings)}
            )
            for model_type, settings in BY_TYPE.items()
        )
    return st.builds(model, **fields)


def _field(annotation: Any, constraints: list[Any]) -> st.SearchStrategy[Any]:
    if not constraints:
        return _values(annotation)
    constrained: Any = Annotated[(annotation, *constraints)]
    if annotation is float:
        return st.from_type(constrained).filter(math.isfinite)
    if get_origin(annotation) in {Union, UnionType}:
        return st.one_of(
            [_field(each, [] if each is type(None) else constraints) for each in get_args(annotation)]
        )
    if get_origin(annotation) is list:
        min_size = max((getattr(each, "min_length", 0) for each in constraints), default=0)
        return st.lists(_values(get_args(annotation)[0]), min_size=min_size, max_size=3)
    return st.from_type(constrained)


def _values(annotation: Any) -> st.SearchStrategy[Any]:
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        # pydantic's own description holds the constraints that it was given
        given = (getattr(each, "metadata", [each]) for each in annotation.__metadata__)
        return _field(arguments[0], [each for several in given for each in several])
    if origin in {Union, UnionType}:
        return st.one_of([_values(each) for each in arguments])
    inner = [_values(each) for each in arguments if each is not Ellipsis]
    if origin in _CONTAINERS:
        return _CONTAINERS[origin](*inner)
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return instances(annotation)
    return _SCALARS[annotation] if annotation in _SCALARS else st.from_type(annotation)
