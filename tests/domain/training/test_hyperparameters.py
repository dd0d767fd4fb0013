"""What a user may ask of a training."""

import math

import pytest

from domain.errors import PROBLEMS_MAX, InvalidInput
from domain.models.values import ModelType
from domain.training.hyperparameters.classification import Classification
from domain.training.hyperparameters.parsing import BY_TYPE
from domain.training.hyperparameters.parsing import parse as parse_of_type
from domain.training.hyperparameters.regression import Regression

ALIASES = Classification.ALIASES


def parse(given, model_type=ModelType.CLASSIFICATION):
    return parse_of_type(model_type, given)


def problems_of(given):
    with pytest.raises(InvalidInput) as refused:
        parse(given)
    return [(problem.field.removeprefix("hyperparameters."), problem.value) for problem in refused.value.problems]


def test_nothing_asked_gives_every_default():
    assert parse({}) == Classification()


@pytest.mark.parametrize("alias", ALIASES)
def test_an_alias_is_another_name_for_a_setting(alias):
    default = getattr(Classification(), ALIASES[alias])
    asked = (not default) if isinstance(default, bool) else (0.5 if isinstance(default, float) else 7)
    parsed = parse({alias: asked})
    assert getattr(parsed, ALIASES[alias]) == asked
    assert parsed == parse({ALIASES[alias]: asked})


@pytest.mark.parametrize("kind", BY_TYPE.values())
def test_aliases_lead_to_settings_and_hide_none(kind):
    assert set(kind.ALIASES.values()) <= set(kind.model_fields)
    assert not set(kind.ALIASES) & set(kind.model_fields)


@pytest.mark.parametrize("model_type", ModelType)
def test_every_type_of_model_has_settings_of_its_own_that_all_have_defaults(model_type):
    assert type(parse({}, model_type)) is BY_TYPE[model_type]


def test_a_setting_of_another_type_is_told_from_one_that_there_is_not():
    with pytest.raises(InvalidInput) as refused:
        parse({"threshold": 0.5, "k": 3}, ModelType.REGRESSION)
    assert [problem.message for problem in refused.value.problems] == [
        "is no hyperparameter of models of type regression."
    ] * 2


@pytest.mark.parametrize(
    ("given", "setting", "value"),
    [
        ({"learning_rate": 1}, "learning_rate", 1.0),
        ({"max_depth": -1}, "max_depth", -1),
        ({"target": None}, "target", None),
        ({"features": None}, "features", None),
        ({"features": ["a", "b"]}, "features", ["a", "b"]),
        ({"early_stopping_rounds": 0}, "early_stopping_rounds", 0),
        ({"seed": 2**31 - 1}, "seed", 2**31 - 1),
        ({"is_unbalance": True}, "is_unbalance", True),
    ],
)
def test_a_value_in_range_is_taken(given, setting, value):
    assert getattr(parse(given), setting) == value


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("num_iterations", 100.0),
        ("num_iterations", "100"),
        ("num_iterations", True),
        ("num_iterations", None),
        ("num_iterations", 0),
        ("num_iterations", 100_001),
        ("num_iterations", 10**400),
        ("n_estimators", 1.5),
        ("learning_rate", "0.1"),
        ("learning_rate", True),
        ("learning_rate", 0),
        ("learning_rate", math.nan),
        ("learning_rate", math.inf),
        ("lambda_l1", -math.inf),
        ("lambda_l2", math.inf),
        ("lambda_l2", 10**400),
        ("feature_fraction", 1.01),
        ("validation_fraction", 0.0),
        ("seed", -1),
        ("seed", 2**31),
        ("is_unbalance", 1),
        ("is_unbalance", "true"),
        ("target", ""),
        ("target", 5),
        ("features", []),
        ("features", "age"),
        ("features", {"age": 1}),
    ],
)
def test_a_value_of_another_type_or_out_of_range_is_named_as_it_was_given(name, value):
    ((field, found),) = problems_of({name: value})
    assert field == name
    assert found is value


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("validation_fraction", "fast", "must be a number from 0.01 to 0.5, is 'fast'."),
        ("eta", 0, "must be a number above 0, at most 10, is 0."),
        ("lambda_l1", math.inf, "must be a finite number of at least 0, is inf."),
        ("num_trees", 2.5, "must be a whole number from 1 to 100,000, is 2.5."),
        ("seed", 2**31, "must be a whole number from 0 to 2,147,483,647, is 2147483648."),
        ("seed", 10**400, "must be a whole number from 0 to 2,147,483,647, is a whole number of 1,329 bits."),
        ("max_depth", None, "must be a whole number from -1 to 1,000, is null."),
        ("is_unbalance", 1, "must be true or false, is 1."),
        ("num_leaves", True, "must be a whole number from 2 to 131,072, is true."),
        ("num_leaves", "x" * 300, f"must be a whole number from 2 to 131,072, is '{'x' * 40}…'."),
        ("target", "", "must be the name of a column, is ''."),
        ("features", [], "must be a list of at least one column name, is an empty list."),
        ("features", {"age": 1}, "must be a list of at least one column name, is an object."),
        ("features", ["a", 5], "must be the name of a column, is 5."),
        ("threshold", 2, "must be 'auto' or a number from 0 to 1, is 2."),
        ("threshold", "best", "must be 'auto' or a number from 0 to 1, is 'best'."),
        ("split", "x", "must be 'auto', 'random', 'stratified', 'group' or 'time', is 'x'."),
        ("folds", 1, "must be 0 or a whole number from 2 to 10, is 1."),
    ],
)
def test_a_value_that_is_refused_is_answered_with_what_it_must_be(name, value, message):
    with pytest.raises(InvalidInput) as refused:
        parse({name: value})
    assert [problem.message for problem in refused.value.problems] == [message]


