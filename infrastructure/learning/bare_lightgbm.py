"""LightGBM without scikit-learn, which it imports where it can: predictions have no use for that second."""

import sys
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any, cast

_SKLEARN = "sklearn"


def _imported() -> ModuleType:
    if _SKLEARN in sys.modules:
        return import_module("lightgbm")
    # what stands in for a module with None counts as not installed (Source: Python's reference, the module cache)
    cast("dict[str, Any]", sys.modules)[_SKLEARN] = None
    try:
        return import_module("lightgbm")
    finally:
        del sys.modules[_SKLEARN]


if TYPE_CHECKING:
    import lightgbm as lightgbm  # noqa: PLC0414 - exports it
else:
    lightgbm = _imported()
