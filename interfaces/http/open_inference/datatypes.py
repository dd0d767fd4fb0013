"""The datatypes of tensors (Source: Open Inference Protocol, version 2, "Tensor Data Types")."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np

from domain.inference.values import FeatureType, Label

BOOL, INT64, FP16, FP32, FP64, BYTES = "BOOL", "INT64", "FP16", "FP32", "FP64", "BYTES"


@dataclass(frozen=True, slots=True)
class Datatype:
    """One datatype of numbers or truth values.

    Attributes:
        name: The protocol's.
        dtype: Of an element in binary data: little-endian.
    """

    name: str
    dtype: "np.dtype[Any]"

    @property
    def is_float(self) -> bool:
        """Whether it has fractions, and NaN."""
        return self.dtype.kind == "f"


DATATYPES: Mapping[str, Datatype] = MappingProxyType(
    {
        name: Datatype(name, np.dtype(dtype))
        for name, dtype in {
            BOOL: "u1",  # one byte, 0 or 1
            "INT8": "<i1",
            "INT16": "<i2",
            "INT32": "<i4",
            INT64: "<i8",
            "UINT8": "<u1",
            "UINT16": "<u2",
            "UINT32": "<u4",
            "UINT64": "<u8",
            FP16: "<f2",
            FP32: "<f4",
            FP64: "<f8",
        }.items()
    }
)
"""All but BYTES, whose elements differ in size."""

OF_FEATURES: Mapping[FeatureType, str] = MappingProxyType(
    {
        FeatureType.NUMERIC: FP64,
        FeatureType.BOOLEAN: BOOL,
        FeatureType.CATEGORICAL: BYTES,
        FeatureType.DATETIME: BYTES,
        FeatureType.TEXT: BYTES,
        FeatureType.NESTED: BYTES,
    }
)
"""What a feature is told to be; other datatypes of numbers are taken for numbers, too."""


def of_labels(labels: Sequence[Label] | None) -> str:
    """Return the datatype of predictions: numbers where there are no labels."""
    kinds = set(map(type, labels or (0.0,)))
    return {bool: BOOL, int: INT64, str: BYTES}.get(kinds.pop(), FP64) if len(kinds) == 1 else FP64
