"""Cells that tensors have as text: categories, instants, texts, and nested values as JSON."""

import math
from collections.abc import Callable
from typing import Any

import orjson

from domain.inference.conformance import WANTED
from domain.inference.instants import seconds_of
from domain.inference.values import Feature, FeatureType


class NotReadable(ValueError):
    """A text is not what a feature asks for; the message says what it must be."""


def cell_reader(feature: Feature) -> Callable[[str | None], Any]:
    """Return what makes the cell of a feature of a text; it raises `NotReadable`."""
    if feature.categories is not None:
        codes = {category: float(code) for code, category in enumerate(feature.categories)}
        return lambda text: math.nan if text is None else codes.get(text, math.nan)
    if feature.type is FeatureType.DATETIME:
        return _instant
    return _nested if feature.type is FeatureType.NESTED else lambda text: text


def _instant(text: str | None) -> float:
    try:
        return seconds_of(text) if text else math.nan  # BYTES have no other word for what is missing
    except ValueError:
        message = f"must be {WANTED[FeatureType.DATETIME]}."
        raise NotReadable(message) from None


def _nested(text: str | None) -> list[Any] | dict[str, Any] | None:
    try:
        found = None if text is None else orjson.loads(text)
    except orjson.JSONDecodeError as error:
        message = f"must be the JSON of {WANTED[FeatureType.NESTED]}: {error}."
        raise NotReadable(message) from None
    if found is not None and not isinstance(found, list | dict):
        message = f"must be the JSON of {WANTED[FeatureType.NESTED]}."
        raise NotReadable(message)
    return found
