"""What is learned from series, and what is answered."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from application.ports.predictor import Predictor, rows_of
from application.ports.trainer import Iteration
from application.ports.work import WorkFailed
from application.reports.views import Report
from domain.inference.errors import NonConformingInstance
from infrastructure.evaluation.report import Rival, evaluated
from infrastructure.learning.artifact import canonical_json
from infrastructure.learning.loading import predictor_of
from infrastructure.learning.manifest import Manifest
from infrastructure.learning.predictors.time_series import TimeSeriesPredictor
from infrastructure.learning.trained import Trained
from infrastructure.learning.training import train
from tests.support.series import MONTHS, SeriesTable, one_shop, sales

OF_0_3_0 = Path(__file__).parent / "golden" / "time_series-0.3.0"


def trained(table: SeriesTable, *, num_threads: int = 1, **hyperparameters: Any) -> Trained:
    plan = table.plan(**{**table.quickly, **hyperparameters})
    return train(plan, table.table(), num_threads=num_threads, on_iteration=lambda _: None)


@pytest.fixture(scope="module")
def of_two_shops() -> Trained:
    return trained(sales())


@pytest.fixture(scope="module")
def predictor(of_two_shops: Trained) -> Predictor:
    return predictor_of(of_two_shops.manifest, of_two_shops.parts)


def up_to(months: int) -> SeriesTable:
    cells = sales().cells
    is_kept = [place % MONTHS < months for place in range(2 * MONTHS)]
    kept = {
        name: [each for each, kept in zip(column, is_kept, strict=True) if kept] for name, column in cells.items()
    }
    return replace(sales(), cells=kept)


def report_on(found: Trained, *, rival: Trained | None) -> Report:
    predictor = predictor_of(found.manifest, found.parts)
    against = None if rival is None else Rival("1.0.0", predictor_of(rival.manifest, rival.parts))
    return evaluated(sales().plan(**sales().quickly), found, predictor=predictor, rival=against)


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
    spoiled = [
        1.02 * each if place % MONTHS >= MONTHS - 6 else each for place, each in enumerate(table.cells["sold"])
    ]

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
    report = report_on(of_two_shops, rival=None)

    assert [each.step for each in report.curves.error_by_horizon] == [1, 2, 3, 4, 5, 6]
    assert all(
        each.mae_low is not None and each.mae_high is not None and each.mae_low < each.mae < each.mae_high
        for each in report.curves.error_by_horizon
    )
    assert report.baseline is not None
    assert report.baseline.metrics["rmse"] == pytest.approx(of_two_shops.metrics["baseline_rmse"])
    assert report.baseline.metrics["mase"] == of_two_shops.metrics["baseline_mase"]
    assert {each.name for each in report.metrics} == {"rmse", "mae", "mase", "smape", "coverage"}
    assert all(
        each.low is not None and each.high is not None and each.low < each.value < each.high
        for each in report.metrics
    )
    assert {each.value for each in report.slices if each.feature == "shop"} == {"north", "south"}
    assert {"price", "lag_1"} <= {each.feature for each in report.importance}
    assert any(note.startswith("Steps of 1 month, repeating after 12;") for note in report.notes)


def test_a_rival_forecasts_the_same_steps_from_the_same_origins(of_two_shops: Trained) -> None:
    report = report_on(of_two_shops, rival=of_two_shops)

    assert report.production is not None
    assert report.production.rows == report.sampled_rows
    assert report.production.has_seen
    (rmse,) = (each for each in report.production.metrics if each.name == "rmse")
    assert rmse.value == pytest.approx(of_two_shops.metrics["rmse"])
    assert rmse.production < rmse.value  # its trees have learned from what came


def test_told_its_own_past_a_version_forecasts_what_it_answers(of_two_shops: Trained) -> None:
    version = predictor_of(of_two_shops.manifest, of_two_shops.parts)
    assert isinstance(version, TimeSeriesPredictor)
    assert of_two_shops.held_out is not None
    assert of_two_shops.held_out.origins is not None
    _, south = of_two_shops.held_out.origins.panel.series
    prices = [1.0, 2.0, 1.5, 1.0, 2.0, 1.0]

    found = version.forecast_from(
        south.values,
        np.full(6, len(south.values) - 1),
        np.arange(1, 7),
        first=south.first,
        code=1,
        exogenous=np.concatenate([south.exogenous, np.array(prices)[:, np.newaxis]]),
    )

    answered = forecast(version, series="south", exogenous=[{"price": price} for price in prices])
    assert found.tolist() == pytest.approx([step["value"] for step in answered], rel=1e-12)


def test_a_rival_whose_data_end_before_has_not_seen_what_came(of_two_shops: Trained) -> None:
    early = up_to(MONTHS - 12)
    rounds = {"early_stopping_rounds": 0, "num_iterations": of_two_shops.manifest.best_iteration}

    report = report_on(of_two_shops, rival=trained(early, **rounds))

    assert report.production is not None
    assert report.production.has_seen is False
    (rmse,) = (each for each in report.production.metrics if each.name == "rmse")
    assert rmse.production == pytest.approx(rmse.value, rel=0.3)  # both have learned from the same values
    assert "The data of the version in production end before all that both were compared on." in report.notes


def test_a_rival_with_a_shorter_horizon_and_fewer_series_is_asked_for_those(of_two_shops: Trained) -> None:
    is_north = [shop == "north" for shop in sales().cells["shop"]]
    north = {
        name: [each for each, kept in zip(cells, is_north, strict=True) if kept]
        for name, cells in sales().cells.items()
    }

    report = report_on(of_two_shops, rival=trained(replace(sales(), cells=north), horizon=2))

    assert report.production is not None
    held_out = of_two_shops.held_out
    assert held_out is not None
    assert held_out.steps is not None
    shops = np.array(held_out.table.column("shop").to_pylist())
    assert report.production.rows == ((held_out.steps <= 2) & (shops == "north")).sum()


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"month": [str(np.datetime64("2015-01-01") + 7 * n) for n in range(MONTHS)]}, "in steps of 7 days"),
        ({"month": [f"{2015 + n // 12}-{n % 12 + 1:02}-15" for n in range(MONTHS)]}, "others than these"),
        ({}, "it knows none of the series"),
    ],
)
def test_a_rival_that_looks_at_other_steps_is_not_compared_with(
    of_two_shops: Trained, changes: dict[str, Any], words: str
) -> None:
    table = one_shop()

    report = report_on(of_two_shops, rival=trained(replace(table, cells={**table.cells, **changes})))

    assert report.production is None
    assert any(
        "Version 1.0.0, in production, was not compared with" in note and words in note for note in report.notes
    )


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"sold": [None] * MONTHS}, "training.all-missing"),
        ({"month": ["2015-01-01"] * MONTHS}, "training.duplicate-times"),
        ({"month": [f"{1800 + n}-01-01T{n % 24:02}:00" for n in range(MONTHS)]}, "training.irregular-times"),
        ({"sold": [1e300 * (1 + n % 12) for n in range(MONTHS)]}, "training.target-out-of-range"),
        ({"sold": [1.0] * 3 + [None] * (MONTHS - 3)}, "training.too-few-rows"),
        ({"sold": [1.0, *[None] * (MONTHS - 2), 2.0]}, "training.too-few-rows"),
    ],
)
def test_series_that_cannot_be_learned_say_why(changes: dict[str, Any], code: str) -> None:
    table = one_shop()

    with pytest.raises(WorkFailed) as failure:
        trained(replace(table, cells={**table.cells, **changes}))

    assert failure.value.code == code


def test_an_infinite_number_is_told_with_its_column_and_what_to_do() -> None:
    table = one_shop()
    cells = {**table.cells, "sold": [*range(MONTHS - 1), float("-inf")]}

    with pytest.raises(WorkFailed, match="'sold' holds infinite numbers: remove those rows"):
        trained(replace(table, cells=cells))


def test_what_is_missing_of_the_newest_values_is_missing_in_forecasts_too() -> None:
    table = one_shop()
    gaps = [None if place in (MONTHS - 3, MONTHS - 12) else each for place, each in enumerate(table.cells["sold"])]

    found = trained(replace(table, cells={**table.cells, "sold": gaps}))

    steps = forecast(predictor_of(found.manifest, found.parts))
    assert [step["time"] for step in steps][:1] == ["2021-01-01"]
    assert np.isfinite([step["value"] for step in steps]).all()


def test_where_trees_gain_nothing_the_start_answers_alone() -> None:
    table, chance = one_shop(), np.random.default_rng(1)
    walk = np.cumsum(chance.normal(size=MONTHS)).tolist()

    walked = replace(table, cells={**table.cells, "sold": walk})
    found = trained(walked, season=1, num_iterations=1, learning_rate=10)

    steps = forecast(predictor_of(found.manifest, found.parts))
    assert {step["value"] for step in steps} == {walk[-1]}
    assert found.manifest.best_iteration == 1
    assert "A forecast is the newest value: no trees came nearer to the backtests than that alone." in found.notes


def test_a_series_of_which_backtests_know_one_value_takes_neither_trees_nor_certainty_from_the_others() -> None:
    table, chance = sales(), np.random.default_rng(5)
    months = range(MONTHS - 13, MONTHS)
    new = {
        "month": [f"{2015 + month // 12}-{month % 12 + 1:02}-01" for month in months],
        "shop": ["west"] * 13,
        "price": [1.0] * 13,
        "sold": chance.normal(30_000, 3_000, 13).tolist(),
    }
    cells = {name: [*column, *new[name]] for name, column in table.cells.items()}

    found = trained(replace(table, cells=cells), num_iterations=60)

    assert found.manifest.best_iteration > 20
    exogenous = [{"price": 1.0}] * 6
    steps = forecast(predictor_of(found.manifest, found.parts), series="north", horizon=6, exogenous=exogenous)
    assert max(step["upper"] - step["lower"] for step in steps) < 500.0


def test_the_day_and_the_week_of_half_hours_are_told_apart() -> None:
    places = np.arange(48 * 28)
    day, is_weekend = np.sin(places / 48 * 2 * np.pi), places // 48 % 7 >= 5
    heat = np.random.default_rng(2).normal(size=len(places))
    used = 10 + 3 * day - 4 * is_weekend + 2 * heat
    table = replace(
        one_shop(),
        cells={
            "month": [str(each) for each in np.datetime64("2024-01-01T00:00") + places * np.timedelta64(30, "m")],
            "heat": heat.tolist(),
            "sold": used.tolist(),
        },
        exogenous=("heat",),
    )

    found = trained(table, horizon=48, num_iterations=40)

    assert found.metrics["rmse"] < 0.4 * found.metrics["baseline_rmse"]
    assert {"heat_change", "heat_longer_change", "longer_season_before"} <= set(found.manifest.settings["inputs"])
    asked = [{"heat": 0.0}] * 48
    monday = [each["value"] for each in forecast(predictor_of(found.manifest, found.parts), exogenous=asked)]
    assert np.abs(np.array(monday) - (10 + 3 * day[:48])).mean() < 1.0


def test_a_version_of_release_0_3_0_answers_as_it_did() -> None:
    manifest = Manifest.model_validate_json((OF_0_3_0 / "manifest.json").read_bytes())
    parts = {name: (OF_0_3_0 / name).read_bytes() for name in manifest.parts}

    found = forecast(predictor_of(manifest, parts), **sales().instances()[0])

    expected = json.loads((OF_0_3_0 / "forecast.json").read_text())
    assert [each["time"] for each in found] == [each["time"] for each in expected]
    for name in ("value", "lower", "upper"):
        assert [each[name] for each in found] == pytest.approx([each[name] for each in expected], rel=1e-12)


def test_short_series_are_tried_less_often_and_without_a_season() -> None:
    table = one_shop()
    short = replace(table, cells={name: cells[:24] for name, cells in table.cells.items()})

    found = trained(short, folds=9)

    assert found.manifest.settings["season"] == 1
    assert any("Two seasons of 12" in note for note in found.notes)
    assert any("of the 9 backtests" in note for note in found.notes)
