"""What regressions are trained for: the mean, the median, quantiles, counts and amounts."""

import math
from collections.abc import Mapping
from functools import cache
from typing import Any

import lightgbm as lgb
import numpy as np
import pytest
from sklearn import metrics as sklearn_metrics

from application.ports.predictor import Predictor, Rows
from application.ports.trainer import Iteration
from application.ports.work import WorkFailed
from infrastructure.evaluation.report import Rival, evaluated
from infrastructure.learning.encoding import encode_rows
from infrastructure.learning.loading import predictor_of
from infrastructure.learning.losses import (
    gamma_deviance,
    huber,
    is_below,
    pinball,
    poisson_deviance,
    tweedie_deviance,
)
from infrastructure.learning.manifest import TREES
from infrastructure.learning.trained import Trained
from infrastructure.learning.training import train
from tests.support.data import ExampleTable, measured

OBJECTIVES: Mapping[str, Mapping[str, Any]] = {
    "regression": {},
    "regression_l1": {"objective": "regression_l1"},
    "huber": {"objective": "huber"},
    "quantile": {"objective": "quantile", "alpha": 0.8},
    "poisson": {"objective": "poisson"},
    "gamma": {"objective": "gamma"},
    "tweedie": {"objective": "tweedie", "tweedie_variance_power": 1.3},
}
METRIC = {
    "regression": "rmse",
    "regression_l1": "mae",
    "huber": "huber",
    "quantile": "pinball",
    "poisson": "poisson_deviance",
    "gamma": "gamma_deviance",
    "tweedie": "tweedie_deviance",
}
OF_LOGARITHMS = {"poisson", "gamma", "tweedie"}


def claims(*, least: float = 0.0, rows: int = 500) -> ExampleTable:
    """Return a table of counts that grow with one column, and differ by another."""
    chance = np.random.default_rng(5)
    age, region = chance.uniform(0.0, 2.0, rows), chance.integers(0, 3, rows)
    counts = chance.poisson(np.exp(age + 0.3 * region)) + least
    return measured(
        counts.tolist(), age=age.tolist(), region=[("north", "south", "harbour")[each] for each in region]
    )


def learned(
    table: ExampleTable, rounds: list[Iteration] | None = None, *, num_threads: int = 1, **asked: Any
) -> Trained:
    plan = table.plan(**{"num_iterations": 40, "learning_rate": 0.1, **asked})
    told = (lambda _: None) if rounds is None else rounds.append
    return train(plan, table.table(), num_threads=num_threads, on_iteration=told)


@cache
def trained(name: str) -> tuple[Trained, Predictor, tuple[Iteration, ...]]:
    rounds: list[Iteration] = []
    found = learned(claims(least=0.5), rounds, **OBJECTIVES[name])
    return found, predictor_of(found.manifest, found.parts), tuple(rounds)


@pytest.mark.parametrize("name", OBJECTIVES)
def test_predictions_are_in_the_unit_of_the_target_one_by_one_and_all_at_once(name: str) -> None:
    result, predictor, _ = trained(name)
    assert result.held_out is not None
    rows = encode_rows(result.manifest.features, result.held_out.table)
    booster = lgb.Booster(model_str=result.parts[TREES].decode())

    found = predictor.predict(Rows(rows)).predictions

    assert found == booster.predict(rows).tolist()
    assert [predictor.predict_row(row)[0] for row in rows.tolist()] == found
    assert found == pytest.approx(result.held_out.scores[:, 0].tolist(), rel=1e-12)
    raw = predictor.explain(Rows(rows), None)
    assert isinstance(raw, np.ndarray)
    summed = raw.sum(axis=1)
    assert (np.exp(summed) if name in OF_LOGARITHMS else summed) == pytest.approx(np.array(found), rel=1e-9)
    assert any("logarithm" in note for note in result.notes) == (name in OF_LOGARITHMS)


@pytest.mark.parametrize("name", OBJECTIVES)
def test_what_is_asked_for_stops_the_training_and_tells_how_good_it_is(name: str) -> None:
    result, _, rounds = trained(name)
    best = rounds[result.manifest.best_iteration - 1]

    assert all(set(each.metrics) == {METRIC[name]} for each in rounds)
    assert best.metrics[METRIC[name]] == min(each.metrics[METRIC[name]] for each in rounds)
    assert result.metrics[METRIC[name]] == pytest.approx(best.metrics[METRIC[name]])
    assert {"rmse", "mae", "r2"} <= set(result.metrics)


@pytest.mark.parametrize("name", OBJECTIVES)
def test_a_report_holds_the_model_against_what_is_best_said_without_learning(name: str) -> None:
    result, predictor, _ = trained(name)
    of_squares, asked_too, _ = trained("regression")
    plan = claims(least=0.5).plan(**OBJECTIVES[name])
    assert of_squares.held_out is not None

    report = evaluated(plan, result, predictor=predictor, rival=Rival("1.0.0", asked_too))

    figures = {each.name: each for each in report.metrics}
    figure = figures[METRIC[name]]
    assert report.baseline is not None
    assert figure.low is not None
    assert figure.high is not None
    assert figure.low <= figure.value <= figure.high < report.baseline.metrics[METRIC[name]]
    statistic = {"quantile": "0.8 quantile", "regression_l1": "median", "huber": "median"}.get(name, "mean")
    assert report.baseline.summary == f"The {statistic} of the rows that were learned from, for every row."
    assert (report.curves.calibration is not None) == (statistic == "mean")
    assert report.production is not None
    (compared,) = (each for each in report.production.metrics if each.name == METRIC[name])
    assert (compared.difference == 0.0) == (name == "regression")
    assert all(METRIC[name] in part.metrics and METRIC[name] in part.intervals for part in report.slices)


