"""Which datasets a version can predict for, and what is said of the others."""

import pytest

from domain.datasets.errors import RetiredDataset
from domain.datasets.values import Column, ColumnType, Contents, DatasetFormat
from domain.errors import InvalidInput
from domain.inference.values import Feature, FeatureType
from domain.models import model as models
from domain.models.values import ModelType
from tests.domain.histories import CONTENTS, FEATURES, a_batch_plan, a_dataset, a_model, a_version

NUMERIC, CATEGORICAL, BOOLEAN, DATETIME, OTHER = (
    ColumnType.NUMERIC,
    ColumnType.CATEGORICAL,
    ColumnType.BOOLEAN,
    ColumnType.DATETIME,
    ColumnType.OTHER,
)


def a_dataset_with(*columns: Column, format_: DatasetFormat = DatasetFormat.CSV) -> object:
    changed: Contents = CONTENTS.model_copy(update={"columns": (*CONTENTS.columns, *columns), "format": format_})
    return a_dataset(changed, target=None).state


def refused(**changed: object) -> str:
    with pytest.raises(InvalidInput) as refusal:
        a_batch_plan(**changed)
    (problem,) = refusal.value.problems
    assert problem.field == "dataset_id"
    return problem.message


def test_the_version_is_a_number_and_the_name_tells_what_it_is():
    plan = a_batch_plan()
    assert (plan.version, plan.name, plan.contents) == ("1.0.0", "houses by churn 1.0.0", CONTENTS)
    assert a_batch_plan(name="scored").name == "scored"


def test_a_name_that_cannot_be_one_is_refused():
    with pytest.raises(InvalidInput, match="name"):
        a_batch_plan(name="a/b")


def test_a_dataset_that_lacks_columns_is_refused_with_each_of_them_and_the_nearest():
    features = (*FEATURES, Feature(name="prize", type=NUMERIC), Feature(name="rooms", type=NUMERIC))
    with pytest.raises(InvalidInput) as refusal:
        a_batch_plan(features=features)
    prize, rooms = refusal.value.problems
    assert "'prize'" in prize.message
    assert "Did you mean 'price'?" in prize.message
    assert "'rooms'" in rooms.message


@pytest.mark.parametrize(
    ("trained_on", "column", "format_", "is_taken"),
    [
        (NUMERIC, CATEGORICAL, DatasetFormat.CSV, False),
        (NUMERIC, BOOLEAN, DatasetFormat.CSV, False),
        (BOOLEAN, NUMERIC, DatasetFormat.CSV, False),
        (CATEGORICAL, NUMERIC, DatasetFormat.CSV, True),
        (CATEGORICAL, BOOLEAN, DatasetFormat.CSV, True),
        (CATEGORICAL, NUMERIC, DatasetFormat.PARQUET, False),
        (NUMERIC, OTHER, DatasetFormat.PARQUET, False),
        (CATEGORICAL, DATETIME, DatasetFormat.CSV, True),
        (CATEGORICAL, DATETIME, DatasetFormat.PARQUET, False),
        (NUMERIC, DATETIME, DatasetFormat.CSV, False),
    ],
)
def test_columns_are_of_the_types_that_were_trained_on_and_csv_is_text(trained_on, column, format_, is_taken):
    dataset = a_dataset_with(Column(name="x", type=column, missing=3), format_=format_)
    features = (Feature(name="x", type=trained_on),)
    if is_taken:
        assert a_batch_plan(dataset=dataset, features=features)
    else:
        assert f"is {column}, where the version was trained on a {trained_on} one" in refused(
            dataset=dataset, features=features
        )


@pytest.mark.parametrize("trained_on", [NUMERIC, BOOLEAN, CATEGORICAL])
def test_a_column_without_any_value_fits_every_type(trained_on):
    empty = Column(name="x", type=NUMERIC, missing=CONTENTS.rows)
    dataset = a_dataset_with(empty, format_=DatasetFormat.PARQUET)
    assert a_batch_plan(dataset=dataset, features=(Feature(name="x", type=trained_on),))


@pytest.mark.parametrize("name", ["prediction", "probability", "explanation.age"])
def test_a_column_where_predictions_would_stand_is_refused(name):
    dataset = a_dataset_with(Column(name=name, type=NUMERIC, missing=0))
    assert f"has a column {name!r} already" in refused(dataset=dataset, explain="true")


def test_without_explanations_their_columns_are_free():
    assert a_batch_plan(dataset=a_dataset_with(Column(name="explanation.age", type=NUMERIC, missing=0)))


def test_more_columns_than_a_dataset_may_have_are_refused_before_they_are_made():
    columns = [Column(name=f"c{number}", type=NUMERIC, missing=0) for number in range(3_500)]
    features = tuple(Feature(name=column.name, type=NUMERIC) for column in columns)
    dataset = a_dataset_with(*columns)
    assert a_batch_plan(dataset=dataset, features=features)
    assert "would not fit" in refused(dataset=dataset, features=features, explain="prediction = 1")


def test_a_retired_dataset_is_refused():
    dataset = a_dataset().state.model_copy(update={"is_retired": True})
    with pytest.raises(RetiredDataset):
        a_batch_plan(dataset=dataset)


def asked_of(model_type: ModelType, *features: Feature, **changed: object) -> object:
    model = a_model(type=model_type).after(models.register_version, **a_version(0))
    return a_batch_plan(features=features, model=model.state, **changed)


def test_text_is_read_from_a_column_of_text_and_what_need_not_be_there_may_be_absent():
    text = Feature(name="city", type=FeatureType.TEXT)
    absent = Feature(name="note", type=FeatureType.TEXT, is_optional=True)
    exogenous = Feature(name="exogenous", type=FeatureType.NESTED, is_optional=True)
    assert asked_of(ModelType.NLP, text, absent, exogenous, explain="true").explain == "true"
    number = Feature(name="age", type=FeatureType.TEXT)
    parquet = a_dataset(CONTENTS.model_copy(update={"format": DatasetFormat.PARQUET})).state
    with pytest.raises(InvalidInput, match="is numeric, where the version was trained on a text one"):
        asked_of(ModelType.NLP, number, dataset=parquet)


def test_what_is_nested_stands_in_no_column():
    exogenous = Feature(name="age", type=FeatureType.NESTED, is_optional=True)
    with pytest.raises(InvalidInput, match="stands in no column of a dataset: leave it out"):
        asked_of(ModelType.TIME_SERIES, exogenous)


def test_one_column_explains_where_names_differ_from_row_to_row():
    text = Feature(name="city", type=FeatureType.TEXT)
    taken = Column(name="explanation", type=CATEGORICAL, missing=0)
    for model_type in (ModelType.NLP, ModelType.TIME_SERIES):
        with pytest.raises(InvalidInput, match="has a column 'explanation' already"):
            asked_of(model_type, text, dataset=a_dataset_with(taken), explain="true")
    assert asked_of(ModelType.NLP, text, dataset=a_dataset_with(taken))


def test_a_condition_cannot_be_about_a_forecast():
    horizon = Feature(name="age", type=FeatureType.NUMERIC)
    with pytest.raises(InvalidInput, match="A condition cannot be about a forecast"):
        asked_of(ModelType.TIME_SERIES, horizon, explain="prediction > 3")
