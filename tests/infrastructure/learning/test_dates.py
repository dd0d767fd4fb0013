"""Instants are calendar and clock to the trees, and one feature to everybody else."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from application.ports.predictor import Rows
from domain.datasets.values import Column, ColumnType, Contents, DatasetFormat
from domain.inference.instants import seconds_of
from domain.models.values import ModelType
from domain.training.hyperparameters.parsing import parse
from domain.training.values import TrainingPlan
from infrastructure.evaluation.importance import importance_of
from infrastructure.learning.artifact import keep
from infrastructure.learning.dates import PARTS, Layout, parts_of
from infrastructure.learning.encoding import encode_rows, numbers
from infrastructure.learning.loading import ArtifactPredictorLoader
from infrastructure.learning.training import train
from tests.support.fakes.artifacts import InMemoryArtifacts

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
TYPES = ["numeric", "datetime", "categorical", "datetime"]

instants = st.datetimes(datetime(1, 1, 1), datetime(9999, 12, 31, 23, 59, 59)).map(
    lambda instant: instant.replace(tzinfo=UTC)
)


@given(instant=instants)
def test_the_parts_of_an_instant_are_those_of_the_calendar(instant: datetime) -> None:
    seconds = (instant - EPOCH) / timedelta(seconds=1)
    whole = datetime.fromtimestamp(0, UTC) + timedelta(seconds=int(seconds // 1))

    (found,) = parts_of(np.array([seconds])).tolist()

    days = (whole.date() - EPOCH.date()).days
    assert found == [days, whole.year, whole.month, whole.day, whole.weekday(), whole.hour]


@given(
    row=st.tuples(
        st.floats(allow_nan=True),
        st.none() | st.floats(),
        st.none() | st.integers(0, 5).map(float),
        st.none() | st.floats(-1e12, 1e12),
    )
)
def test_a_row_alone_becomes_what_it_becomes_among_others(row: tuple[float | None, ...]) -> None:
    layout = Layout(TYPES)
    rows = np.array([row, row], dtype=np.float64)

    found = layout.rows(rows)

    assert found.shape == (2, layout.width) == (2, 2 + 2 * len(PARTS))
    assert layout.categorical == [1 + len(PARTS)]
    assert np.array_equal(np.array([layout.row(row)] * 2, dtype=np.float64), found, equal_nan=True)


def test_what_the_parts_contribute_is_the_features() -> None:
    layout = Layout(TYPES)
    columns = np.arange(2.0 * (layout.width + 1)).reshape(2, 1, -1)

    summed = layout.summed(columns)

    assert summed.shape == (2, 1, len(TYPES) + 1)
    assert summed.sum(axis=-1) == pytest.approx(columns.sum(axis=-1))
    assert summed[0, 0].tolist() == [0, sum(range(1, 7)), 7, sum(range(8, 14)), 14]


@pytest.mark.parametrize(
    "values",
    [
        pa.array([EPOCH + timedelta(days=1), None], pa.timestamp("us", "UTC")),
        pa.array([EPOCH.replace(tzinfo=None) + timedelta(days=1), None], pa.timestamp("ns")),
        pa.array([EPOCH + timedelta(days=1), None], pa.timestamp("s", "Europe/Berlin")),
        pa.array([EPOCH.date() + timedelta(days=1), None], pa.date32()),
        pa.array([EPOCH.date() + timedelta(days=1), None], pa.date64()),
    ],
    ids=lambda values: str(values.type),
)
def test_dates_and_instants_are_seconds_since_1970(values: pa.Array) -> None:
    assert numbers(pa.chunked_array([values])).tolist() == [86_400.0, pytest.approx(np.nan, nan_ok=True)]


@pytest.fixture
def visits() -> tuple[TrainingPlan, pa.Table]:
    """Return 1,000 hours whose visits follow the weekday and the hour."""
    hours = [datetime(2024, 1, 1, tzinfo=UTC) + timedelta(hours=7 * index) for index in range(1_000)]
    visits = [10.0 * (hour.weekday() >= 5) + hour.hour for hour in hours]
    columns = (
        Column(name="at", type=ColumnType.DATETIME, missing=10),
        Column(name="noise", type=ColumnType.NUMERIC, missing=0),
        Column(name="visits", type=ColumnType.NUMERIC, missing=0),
    )
    at = pa.array([None] * 10 + hours[10:], pa.timestamp("us", "UTC"))
    table = pa.table({"at": at, "noise": [float(index % 3) for index in range(1_000)], "visits": visits})
    plan = TrainingPlan(
        model_type=ModelType.REGRESSION,
        dataset_id=UUID(int=1),
        contents=Contents(
            format=DatasetFormat.PARQUET, sha256="ab" * 32, size_bytes=1, rows=1_000, columns=columns
        ),
        target=columns[2],
        features=columns[:2],
        hyperparameters=parse(ModelType.REGRESSION, {"num_iterations": 100, "learning_rate": 0.2}),
    )
    return plan, table


def test_calendar_and_clock_are_learned_from_one_feature(visits: tuple[TrainingPlan, pa.Table]) -> None:
    plan, table = visits
    artifacts = InMemoryArtifacts()

    result = train(plan, table, num_threads=1, on_iteration=lambda _: None)

    assert result.metrics["r2"] > 0.95
    assert [feature.type for feature in result.manifest.features] == ["datetime", "numeric"]
    predictor = ArtifactPredictorLoader(artifacts=artifacts).load(keep(artifacts, result.manifest, result.parts))
    rows = Rows(encode_rows(result.manifest.features, table))
    predicted = predictor.predict(rows)
    assert [predictor.predict_row(row)[0] for row in rows.numbers[:50].tolist()] == list(
        predicted.predictions[:50]
    )
    explained = predictor.explain(rows, None)
    assert isinstance(explained, np.ndarray)
    assert explained.shape == (1_000, 3)
    assert explained.sum(axis=1) == pytest.approx(np.array(predicted.predictions))
    assert np.abs(explained[:, 0]).mean() > 10 * np.abs(explained[:, 1]).mean()
    assert result.held_out is not None
    first, second = importance_of(plan, result, predictor, result.held_out)
    assert (first.feature, second.feature) == ("at", "noise")
    assert first.gain is not None
    assert second.gain is not None
    assert 0.9 < first.gain == pytest.approx(1.0 - second.gain)


@given(given_instants=st.lists(instants.map(lambda instant: instant.replace(microsecond=0)), min_size=1))
@example(given_instants=[datetime(9999, 12, 31, tzinfo=UTC), datetime(1, 1, 1, tzinfo=UTC)])
def test_instants_of_every_year_are_the_seconds_that_clients_say(given_instants: list[datetime]) -> None:
    column = pa.chunked_array([pa.array(given_instants, pa.timestamp("us", "UTC"))])
    assert numbers(column).tolist() == [seconds_of(each.isoformat()) for each in given_instants]