@pytest.mark.parametrize("features", [["a", 1], ["a", ""], ["a", None]])
def test_a_feature_that_is_no_name_is_named_by_its_place(features):
    assert problems_of({"features": features}) == [("features[1]", features[1])]


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("learning_rat", " Did you mean 'learning_rate'?"),
        ("Num_Leaves", " Did you mean 'num_leaves'?"),
        ("n_estimator", " Did you mean 'n_estimators'?"),
        ("boosting_colour", ""),
        ("", ""),
        ("x" * 100_000, ""),
    ],
)
def test_an_unknown_name_is_answered_with_the_nearest_real_one(name, hint):
    with pytest.raises(InvalidInput) as refused:
        parse({name: 1})
    (problem,) = refused.value.problems
    assert (problem.field, problem.value) == (f"hyperparameters.{name}", 1)
    assert problem.message == f"is no hyperparameter.{hint}"


@pytest.mark.parametrize("names", [("n_estimators", "num_iterations"), ("eta", "shrinkage_rate")])
def test_a_setting_is_given_once(names):
    first, second = names
    assert problems_of({first: 1, second: 1}) == [(second, 1)]


def test_all_that_is_wrong_is_named_at_once():
    given = {"colour": 1, "num_leaves": 1, "eta": 0, "learning_rate": 0.1, "seed": "a"}
    assert sorted(field for field, _ in problems_of(given)) == [
        "colour",
        "eta",
        "learning_rate",
        "num_leaves",
        "seed",
    ]


def test_of_endless_problems_the_first_are_named():
    assert len(problems_of({f"unknown_{place}": 1 for place in range(30_000)})) == PROBLEMS_MAX


def test_a_stored_plan_is_read_back_as_it_was():
    asked = parse({"features": ["a"], "eta": 1, "seed": 3, "lambda": 0.5})
    assert Classification.model_validate_json(asked.model_dump_json()) == asked
    assert Classification.model_validate(asked.model_dump()) == asked


@pytest.mark.parametrize(
    ("given", "objective"),
    [
        ({"objective": "l2"}, "regression"),
        ({"objective": "mae"}, "regression_l1"),
        ({"application": "mean_absolute_error"}, "regression_l1"),
        ({"loss": "squared_error"}, "regression"),
        ({"loss": "absolute_error"}, "regression_l1"),
        ({"objective": "poisson"}, "poisson"),
    ],
)
def test_an_objective_is_known_by_the_names_that_others_have_for_it(given, objective):
    assert parse(given, ModelType.REGRESSION).objective == objective


@pytest.mark.parametrize("value", ["quantil", "binary", 5, None, ["l1"]])
def test_what_is_no_objective_is_answered_with_those_that_there_are(value):
    with pytest.raises(
        InvalidInput, match="must be 'regression', 'regression_l1', 'huber', 'quantile', 'poisson'"
    ):
        parse({"objective": value}, ModelType.REGRESSION)


def test_an_objective_that_nobody_asked_for_is_not_stored_and_one_that_somebody_did_is():
    asked = {"objective": "tweedie", "tweedie_variance_power": 1.2}
    stored = parse(asked, ModelType.REGRESSION).model_dump_json()
    assert Regression.model_validate_json(stored) == parse(asked, ModelType.REGRESSION)
    assert not {"objective", "alpha", "tweedie_variance_power"} & set(parse({}, ModelType.REGRESSION).model_dump())


@pytest.mark.parametrize(
    ("given", "rounds"),
    [
        ({}, 0),
        ({"subsample": 0.8}, 1),
        ({"bagging_fraction": 0.8, "bagging_freq": 5}, 5),
        ({"bagging_fraction": 0.8, "subsample_freq": 0}, 0),
        ({"bagging_fraction": 1}, 0),
        ({"bagging_freq": 3}, 3),
    ],
)
@pytest.mark.parametrize("model_type", [each for each in ModelType if each is not ModelType.CLUSTERING])
def test_a_share_of_the_rows_is_drawn_in_each_round_where_nothing_else_is_said(given, rounds, model_type):
    assert parse(given, model_type).bagging_freq == rounds


def test_a_share_of_the_rows_that_is_none_is_named_alone():
    assert problems_of({"subsample": "half"}) == [("subsample", "half")]


def test_a_stored_plan_draws_no_rows_where_it_drew_none():
    assert Classification.model_validate({"bagging_fraction": 0.8, "bagging_freq": 0}).bagging_freq == 0
