"""How much each feature matters to a model."""

import re

import numpy as np

from application.ports.predictor import Predictor
from application.reports.views import Importance
from domain.datasets.values import Column
from infrastructure.evaluation.asking import rows_for
from infrastructure.evaluation.sampling import evenly
from infrastructure.learning.bare_lightgbm import lightgbm as lgb
from infrastructure.learning.dates import Layout
from infrastructure.learning.manifest import TREES
from infrastructure.learning.trained import HeldOut, Trained

FEATURES_MAX = 100
_LEAVES = re.compile(rb"^num_leaves=(\d+)$", re.MULTILINE)
_LEAVES_MAX = 2_000_000
_ROWS_MIN, _ROWS_MAX = 10, 1_000


def importance_of(
    trained: Trained, predictor: Predictor, sampled: HeldOut, columns: tuple[Column, ...]
) -> list[Importance]:
    """Return the features that matter most, the most important one first.

    Args:
        trained: The model.
        predictor: The same, as it will be loaded.
        sampled: Held-out rows, of which as many are explained as the trees allow.
        columns: Of the rows.

    Raises:
        Unaskable: The table does not have what the predictor asks for.
    """
    gains, sizes = _gains(trained), _contributions(trained, predictor, sampled, columns)
    names = sorted(
        gains.keys() | sizes.keys(), key=lambda name: (-sizes.get(name, 0.0), -gains.get(name, 0.0), name)
    )
    return [Importance(feature=name, gain=gains.get(name), shap=sizes.get(name)) for name in names[:FEATURES_MAX]]


def _gains(trained: Trained) -> dict[str, float]:
    """Return each feature's share of the gain of all splits; of trees that learn from something else, nothing."""
    body, features = trained.parts.get(TREES), trained.manifest.features
    if body is None:
        return {}
    gains = lgb.Booster(model_str=body.decode()).feature_importance("gain")
    layout = Layout([feature.type for feature in features])
    if len(gains) != layout.width:
        return {}
    *shares, _ = layout.summed(np.append(gains / (gains.sum() or 1.0), 0.0)).tolist()
    return {feature.name: share for feature, share in zip(features, shares, strict=True)}


def _contributions(
    trained: Trained, predictor: Predictor, sampled: HeldOut, columns: tuple[Column, ...]
) -> dict[str, float]:
    """Return the mean size of the contributions of each feature, or of whatever else contributes to a row."""
    leaves = sum(int(found) for found in _LEAVES.findall(trained.parts.get(TREES, b"")))
    count = max(_ROWS_MIN, min(_ROWS_MAX, _LEAVES_MAX // max(leaves, 1)))
    rows = rows_for(predictor.schema, evenly(sampled, count=count).table, columns)
    found = predictor.explain(rows, predictor.predict(rows).chosen)
    if isinstance(found, np.ndarray):
        assert predictor.explained is not None, "columns have names"
        return dict(zip(predictor.explained, np.abs(found[:, :-1]).mean(axis=0).tolist(), strict=True))
    sizes: dict[str, float] = {}
    for row in found:
        for name, value in row.items():
            sizes[name] = sizes.get(name, 0.0) + abs(value) / len(rows)
    return sizes