def test_a_version_in_production_that_predicts_less_than_0_is_said_to_have_no_deviance() -> None:
    result, predictor, _ = trained("poisson")
    below = learned(claims(least=-9.0))
    rival = Rival("1.0.0", predictor_of(below.manifest, below.parts))

    report = evaluated(claims(least=0.5).plan(**OBJECTIVES["poisson"]), result, predictor=predictor, rival=rival)

    assert report.production is not None
    assert {each.name for each in report.production.metrics} == {"rmse", "mae", "r2"}
    assert (
        "Of version 1.0.0, in production, no poisson_deviance is told: it predicts 0 or less for some rows."
        in report.notes
    )


@pytest.mark.parametrize("name", OBJECTIVES)
def test_any_number_of_threads_gives_the_same_trees(name: str) -> None:
    table = claims(least=0.5, rows=4_000)

    bodies = {
        learned(table, num_threads=threads, num_iterations=4, **OBJECTIVES[name]).parts[TREES]
        for threads in (1, 2, 3)
    }

    assert len(bodies) == 1


def test_the_quantile_is_what_so_many_rows_lie_below() -> None:
    result = learned(claims(rows=3_000), objective="quantile", alpha=0.25)

    assert result.metrics["share_below"] == pytest.approx(0.25, abs=0.05)
    assert result.manifest.parameters["alpha"] == 0.25
    assert result.manifest.hyperparameters["alpha"] == 0.25


def test_outliers_say_less_where_errors_count_by_their_size_and_large_targets_are_reached() -> None:
    chance = np.random.default_rng(0)
    x = chance.uniform(0.0, 1.0, 2_000)
    truth = 50_000.0 + 10_000.0 * x
    is_outlier = chance.random(2_000) < 0.02
    seen = np.where(is_outlier, 5e5, truth + chance.normal(scale=500.0, size=2_000))
    table = measured(seen.tolist(), x=x.tolist())

    def error(**asked: Any) -> float:
        result = learned(table, **asked)
        said = predictor_of(result.manifest, result.parts).predict(Rows(x[:, np.newaxis])).scores[:, 0]
        return float(np.median(np.abs(said - truth)))

    of_squares, of_huber = error(), error(objective="huber")

    assert of_huber < 1_500.0
    assert of_squares > 5_000.0
    assert error(objective="huber", alpha=4_000.0) != of_huber < 1_500.0


def test_folds_learn_counts_too() -> None:
    result = learned(claims(), objective="poisson", folds=3)

    assert result.held_out is not None
    assert len(result.held_out.truth) == 500
    assert result.metrics["poisson_deviance"] < 2.0


@pytest.mark.parametrize(
    ("objective", "least", "told"),
    [
        ("poisson", -1.0, "is -1: objective 'poisson' learns numbers of at least 0. Remove those rows, or take"),
        ("tweedie", -0.5, "is -0.5: objective 'tweedie' learns numbers of at least 0"),
        ("gamma", 0.0, "is 0: objective 'gamma' learns numbers above 0"),
        ("gamma", -2.0, "'regression', 'regression_l1', 'huber' and 'quantile' learn any number."),
    ],
)
def test_a_target_that_an_objective_makes_no_sense_for_is_refused_before_a_round(
    objective: str, least: float, told: str
) -> None:
    rounds: list[Iteration] = []

    with pytest.raises(WorkFailed) as failure:
        learned(measured([least, *range(1, 40)]), rounds, objective=objective)

    assert failure.value.code == "training.target-outside-objective"
    assert told in failure.value.message
    assert "'number'" in failure.value.message
    assert not rounds


def test_what_lightgbm_refuses_is_told_without_where_its_source_does() -> None:
    with pytest.raises(WorkFailed) as failure:
        learned(claims(), objective="quantile", alpha=1e-300)

    assert failure.value.code == "training.refused"
    assert failure.value.message.endswith("hyperparameters: Check failed: alpha_ > 0 && alpha_ < 1.")


def test_losses_are_those_of_scikit_learn() -> None:
    chance = np.random.default_rng(2)
    actual, predicted = chance.gamma(2.0, size=200), chance.gamma(2.0, size=200) + 1e-3
    for loss, expected in (
        (pinball(0.3), sklearn_metrics.mean_pinball_loss(actual, predicted, alpha=0.3)),
        (gamma_deviance, sklearn_metrics.mean_gamma_deviance(actual, predicted)),
        (poisson_deviance, sklearn_metrics.mean_poisson_deviance(actual, predicted)),
        (tweedie_deviance(1.7), sklearn_metrics.mean_tweedie_deviance(actual, predicted, power=1.7)),
        (is_below, float(np.mean(actual <= predicted))),
    ):
        assert loss(actual, predicted).mean() == pytest.approx(expected)
    none = np.zeros(1)
    assert poisson_deviance(none, np.ones(1)) == pytest.approx([2.0])
    assert tweedie_deviance(1.5)(none, np.ones(1)) == pytest.approx([4.0])


def test_deviances_of_what_cannot_be_predicted_are_infinite() -> None:
    for loss in (poisson_deviance, gamma_deviance, tweedie_deviance(1.5)):
        assert loss(np.ones(2), np.array([0.0, -1.0])).tolist() == [math.inf, math.inf]


def test_huber_is_half_the_square_up_to_the_width_and_straight_beyond() -> None:
    assert huber(2.0)(np.zeros(4), np.array([0.0, 1.0, -2.0, 5.0])).tolist() == [0.0, 0.5, 2.0, 8.0]
