"""What is learned from series, and what is answered."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from application.ports.predictor import Predictor, rows_of
from application.ports.trainer import Iteration
from application.ports.work import WorkFailed
from domain.inference.errors import NonConformingInstance
from infrastructure.evaluation.report import Rival, evaluated
from infrastructure.learning.artifact import canonical_json
from infrastructure.learning.loading import predictor_of
from infrastructure.learning.trained import Trained
from infrastructure.learning.training import train
from tests.support.series import MONTHS, SeriesTable, one_shop, sales


def trained(table: SeriesTable, *, num_threads: int = 1, **hyperparameters: Any) -> Trained:
    plan = table.plan(**{**table.quickly, **hyperparameters})
    return train(plan, table.table(), num_threads=num_threads, on_iteration=lambda _: None)


@pytest.fixture(scope="module")
def of_two_shops() -> Trained:
    return trained(sales())


@pytest.fixture(scope="module")
def predictor(of_two_shops: Trained) -> Predictor:
    return predictor_of(of_two_shops.manifest, of_two_shops.parts)


def forecast(predictor: Predictor, **instance: Any) -> Any:
    (row,) = predictor.schema.conform([instance])
    return predictor.predict_row(row)[0]


def refused(predictor: Predictor, **instance: Any) -> list[tuple[str, str]]:
    with pytest.raises(NonConformingInstance) as refusal:
        forecast(predictor, **instance)
    return [(problem.field, problem.message) for problem in refusal.value.problems]


def test_the_same_plan_gives_the_same_bytes_with_any_number_of_threads() -> None:
    results = [trained(sales(), num_threads=threads, feature_fraction=0.8) for threads in (1, 2)]

    assert len({canonical_json(each.manifest.model_dump(mode="json")) for each in results}) == 1
    assert results[0].parts == results[1].parts
    assert results[0].metrics == results[1].metrics


def test_a_forecast_is_better_than_the_season_before(of_two_shops: Trained) -> None:
    metrics = of_two_shops.metrics

    for name in ("rmse", "mae", "mase", "smape"):
        assert 0 < metrics[name] < metrics[f"baseline_{name}"]
    assert 0.5 < metrics["coverage"] <= 1.0


def test_forecasts_go_on_where_the_series_ends(predictor: Predictor) -> None:
    prices = [{"price": 1.5}] * 6

    found = forecast(predictor, series="south", exogenous=prices)

    assert [each["time"] for each in found] == [f"2021-0{month}-01" for month in range(1, 7)]
    assert all(each["lower"] < each["value"] < each["upper"] for each in found)
    assert forecast(predictor, horizon=2, series="south", exogenous=prices[:2]) == found[:2]


def test_what_is_known_of_the_future_counts(predictor: Predictor) -> None:
    cheap, dear = (
        forecast(predictor, horizon=6, series="south", exogenous=[{"price": price}] * 6) for price in (1.0, 2.0)
    )

    assert all(one["value"] > other["value"] for one, other in zip(cheap, dear, strict=True))


def test_a_forecast_is_explained_by_what_its_steps_rest_on(predictor: Predictor) -> None:
    asked = {"horizon": 3, "series": "north", "exogenous": [{"price": 1.0}] * 3}

    (contributions,) = predictor.explain(rows_of(predictor.schema, predictor.schema.conform([asked])), None)

    assert {"step", "lag_1", "season_before", "month", "series", "price"} <= contributions.keys()
    assert contributions["price"] > 0


@pytest.mark.parametrize(
    ("instance", "field", "words"),
    [
        ({"horizon": 7, "series": "north"}, "horizon", "from 1 to 6"),
        ({"horizon": 0, "series": "north"}, "horizon", "from 1 to 6"),
        ({"horizon": 1.5, "series": "north"}, "horizon", "whole number"),
        ({"horizon": 1, "series": "sout"}, "series", "Did you mean 'south'"),
        ({"horizon": 1, "series": None}, "series", "must name a series"),
        ({"horizon": 2, "series": "north", "exogenous": None}, "exogenous", "each of the 2 steps, has 0"),
        ({"horizon": 2, "series": "north", "exogenous": [{"price": 1}]}, "exogenous", "has 1: each tells 'price'"),
        ({"horizon": 1, "series": "north", "exogenous": [{}]}, "exogenous[0].price", "is missing"),
        (
            {"horizon": 1, "series": "north", "exogenous": [{"price": "x"}]},
            "exogenous[0].price",
            "must be a number",
        ),
    ],
)
def test_what_cannot_be_forecast_is_refused_with_what_to_do(
    predictor: Predictor, instance: dict[str, Any], field: str, words: str
) -> None:
    given = {"exogenous": [{"price": 1.0}] * 6, **instance}

    ((place, message),) = refused(predictor, **given)

    assert place == f"features.{field}"
    assert words in message


def test_one_series_needs_neither_name_nor_future() -> None:
    found = trained(one_shop())

    assert [each.name for each in found.manifest.features] == ["horizon"]
    steps = forecast(predictor_of(found.manifest, found.parts))
    assert len(steps) == 6
    assert steps[0]["time"] == "2021-01-01"


def test_a_backtest_knows_nothing_of_what_comes_behind_it() -> None:
    table = sales()
    spoiled = [-999.0 if place % MONTHS >= MONTHS - 6 else each for place, each in enumerate(table.cells["sold"])]

    found = trained(table, early_stopping_rounds=0).held_out
    other = trained(replace(table, cells={**table.cells, "sold": spoiled}), early_stopping_rounds=0).held_out

    assert found is not None
    assert other is not None
    is_same = found.truth == other.truth  # of the earlier backtest, which ends where the other one begins
    assert is_same.sum() > 20
    assert np.array_equal(found.scores[is_same], other.scores[is_same])


def test_rounds_are_told_one_after_the_other_to_the_end() -> None:
    table, rounds = one_shop(), list[Iteration]()

    train(table.plan(**table.quickly), table.table(), num_threads=1, on_iteration=rounds.append)

    numbers = [each.iteration for each in rounds]
    assert numbers == sorted(numbers)
    assert {each.total for each in rounds} == {45}
    assert all(each.metrics for each in rounds if each.is_best)


def test_the_report_tells_how_errors_grow_with_the_steps(of_two_shops: Trained) -> None:
    plan = sales().plan(**sales().quickly)
    rival = predictor_of(of_two_shops.manifest, of_two_shops.parts)

    report = evaluated(plan, of_two_shops, predictor=rival, rival=Rival("1.0.0", rival))

    assert [each.step for each in report.curves.error_by_horizon] == [1, 2, 3, 4, 5, 6]
    assert report.baseline is not None
    assert report.baseline.metrics["rmse"] == pytest.approx(of_two_shops.metrics["baseline_rmse"])
    assert report.baseline.metrics["mase"] == of_two_shops.metrics["baseline_mase"]
    assert {each.name for each in report.metrics} == {"rmse", "mae", "mase", "smape", "coverage"}
    assert {each.value for each in report.slices if each.feature == "shop"} == {"north", "south"}
    assert {"price", "lag_1"} <= {each.feature for each in report.importance}
    assert report.production is None
    assert any("speak of different steps" in note for note in report.notes)
    assert any(note.startswith("Steps of 1 month, repeating after 12;") for note in report.notes)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"sold": [None] * MONTHS}, "training.all-missing"),
        ({"month": ["2015-01-01"] * MONTHS}, "training.duplicate-times"),
        ({"month": [f"{1800 + n}-01-01T{n % 24:02}:00" for n in range(MONTHS)]}, "training.irregular-times"),
        ({"sold": [1.0] * 3 + [None] * (MONTHS - 3)}, "training.too-few-rows"),
    ],
)
def test_series_that_cannot_be_learned_say_why(changes: dict[str, Any], code: str) -> None:
    table = one_shop()

    with pytest.raises(WorkFailed) as failure:
        trained(replace(table, cells={**table.cells, **changes}))

    assert failure.value.code == code


def test_what_is_missing_of_the_newest_values_is_missing_in_forecasts_too() -> None:
    table = one_shop()
    gaps = [None if place in (MONTHS - 3, MONTHS - 12) else each for place, each in enumerate(table.cells["sold"])]

    found = trained(replace(table, cells={**table.cells, "sold": gaps}))

    steps = forecast(predictor_of(found.manifest, found.parts))
    assert [step["time"] for step in steps][:1] == ["2021-01-01"]
    assert np.isfinite([step["value"] for step in steps]).all()


def test_short_series_are_tried_less_often_and_without_a_season() -> None:
    table = one_shop()
    short = replace(table, cells={name: cells[:24] for name, cells in table.cells.items()})

    found = trained(short, folds=9)

    assert found.manifest.settings["season"] == 1
    assert any("Two seasons of 12" in note for note in found.notes)
    assert any("of the 9 backtests" in note for note in found.notes)
