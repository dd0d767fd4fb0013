"""Models as others train them, with LightGBM alone."""

from typing import Any

import lightgbm as lgb
import numpy as np
from numpy.typing import NDArray

PANDAS = '\npandas_categorical:[["basel", "bern", "chur"]]\n'
"""What LightGBM's package writes behind a model of a table of pandas."""


def rows() -> NDArray[np.float64]:
    """Return ages, and codes of three cities."""
    chance = np.random.default_rng(0)
    return np.column_stack([chance.normal(40, 10, 300), chance.integers(0, 3, 300).astype(float)])


def foreign_model(objective: str = "binary", **parameters: Any) -> lgb.Booster:
    """Return a model of `age` and `city`, some rounds of it."""
    known = rows()
    targets = {"binary": (known[:, 0] > 40) ^ (known[:, 1] == 1), "multiclass": known[:, 1]}
    data = lgb.Dataset(
        known,
        targets.get(objective, known[:, 0] + known[:, 1]),
        feature_name=["age", "city"],
        categorical_feature=[] if "linear_tree" in parameters else [1],
    )
    given = {"objective": objective, "verbosity": -1, "min_data_per_group": 5, "num_threads": 1, **parameters}
    return lgb.train(given, data, num_boost_round=4)


def foreign_text(objective: str = "binary", **parameters: Any) -> str:
    """Return such a model as text, with the cities that there are."""
    return foreign_model(objective, **parameters).model_to_string() + PANDAS
