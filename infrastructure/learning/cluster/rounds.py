"""Rounds that are all done, held one after the other against rows that nobody learned from."""

import math
import re
from typing import Any

import numpy as np
from numpy.typing import NDArray

from application.ports.trainer import Iteration
from application.ports.work import WorkFailed
from infrastructure.learning.bare_lightgbm import lightgbm as lgb
from infrastructure.learning.boosting import DIVERGED, Grown
from infrastructure.learning.objectives import Objective
from infrastructure.learning.trained import OnIteration

Floats = NDArray[np.float64]

_OF_THIS_RUN = re.compile(r"^\[(num_threads|local_listen_port|num_machines|time_out): [^\]]*\]$", re.MULTILINE)
_MACHINES = re.compile(r"^\[machines: [^\]]*\]$", re.MULTILINE)


def up_to_best(
    text: str,
    rows: Floats,
    truth: Floats,
    weights: Floats | None,
    *,
    objective: Objective,
    is_cut: bool,
    on_iteration: OnIteration,
) -> Grown:
    """Tell all rounds, and keep those up to the best one.

    Args:
        text: LightGBM's, of all rounds.
        rows: That nobody learned from.
        truth: Their targets.
        weights: Their weights; None where all weigh the same.
        objective: What the trees are to get right.
        is_cut: Whether rounds behind the best one are left out.
        on_iteration: Told each round.

    Raises:
        WorkFailed: `training.diverged`.
    """
    booster = lgb.Booster(model_str=text)
    total = booster.current_iteration()
    raw: Any = 0.0
    kept, best, kept_predicted = 0, math.inf, np.empty(0)
    for done in range(1, total + 1):
        raw = raw + booster.predict(rows, raw_score=True, start_iteration=done - 1, num_iteration=1)
        predicted = _told(raw, objective)
        value = objective.metric(truth, predicted, weights)
        is_best = value < best
        best = min(best, value) if is_best else best
        if is_best or not is_cut:
            kept, kept_predicted = done, predicted
        metrics = {objective.metric_name: value} if math.isfinite(value) else {}
        on_iteration(Iteration(iteration=done, total=total, metrics=metrics, is_best=is_best))
    if not math.isfinite(best):
        raise WorkFailed(DIVERGED, code="training.diverged")
    body = _MACHINES.sub("[machines: ]", _OF_THIS_RUN.sub(r"[\1: 0]", booster.model_to_string(num_iteration=kept)))
    return Grown(body=body, rounds=kept, predicted=kept_predicted)


def _told(raw: Floats, objective: Objective) -> Floats:
    """Return what raw scores mean: probabilities, or numbers in the unit of the target."""
    if objective.name == "binary":
        found: Floats = 1.0 / (1.0 + np.exp(-raw))
        return found
    if objective.classes == 1:
        return np.exp(raw) if objective.has_log_link else raw
    spread = np.exp(raw - raw.max(axis=1, keepdims=True))
    shares: Floats = spread / spread.sum(axis=1, keepdims=True)
    return shares
