"""Rounds that are all done are held against rows that nobody learned from."""

from typing import Any

import lightgbm
import numpy as np
import pytest

from application.ports.trainer import Iteration
from domain.training.hyperparameters.regression import Regression
from infrastructure.learning.cluster.rounds import up_to_best
from infrastructure.learning.number_objectives import number_objective
from infrastructure.learning.objectives import Objective, objective_for


@pytest.mark.parametrize(
    "objective",
    [objective_for(None), objective_for(2), objective_for(3), number_objective(Regression(objective="poisson"))],
    ids=["numbers", "two labels", "three labels", "counts"],
)
@pytest.mark.parametrize("is_cut", [True, False])
def test_the_rounds_up_to_the_best_are_kept_and_told_as_the_trees_answer(
    objective: Objective, is_cut: bool
) -> None:
    random = np.random.default_rng(0)
    rows = random.normal(size=(400, 2))
    of_counts = random.poisson(np.exp(rows[:, 0]))
    of_labels = random.integers(0, max(2, objective.classes), 400)
    truth = {"regression": rows[:, 0] + random.normal(size=400), "poisson": of_counts}.get(
        objective.name, of_labels
    )
    given: dict[str, Any] = {"objective": objective.name, "num_class": objective.classes, "verbosity": -1}
    booster = lightgbm.train(given, lightgbm.Dataset(rows[:200], truth[:200]), num_boost_round=30)
    rounds: list[Iteration] = []

    grown = up_to_best(
        booster.model_to_string(),
        rows[200:],
        truth[200:].astype(np.float64),
        None,
        objective=objective,
        is_cut=is_cut,
        on_iteration=rounds.append,
    )

    kept = lightgbm.Booster(model_str=grown.body)
    best = min(rounds, key=lambda each: each.metrics[objective.metric_name]).iteration
    assert kept.current_iteration() == grown.rounds == (best if is_cut else 30)
    np.testing.assert_allclose(grown.predicted, kept.predict(rows[200:]), rtol=1e-9)


def test_the_best_round_is_by_the_weights_of_the_rows() -> None:
    random = np.random.default_rng(0)
    rows, truth = random.normal(size=(400, 2)), (random.random(400) < 0.1).astype(np.float64)
    objective = objective_for(2)
    given: dict[str, Any] = {"objective": objective.name, "verbosity": -1}
    text = lightgbm.train(given, lightgbm.Dataset(rows, truth), num_boost_round=3).model_to_string()

    told = []
    for weights in (None, np.where(truth == 1.0, 9.0, 1.0)):
        rounds: list[Iteration] = []
        up_to_best(text, rows, truth, weights, objective=objective, is_cut=True, on_iteration=rounds.append)
        told.append(rounds[-1].metrics["log_loss"])

    assert told[1] > 1.5 * told[0]
