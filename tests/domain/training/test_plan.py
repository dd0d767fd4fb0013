"""Whether a model can learn from a dataset: all that is knowable before looking at the data."""

import pytest

from domain.datasets import dataset as datasets
from domain.datasets.errors import RetiredDataset
from domain.datasets.values import Column, ColumnType
from domain.errors import InvalidInput
from domain.models.values import ModelType
from domain.training.hyperparameters.parsing import parse
from domain.training.plan import ROWS_MIN, plan
from tests.domain.histories import CONTENTS, DATASET_ID, a_dataset

REGRESSION, CLASSIFICATION = ModelType.REGRESSION, ModelType.CLASSIFICATION
CLUSTERING, NLP = ModelType.CLUSTERING, ModelType.NLP
TIME_SERIES = ModelType.TIME_SERIES


def planned(model_type=REGRESSION, dataset=None, **hyperparameters):
    story = a_dataset() if dataset is None else dataset
    return plan(model_type=model_type, dataset=story.state, hyperparameters=parse(model_type, hyperparameters))


def names(columns):
    return [column.name for column in columns]


def refused(model_type=REGRESSION, dataset=None, **hyperparameters):
    with pytest.raises(InvalidInput) as error:
        planned(model_type, dataset, **hyperparameters)
    (problem,) = error.value.problems
    return problem


def test_a_plan_learns_the_target_from_all_that_can_be_learned_from():
    found = planned()
    assert (found.model_type, found.dataset_id, found.contents) == (REGRESSION, DATASET_ID, CONTENTS)
    assert found.target.name == "price"
    assert names(found.features) == ["age", "city", "smoker"]


def test_a_plan_may_name_another_target_which_is_then_no_feature():
    found = planned(target="age")
    assert found.target.name == "age"
    assert names(found.features) == ["city", "smoker", "price"]


@pytest.mark.parametrize("target", ["age", "city", "smoker", "price"])
def test_a_classification_learns_any_label(target):
    assert planned(CLASSIFICATION, target=target).target.name == target


@pytest.mark.parametrize("target", ["city", "smoker", "seen"])
def test_a_regression_learns_numbers_only(target):
    problem = refused(target=target)
    assert (problem.field, problem.value) == ("hyperparameters.target", target)
    assert "models of type regression learn a numeric column" in problem.message


@pytest.mark.parametrize("target", ["city", "smoker", "seen"])
def test_a_target_that_the_dataset_names_and_cannot_be_learned_is_blamed_on_the_dataset(target):
    problem = refused(dataset=a_dataset(target=target))
    assert (problem.field, problem.value) == ("dataset_id", str(DATASET_ID))
    assert problem.message.startswith(f"Column {target!r} is ")
    assert problem.message.endswith("name another column in hyperparameters.target.")
    assert planned(dataset=a_dataset(target=target), target="price").target.name == "price"


def test_a_column_of_another_type_cannot_be_learned():
    assert (
        "models of type classification learn a boolean or categorical or numeric column"
        in refused(CLASSIFICATION, target="seen").message
    )


def test_chosen_features_come_in_the_order_of_the_dataset():
    assert names(planned(features=["smoker", "age"]).features) == ["age", "smoker"]


@pytest.mark.parametrize(
    ("features", "field", "message"),
    [
        (["age", "ctiy"], "features[1]", "The dataset has no column 'ctiy'. Did you mean 'city'?"),
        (
            ["age", "price"],
            "features[1]",
            "'price' is the target: a model that is told the answer learns nothing.",
        ),
        (["seen"], "features[0]", "'seen' is a column of type other, which cannot be learned from."),
        (["age", "city", "age"], "features[2]", "'age' is named twice."),
    ],
)
def test_a_feature_that_cannot_be_one_is_named_by_its_place(features, field, message):
    problem = refused(features=features)
    assert (problem.field, problem.message) == (f"hyperparameters.{field}", message)


def test_a_dataset_without_target_needs_one_named():
    problem = refused(dataset=a_dataset(target=None))
    assert problem.field == "hyperparameters.target"
    assert planned(dataset=a_dataset(target=None), target="age").target.name == "age"


def test_a_target_that_is_no_column_is_answered_with_the_nearest():
    assert refused(target="prices").message == "The dataset has no column 'prices'. Did you mean 'price'?"


@pytest.mark.parametrize("target", ["age", "smoker", "price"])
def test_a_model_of_text_reads_all_columns_of_text_and_learns_any_target(target):
    found = planned(NLP, target=target)
    assert (found.target.name, names(found.features)) == (target, ["city"])


def test_a_model_of_text_reads_the_columns_that_it_is_told_to():
    assert names(planned(NLP, text_columns=["city"]).features) == ["city"]
    assert refused(NLP, text_columns=["age"]).field == "hyperparameters.text_columns[0]"
    assert "is the target" in refused(NLP, target="city", text_columns=["city"]).message
    assert "no column of text beside the target 'city'" in refused(NLP, target="city").message


