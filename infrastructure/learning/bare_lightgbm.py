"""LightGBM without scikit-learn and pandas, which it imports where it can: trees have no use for that second."""

from importlib import import_module
from typing import TYPE_CHECKING

from infrastructure.system.unseen import unseen

if TYPE_CHECKING:
    import lightgbm as lightgbm  # noqa: PLC0414 - exports it
else:
    with unseen("sklearn", "pandas"):
        lightgbm = import_module("lightgbm")
