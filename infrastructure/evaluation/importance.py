"""How much each feature matters to a model."""

import re

import numpy as np

from application.ports.predictor import Predictor
from application.reports.views import Importance
from domain.inference.values import AnswerKind
from domain.training.values import TrainingPlan
from infrastructure.evaluation.asking import forecasts_for, rows_for
from infrastructure.evaluation.sampling import evenly
from infrastructure.evaluation.shortening import shortened
from infrastructure.learning.bare_lightgbm import lightgbm as lgb
from infrastructure.learning.dates import Layout
from infrastructure.learning.forecast_inputs import INPUTS
from infrastructure.learning.manifest import TREES
from infrastructure.learning.predictors.nlp import NlpPredictor
from infrastructure.learning.trained import HeldOut, Trained

FEATURES_MAX = 100
_LEAVES = re.compile(rb"^num_leaves=(\d+)$", re.MULTILINE)
_LEAVES_MAX = 1_000_000
_ROWS_MIN, _ROWS_MAX = 10, 1_000


def importance_of(
    plan: TrainingPlan, trained: Trained, predictor: Predictor, sampled: HeldOut
) -> list[Importance]:
    """Return the features that matter most, the most important one first.

    Args:
        plan: What was trained by.
        trained: The model.
        predictor: The same, as it will be loaded.
        sampled: Held-out rows, of which as many are explained as the trees allow.

    Raises:
        Unaskable: The rows do not have what the predictor asks for.
    """
    gains, sizes = _gains(trained, predictor), _contributions(plan, trained, predictor, sampled)
    if predictor.explained is None:  # of many terms or inputs, those that do nothing are not worth a line
        gains = {name: gain for name, gain in gains.items() if gain > 0.0 or name in sizes}
    names = sorted(
        gains.keys() | sizes.keys(), key=lambda name: (-sizes.get(name, 0.0), -gains.get(name, 0.0), name)
    )
    return [
        Importance(feature=shortened(name), gain=gains.get(name), shap=sizes.get(name))
        for name in names[:FEATURES_MAX]
    ]


def _gains(trained: Trained, predictor: Predictor) -> dict[str, float]:
    """Return the share of each feature or term in the gain of all splits; nothing where there are no splits."""
    body, features = trained.parts.get(TREES), trained.manifest.features
    if body is None:
        return {}
    gains = lgb.Booster(model_str=body.decode()).feature_importance("gain")
    if isinstance(predictor, NlpPredictor):
        names = predictor.terms
    elif INPUTS in trained.manifest.settings:
        names = trained.manifest.settings[INPUTS]
    else:
        names = [feature.name for feature in features]
        gains = Layout([feature.type for feature in features]).summed(np.append(gains, 0.0))[:-1]
    if not np.isfinite(gains).all():  # those of very large numbers are beyond any
        return {}
    return dict(zip(names, (gains / (gains.sum() or 1.0)).tolist(), strict=True))


def _contributions(
    plan: TrainingPlan, trained: Trained, predictor: Predictor, sampled: HeldOut
) -> dict[str, float]:
    """Return the mean size of the contributions of each feature, or of whatever else contributes to a row."""
    leaves = sum(int(found) for found in _LEAVES.findall(trained.parts.get(TREES, b"")))
    count = max(_ROWS_MIN, min(_ROWS_MAX, _LEAVES_MAX // max(leaves, 1)))
    if predictor.answers is AnswerKind.FORECASTS:
        rows = forecasts_for(plan, trained, predictor.schema, sampled, steps=count)
    else:
        rows = rows_for(predictor.schema, evenly(sampled, count=count).table, plan.columns)
    found = predictor.explain(rows, predictor.predict(rows).chosen)
    if isinstance(found, np.ndarray):
        assert predictor.explained is not None, "columns have names"
        return dict(zip(predictor.explained, np.abs(found[:, :-1]).mean(axis=0).tolist(), strict=True))
    sizes: dict[str, float] = {}
    for row in found:
        for name, value in row.items():
            sizes[name] = sizes.get(name, 0.0) + abs(value) / len(rows)
    return sizes
