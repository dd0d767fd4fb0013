"""Does an instance have the features that a version was trained on? And as which numbers, texts and lists?"""

import math
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from domain.errors import FieldProblem, suggestion
from domain.inference.errors import NonConformingInstance
from domain.inference.instants import seconds_of
from domain.inference.values import OBJECTS, Feature, FeatureType

WANTED: Mapping[FeatureType, str] = MappingProxyType(
    {
        FeatureType.NUMERIC: "a number or null",
        FeatureType.BOOLEAN: "true, false or null",
        FeatureType.CATEGORICAL: "text or null",
        FeatureType.DATETIME: "a date or time in ISO 8601 or null",
        FeatureType.TEXT: "text or null",
        FeatureType.NESTED: "a list, an object or null",
    }
)
NOT_FINITE = "must be a finite number or null."


class Schema:
    """The features of one version, ready to turn instances into rows.

    Attributes:
        names: Of the features, in their order.
        objects: The places of those that no number stands for.
    """

    def __init__(self, features: Sequence[Feature]) -> None:
        self.features = tuple(features)
        self.names = tuple(feature.name for feature in self.features)
        self.objects = frozenset(place for place, each in enumerate(self.features) if each.type in OBJECTS)
        self._known = frozenset(self.names)
        self._unsaid = {each.name: None for each in self.features if each.is_optional}
        self._readers = tuple((feature.name, _reader(feature)) for feature in self.features)

    def conform(self, instances: Sequence[Mapping[str, Any]]) -> list[list[Any]]:
        """Return one row per instance, in the order of the features.

        It has a number for each feature, NaN where a value is missing; of what no number stands for, the value
        itself, or None.

        Raises:
            NonConformingInstance: A feature is unknown (with the nearest), absent, or of a wrong type.
        """
        known = self._known
        readers = self._readers
        unsaid = self._unsaid
        rows: list[list[Any]] = []
        for instance in instances:
            try:
                whole = {**unsaid, **instance} if unsaid else instance
                row = [read(whole[name]) for name, read in readers]
            except (KeyError, TypeError, ValueError, OverflowError):
                raise NonConformingInstance(self._problems(instances)) from None
            if len(whole) != len(known):
                raise NonConformingInstance(self._problems(instances))
            rows.append(row)
        return rows

    def misnamed(self, names: Collection[str]) -> Iterator[tuple[str, str]]:
        """Yield each name that is no feature, and each that must be among them and is not, with what is wrong."""
        absent = [name for name in self.names if name not in names and name not in self._unsaid]
        for name in names:
            if name not in self._known:
                yield name, f"is no feature of this version.{suggestion(name, absent or self.names)}"
        for name in absent:
            yield name, "is missing; send null when its value is not known."

    def _problems(self, instances: Sequence[object]) -> Iterator[FieldProblem]:
        for index, instance in enumerate(instances):
            path = f"features[{index}]"
            if isinstance(instance, Mapping):
                yield from self._problems_of(path, instance)
            else:
                message = f"must be an object of features, is {_kind(instance)}."
                yield FieldProblem(field=path, message=message, value=instance)

    def _problems_of(self, path: str, instance: Mapping[str, Any]) -> Iterator[FieldProblem]:
        for name, message in self.misnamed(instance):
            yield FieldProblem(field=f"{path}.{name}", message=message, value=instance.get(name))
        for name, read in self._readers:
            if name in instance:
                try:
                    read(instance[name])
                except (TypeError, ValueError, OverflowError) as error:
                    yield FieldProblem(field=f"{path}.{name}", message=str(error), value=instance[name])


def _reader(feature: Feature) -> Callable[[Any], Any]:
    if feature.type is not FeatureType.CATEGORICAL:
        return _READERS[feature.type]
    codes = {category: float(code) for code, category in enumerate(feature.categories or ())}

    def category(value: Any) -> float:
        if value is None:
            return math.nan
        if not isinstance(value, str):
            msg = f"must be {WANTED[FeatureType.CATEGORICAL]}, is {_kind(value)}."
            raise TypeError(msg)
        return codes.get(value, math.nan)

    return category


def _number(value: Any) -> float:
    if value is None:
        return math.nan
    if type(value) is float:
        if math.isinf(value):
            raise ValueError(NOT_FINITE)
        return value
    if type(value) is not int:
        msg = f"must be {WANTED[FeatureType.NUMERIC]}, is {_kind(value)}."
        raise TypeError(msg)
    try:
        return float(value)
    except OverflowError:
        msg = "is too large for a number."
        raise OverflowError(msg) from None


def _boolean(value: Any) -> float:
    if value is None:
        return math.nan
    if not isinstance(value, bool):
        msg = f"must be {WANTED[FeatureType.BOOLEAN]}, is {_kind(value)}."
        raise TypeError(msg)
    return 1.0 if value else 0.0


def _instant(value: Any) -> float:
    if value is None:
        return math.nan
    if not isinstance(value, str):
        msg = f"must be {WANTED[FeatureType.DATETIME]}, is {_kind(value)}."
        raise TypeError(msg)
    try:
        return seconds_of(value)
    except ValueError:
        msg = f"must be {WANTED[FeatureType.DATETIME]}, as '2026-03-01' or '2026-03-01T12:30:00Z'."
        raise ValueError(msg) from None


def _text(value: Any) -> str | None:
    if value is not None and not isinstance(value, str):
        msg = f"must be {WANTED[FeatureType.TEXT]}, is {_kind(value)}."
        raise TypeError(msg)
    return value


def _nested(value: Any) -> list[Any] | dict[str, Any] | None:
    if value is not None and not isinstance(value, list | dict):
        msg = f"must be {WANTED[FeatureType.NESTED]}, is {_kind(value)}."
        raise TypeError(msg)
    return value


_READERS: Mapping[FeatureType, Callable[[Any], Any]] = MappingProxyType(
    {
        FeatureType.NUMERIC: _number,
        FeatureType.BOOLEAN: _boolean,
        FeatureType.DATETIME: _instant,
        FeatureType.TEXT: _text,
        FeatureType.NESTED: _nested,
    }
)


def _kind(value: Any) -> str:
    if isinstance(value, bool):
        return "a boolean"
    kinds = {
        str: "text",
        int: "a number",
        float: "a number",
        dict: "an object",
        list: "a list",
        type(None): "null",
    }
    return kinds.get(type(value), type(value).__name__)