def test_a_model_of_text_tells_labels_of_numbers_and_numbers_of_nothing_else():
    assert planned(NLP, target="age", task="classification").hyperparameters.task == "classification"
    assert refused(NLP, target="smoker", task="regression").field == "hyperparameters.target"


def test_a_plan_that_leaves_the_task_to_the_target_is_stored_as_before_there_was_one():
    assert "task" not in planned(NLP, target="age").model_dump(mode="json")["hyperparameters"]


def test_a_clustering_has_no_target_and_compares_by_all_that_can_be_learned_from():
    found = planned(CLUSTERING, dataset=a_dataset(target=None))
    assert found.target is None
    assert names(found.features) == ["age", "city", "smoker", "price"]


def test_a_clustering_leaves_a_target_that_the_dataset_names_alone_unless_it_is_asked_for():
    assert names(planned(CLUSTERING).features) == ["age", "city", "smoker"]
    assert names(planned(CLUSTERING, features=["price", "city"]).features) == ["city", "price"]


def test_a_clustering_needs_a_column_to_compare_by():
    columns = (Column(name="seen", type=ColumnType.OTHER, missing=0),)
    nothing = CONTENTS.model_copy(update={"columns": columns})
    assert "no column that a clustering can compare" in refused(CLUSTERING, a_dataset(nothing, None)).message
    assert refused(CLUSTERING, features=["seen"]).field == "hyperparameters.features[0]"


@pytest.mark.parametrize("rows", [0, 1, ROWS_MIN - 1])
def test_too_few_rows_leave_nothing_to_validate_on(rows):
    problem = refused(dataset=a_dataset(CONTENTS.model_copy(update={"rows": rows})))
    assert problem.field == "dataset_id"
    assert planned(dataset=a_dataset(CONTENTS.model_copy(update={"rows": ROWS_MIN}))).contents.rows == ROWS_MIN


def test_a_target_alone_teaches_nothing():
    columns = (
        Column(name="price", type=ColumnType.NUMERIC, missing=0),
        Column(name="seen", type=ColumnType.OTHER, missing=0),
    )
    problem = refused(dataset=a_dataset(CONTENTS.model_copy(update={"columns": columns})))
    assert problem.field == "dataset_id"
    assert "no column to learn from beside the target 'price'" in problem.message


def test_nothing_is_learned_from_a_retired_dataset():
    with pytest.raises(RetiredDataset):
        planned(dataset=a_dataset().after(datasets.retire))


def test_labels_are_balanced_in_one_way():
    problem = refused(CLASSIFICATION, target="smoker", class_weight="balanced", is_unbalance=True)

    assert (problem.field, problem.value) == ("hyperparameters.class_weight", "balanced")
    assert "give one of them" in problem.message


@pytest.mark.parametrize("asked", [{"class_weight": "balanced"}, {"calibration": "platt"}, {"threshold": "auto"}])
@pytest.mark.parametrize("numbers", [{"target": "age"}, {"target": "price", "task": "regression"}])
def test_what_is_for_labels_is_refused_where_a_text_tells_numbers(asked, numbers):
    problem = refused(NLP, **asked, **numbers)

    assert problem.field == f"hyperparameters.{next(iter(asked))}"
    assert "let task be 'classification'" in problem.message
    assert planned(NLP, **asked, target="age", task="classification").hyperparameters.task == "classification"


@pytest.mark.parametrize(
    ("given", "field", "told"),
    [
        ({"alpha": 0.5}, "alpha", "leave it out, or let objective be 'quantile' or 'huber'."),
        ({"objective": "poisson", "alpha": 0.5}, "alpha", "is of no use where objective is 'poisson'"),
        ({"objective": "quantile", "alpha": 1.0}, "alpha", "give a number below 1."),
        (
            {"objective": "gamma", "tweedie_variance_power": 1.2},
            "tweedie_variance_power",
            "let objective be 'tweedie'.",
        ),
        ({"objective": "huber", "executor": "dask"}, "alpha", "give it, in the unit of the target."),
    ],
)
def test_what_is_said_of_another_objective_is_refused_with_what_to_give(given, field, told):
    problem = refused(**given)

    assert problem.field == f"hyperparameters.{field}"
    assert told in problem.message


@pytest.mark.parametrize(
    "given",
    [
        {"objective": "quantile", "alpha": 0.99},
        {"objective": "huber", "alpha": 30},
        {"objective": "tweedie", "tweedie_variance_power": 1.2},
        {"objective": "huber", "executor": "dask", "alpha": 30},
    ],
)
def test_what_is_said_of_the_objective_asked_for_is_planned(given):
    assert planned(**given).hyperparameters.objective == given["objective"]


def dated(**changes):
    columns = (
        *CONTENTS.columns,
        Column(name="day", type=ColumnType.DATETIME, missing=0),
        Column(name="store", type=ColumnType.CATEGORICAL, missing=0),
    )
    return a_dataset(contents=CONTENTS.model_copy(update={"columns": columns}), **changes)


