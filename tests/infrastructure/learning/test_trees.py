"""The quick way to LightGBM's answers is taken where it gives them, and nowhere else."""

import gc
import math
import struct
from concurrent.futures import ThreadPoolExecutor
from functools import cache

import lightgbm as lgb
import numpy as np
import pytest

from infrastructure.learning import lightgbm_c_api
from infrastructure.learning.lightgbm_c_api import FUNCTIONS, CBooster, NoSuchFunctions
from infrastructure.learning.trees import WrappedBooster, seconds_per_row, trees_of

OBJECTIVES = {"binary": {}, "regression": {}, "multiclass": {"num_class": 3}}


@cache
def booster(objective: str) -> lgb.Booster:
    random = np.random.default_rng(1)
    rows = random.normal(size=(300, 4))
    target = random.integers(0, 3 if objective == "multiclass" else 2, size=300)
    parameters = {"objective": objective, "verbose": -1, "num_threads": 1, **OBJECTIVES[objective]}
    return lgb.train(parameters, lgb.Dataset(rows, target), 5)


@pytest.fixture
def rows() -> np.ndarray:
    rows = np.random.default_rng(2).normal(size=(40, 4))
    rows[::3, 1] = np.nan
    return rows


def test_the_installed_lightgbm_has_the_functions_and_is_of_the_version_they_were_read_in() -> None:
    library = vars(lgb.basic)["_LIB"]
    assert all(hasattr(library, name) for name in FUNCTIONS)
    assert lgb.__version__.startswith("4.")
    assert "_handle" in vars(booster("binary"))


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_both_ways_give_the_same_numbers(objective: str, rows: np.ndarray) -> None:
    direct, wrapped = CBooster(booster(objective)), WrappedBooster(booster(objective))
    expected = wrapped.scores(rows)
    assert np.array_equal(direct.scores(rows), expected)
    assert np.array_equal(direct.scores(np.asfortranarray(rows)), expected)
    assert np.array_equal(direct.scores(rows[::2]), expected[::2])
    assert np.array_equal(direct.contributions(rows), wrapped.contributions(rows))
    for trees in (direct, wrapped):
        assert [trees.scores_of_row(row) for row in rows.tolist()] == expected.tolist()
        assert trees.scores(rows[:0]).shape == (0, expected.shape[1])
        assert trees.contributions(rows[:0]).shape == (0, expected.shape[1], 5)


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_the_quick_way_is_taken_where_it_agrees(objective: str) -> None:
    assert isinstance(trees_of(booster(objective)), CBooster)


def test_threads_that_ask_one_row_each_get_their_own_answers(rows: np.ndarray) -> None:
    direct = CBooster(booster("multiclass"))
    expected = direct.scores(rows).tolist()
    asked = rows.tolist() * 50
    with ThreadPoolExecutor(8) as threads:
        assert list(threads.map(direct.scores_of_row, asked)) == expected * 50


def test_an_answer_is_not_changed_by_the_next_row(rows: np.ndarray) -> None:
    direct = CBooster(booster("regression"))
    first = direct.scores_of_row(rows[0].tolist())
    kept = list(first)
    direct.scores_of_row((rows[0] + 3).tolist())
    assert first == kept


def test_trees_outlive_everybody_elses_booster(rows: np.ndarray) -> None:
    again = lgb.Booster(model_str=booster("binary").model_to_string())
    trees = CBooster(again)
    expected = trees.scores(rows).tolist()
    del again
    gc.collect()
    assert [trees.scores_of_row(row) for row in rows.tolist()] == expected


@pytest.mark.parametrize("wrong", [np.zeros((2, 3)), np.zeros((2, 5)), np.zeros((2, 4), dtype=np.float32)])
def test_a_matrix_of_another_shape_or_type_never_reaches_the_library(wrong: np.ndarray) -> None:
    with pytest.raises(ValueError, match="a matrix of 4 columns of float64 is wanted"):
        CBooster(booster("binary")).scores(wrong)


@pytest.mark.parametrize("wrong", [[1.0] * 3, [1.0] * 5, ["x", 1.0, 1.0, 1.0]])
def test_a_row_of_another_form_never_reaches_the_library(wrong: list[float]) -> None:
    with pytest.raises(struct.error):
        CBooster(booster("binary")).scores_of_row(wrong)


def test_nothing_is_a_missing_value_to_either_way_of_asking() -> None:
    for trees in (CBooster(booster("binary")), WrappedBooster(booster("binary"))):
        assert trees.scores_of_row((None, 1.0, None, True)) == trees.scores_of_row([math.nan, 1.0, math.nan, 1.0])


def test_a_library_without_the_functions_is_asked_through_its_wrapper(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, rows: np.ndarray
) -> None:
    monkeypatch.setattr(lightgbm_c_api, "FUNCTIONS", (*FUNCTIONS, "LGBM_OfAnotherVersion"))
    with pytest.raises(NoSuchFunctions, match="LGBM_OfAnotherVersion"):
        CBooster(booster("binary"))
    trees = trees_of(booster("binary"))
    assert isinstance(trees, WrappedBooster)
    assert np.array_equal(trees.scores(rows)[:, 0], booster("binary").predict(rows))
    assert "slower way" in caplog.text


def test_a_library_that_gives_other_numbers_is_asked_through_its_wrapper(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(lightgbm_c_api, "_NORMAL", 1)  # raw scores, as if the constants had been renumbered
    assert isinstance(trees_of(booster("binary")), WrappedBooster)
    assert "other numbers" in caplog.text


def test_what_a_row_costs_is_measured() -> None:
    small = booster("binary")
    large = lgb.train(
        {"objective": "regression", "verbose": -1, "num_leaves": 200, "min_data_in_leaf": 1, "num_threads": 1},
        lgb.Dataset(np.random.default_rng(3).normal(size=(2_000, 4)), np.arange(2_000.0)),
        200,
    )
    costs = [seconds_per_row(trees_of(each), each) for each in (small, large)]
    assert 0 < costs[0] < costs[1] < 0.1
