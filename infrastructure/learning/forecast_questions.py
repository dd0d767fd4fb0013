"""What is asked of a forecast: which series, how far ahead, and what is known of its future."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from application.ports.predictor import Row
from domain.errors import FieldProblem, suggestion
from domain.inference.conformance import Schema
from domain.inference.errors import NonConformingInstance
from domain.inference.values import Feature, FeatureType
from infrastructure.learning.forecast_inputs import EXOGENOUS, SERIES

HORIZON = "horizon"
"""A feature beside `series` and `exogenous`."""

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


def asked_features(*, has_series: bool, has_exogenous: bool) -> tuple[Feature, ...]:
    """Return what is asked of an instance."""
    found = [Feature(name=HORIZON, type=FeatureType.NUMERIC, is_optional=True)]
    if has_series:
        found.append(Feature(name=SERIES, type=FeatureType.TEXT))
    if has_exogenous:
        found.append(Feature(name=EXOGENOUS, type=FeatureType.NESTED))
    return tuple(found)


class Questions:
    """Reads instances.

    Args:
        codes: Name → place of the series that are known; None where there is only one.
        exogenous: What is to be known of each step.
        horizon: So many steps ahead may be asked for.

    Attributes:
        schema: What is asked of an instance.
    """

    def __init__(self, codes: Mapping[str, int] | None, exogenous: tuple[Feature, ...], *, horizon: int) -> None:
        self.schema = Schema(asked_features(has_series=codes is not None, has_exogenous=bool(exogenous)))
        self._codes = codes
        self._reader = Schema(exogenous)
        self._longest = horizon

    def read(self, row: Row) -> tuple[int, Integers, Floats]:
        """Return the series that a row asks for, the steps, and what else is known of these.

        Raises:
            NonConformingInstance: There is no such series, the horizon is too long, or what is to be known of the
                future is not given.
        """
        asked = dict(zip(self.schema.names, row, strict=True))
        horizon = self._horizon(asked[HORIZON])
        code = 0 if self._codes is None else self._code(self._codes, asked[SERIES])
        exogenous = self._exogenous(asked.get(EXOGENOUS), horizon)
        return code, np.arange(1, horizon + 1), exogenous

    def _horizon(self, asked: float | None) -> int:
        longest = self._longest
        if asked is None or np.isnan(asked):
            return longest
        if asked != int(asked) or not 1 <= asked <= longest:
            message = (
                f"must be a whole number from 1 to {longest}, for which the version was trained; train one with a "
                "longer horizon to look farther ahead."
            )
            raise _refused(HORIZON, message, asked)
        return int(asked)

    def _code(self, codes: Mapping[str, int], asked: str | None) -> int:
        code = None if asked is None else codes.get(asked)
        if code is None:
            which = f"is none of the {len(codes)} series that the version knows"
            message = f"must name a series: the version knows {len(codes)}." if asked is None else f"{which}."
            raise _refused(SERIES, f"{message}{suggestion(asked or '', codes)}", asked)
        return code

    def _exogenous(self, asked: Any, horizon: int) -> Floats:
        names = self._reader.names
        if not names:
            return np.empty((horizon, 0))
        if not isinstance(asked, list) or len(asked) < horizon:
            given = len(asked) if isinstance(asked, list) else 0
            message = (
                f"must be a list with an object for each of the {horizon} steps, has {given}: each tells "
                f"{', '.join(map(repr, names))} at that step."
            )
            raise _refused(EXOGENOUS, message, None)
        try:
            found = self._reader.conform(asked[:horizon])
        except NonConformingInstance as error:
            raise NonConformingInstance(
                each.model_copy(update={"field": each.field.replace("features", "features.exogenous", 1)})
                for each in error.problems
            ) from None
        return np.array(found, dtype=np.float64).reshape(horizon, len(names))

    def largest(self) -> Row:
        """Return a row that asks for as much as any."""
        unknown = dict.fromkeys(self._reader.names)
        series = None if self._codes is None else next(iter(self._codes))
        of_feature = {HORIZON: None, SERIES: series, EXOGENOUS: [unknown] * self._longest}
        return [of_feature[name] for name in self.schema.names]


def _refused(feature: str, message: str, value: Any) -> NonConformingInstance:
    return NonConformingInstance([FieldProblem(field=f"features.{feature}", message=message, value=value)])