def test_dates_are_learned_from_and_no_target():
    assert names(planned(dataset=dated()).features) == ["age", "city", "smoker", "day", "store"]
    assert "day" in names(planned(dataset=dated(), features=["day", "age"]).features)
    assert "models of type classification learn" in refused(CLASSIFICATION, dataset=dated(), target="day").message


@pytest.mark.parametrize("split", ["auto", "group"])
def test_rows_are_held_apart_by_groups_that_are_not_learned_from_unless_named(split):
    found = planned(dataset=dated(), group_column="store", split=split)
    assert (found.group.name, found.time) == ("store", None)
    assert names(found.features) == ["age", "city", "smoker", "day"]
    named = planned(dataset=dated(), group_column="store", split=split, features=["store", "age"])
    assert names(named.features) == ["age", "store"]


@pytest.mark.parametrize("split", ["auto", "time"])
@pytest.mark.parametrize("column", ["day", "age"])
def test_rows_are_held_apart_by_time_which_may_be_learned_from(split, column):
    found = planned(dataset=dated(), time_column=column, split=split)
    assert (found.time.name, found.group) == (column, None)
    assert column in names(found.features)


@pytest.mark.parametrize(
    ("settings", "field", "words"),
    [
        ({"split": "group"}, "split", "takes a group_column: name it"),
        ({"split": "time"}, "split", "takes a time_column: name it"),
        ({"split": "stratified"}, "split", "must be 'auto', 'random', 'group' or 'time'"),
        ({"split": "random", "group_column": "store"}, "group_column", "is of no use where split is 'random'"),
        ({"split": "group", "group_column": "store", "time_column": "day"}, "time_column", "of no use"),
        ({"group_column": "store", "time_column": "day"}, "group_column", "say by split which"),
        ({"group_column": "price"}, "group_column", "is the target"),
        ({"group_column": "stor"}, "group_column", "store"),
        ({"group_column": "seen"}, "group_column", "is other"),
        ({"time_column": "store"}, "time_column", "is categorical, and must be datetime or numeric"),
    ],
)
def test_ways_to_hold_rows_apart_that_contradict_themselves_are_refused(settings, field, words):
    problem = refused(dataset=dated(), **settings)
    assert problem.field == f"hyperparameters.{field}"
    assert words in problem.message


def sales_by_day(*further):
    """A dataset of prices by day."""
    columns = (
        Column(name="day", type=ColumnType.DATETIME, missing=0),
        Column(name="shop", type=ColumnType.CATEGORICAL, missing=0),
        Column(name="price", type=ColumnType.NUMERIC, missing=0),
        Column(name="sold", type=ColumnType.NUMERIC, missing=0),
        *further,
    )
    return a_dataset(CONTENTS.model_copy(update={"columns": columns}), target="sold")


def test_a_forecast_is_made_by_the_one_column_of_dates():
    found = planned(TIME_SERIES, sales_by_day())
    assert (found.target.name, found.time.name, found.series, found.features) == ("sold", "day", None, ())


def test_a_forecast_reads_what_is_named():
    found = planned(TIME_SERIES, sales_by_day(), target="price", series_column="shop", exogenous=["sold"])
    assert (found.target.name, found.series.name, names(found.features)) == ("price", "shop", ["sold"])
    assert names(found.columns) == ["price", "sold", "day", "shop"]


def test_of_several_columns_of_dates_one_is_named():
    dataset = sales_by_day(Column(name="sent", type=ColumnType.DATETIME, missing=0))
    assert "name one of 'day', 'sent'" in refused(TIME_SERIES, dataset).message
    assert planned(TIME_SERIES, dataset, time_column="sent").time.name == "sent"


def test_without_dates_there_is_no_forecast():
    problem = refused(TIME_SERIES, a_dataset(target="price"))
    assert problem.field == "dataset_id"
    assert "has no column of dates" in problem.message


@pytest.mark.parametrize(
    ("settings", "field", "words"),
    [
        ({"time_column": "shop"}, "time_column", "is categorical: time is told by dates"),
        ({"time_column": "dai"}, "time_column", "'day'"),
        ({"series_column": "sold"}, "series_column", "is the target"),
        ({"series_column": "day"}, "series_column", "is datetime: series are told apart by text or numbers"),
        ({"series_column": "shop", "exogenous": ["shop"]}, "exogenous", "tells the series apart"),
        ({"exogenous": ["sold"]}, "exogenous[0]", "is the target"),
        ({"target": "shop"}, "target", "models of type time_series learn a numeric column"),
    ],
)
def test_columns_that_no_forecast_can_be_made_with_are_named(settings, field, words):
    problem = refused(TIME_SERIES, sales_by_day(), **settings)
    assert problem.field == f"hyperparameters.{field}"
    assert words in problem.message
