"""What every batch predictor does."""

import io
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from application.ports.batch_predictor import BatchPredictor
from application.ports.predictor import Predictor, rows_of
from application.ports.work import WorkFailed, WorkStopped
from domain.batches.values import BatchPlan
from domain.datasets.values import Contents, DatasetFormat
from infrastructure.artifacts.local import LocalArtifacts
from infrastructure.batches.subprocess import SubprocessBatchPredictor
from infrastructure.datasets.files import LocalDatasetFiles
from infrastructure.learning.artifact import keep
from infrastructure.learning.loading import ArtifactPredictorLoader
from infrastructure.learning.training import train
from interfaces.requests.filters import parse_filter
from tests.support.data import churn, diabetes

FILES = LocalDatasetFiles(None)
ROWS = [
    {"id": "007", "months": 3.0, "plan": "basic", "calls": 2.0, "paperless": True},
    {"id": "008", "months": 50.0, "plan": None, "calls": None, "paperless": None},
    {"id": "009", "months": 20.5, "plan": "never seen", "calls": 9.0, "paperless": False},
    {"id": "010", "months": 1.0, "plan": "plus", "calls": 0.0, "paperless": True},
]
CSV = (
    "id,months,plan,calls,paperless\n"
    "007,3,basic,2,true\n"
    "008,50,NA,,\n"
    "009,20.5,never seen,9,False\n"
    "010,1,plus,0,TRUE\n"
)
CHURN = churn().plan(num_iterations=10)


@pytest.fixture
def artifacts(tmp_path: Path) -> LocalArtifacts:
    return LocalArtifacts(root=tmp_path / "artifacts")


@pytest.fixture(params=[SubprocessBatchPredictor])
def batches(request: pytest.FixtureRequest, artifacts: LocalArtifacts) -> BatchPredictor:
    make: Callable[..., BatchPredictor] = request.param
    return make(artifacts=artifacts, parse_condition=parse_filter)


@pytest.fixture
def artifact_url(artifacts: LocalArtifacts) -> str:
    training = train(CHURN, churn().table(), num_threads=1, on_iteration=lambda _: None)
    return keep(artifacts, training.manifest, training.parts)


@pytest.fixture
def predictor(artifacts: LocalArtifacts, artifact_url: str) -> Predictor:
    return ArtifactPredictorLoader(artifacts=artifacts).load(artifact_url)


def registered(artifacts: LocalArtifacts, content: bytes, format_: DatasetFormat = DatasetFormat.CSV) -> Contents:
    return FILES.inspect(artifacts.path(artifacts.put(content)), format_)


def planned(artifact_url: str, contents: Contents, *, explain: str = "false") -> BatchPlan:
    return BatchPlan(
        model_id=UUID(int=1),
        version_id=UUID(int=2),
        version="1.0.0",
        artifact_url=artifact_url,
        dataset_id=UUID(int=3),
        contents=contents,
        explain=explain,
        name="scored",
    )


def predict(batches: BatchPredictor, plan: BatchPlan, *told: Callable[[int], None]) -> Contents:
    on_rows = told[0] if told else lambda _: None
    return batches.predict(plan, on_rows=on_rows, should_stop=lambda: False).contents


def table_of(artifacts: LocalArtifacts, contents: Contents) -> pa.Table:
    return pq.read_table(artifacts.path(contents.sha256))


def as_inference_answers(predictor: Predictor, rows: list[dict[str, Any]]) -> tuple[list[Any], list[Any], Any]:
    """Return predictions, probabilities and contributions of rows that came as JSON."""
    instances = [{name: row[name] for name in predictor.schema.names} for row in rows]
    conforming = rows_of(predictor.schema, predictor.schema.conform(instances))
    predicted = predictor.predict(conforming)
    explained = np.asarray(predictor.explain(conforming, predicted.chosen))[:, :-1]
    return list(predicted.predictions), list(predicted.probabilities or ()), explained


def explanations(table: pa.Table, predictor: Predictor) -> Any:
    return np.array([table[f"explanation.{name}"].to_numpy() for name in predictor.schema.names]).T


def test_the_numbers_are_those_of_inference_beside_the_columns_of_the_dataset(
    batches: BatchPredictor, artifacts: LocalArtifacts, artifact_url: str, predictor: Predictor
) -> None:
    contents = predict(batches, planned(artifact_url, registered(artifacts, CSV.encode()), explain="true"))
    table = table_of(artifacts, contents)
    predictions, probabilities, explained = as_inference_answers(predictor, ROWS)
    assert table.select(list(ROWS[0])).to_pylist() == ROWS
    assert table["prediction"].to_pylist() == predictions
    assert table["probability"].to_pylist() == probabilities
    assert np.array_equal(explanations(table, predictor), explained)
    assert {type(each) for each in predictions} == {bool}


def test_parquet_keeps_its_types_and_gives_the_same_numbers_however_its_rows_are_grouped(
    batches: BatchPredictor, artifacts: LocalArtifacts, artifact_url: str, predictor: Predictor
) -> None:
    many = ROWS * 2_000
    days = pa.array(range(len(many)), pa.date32())
    given = pa.Table.from_pylist(many).append_column("day", days)
    given = given.set_column(2, "plan", given["plan"].combine_chunks().dictionary_encode())
    file = io.BytesIO()
    pq.write_table(given, file, row_group_size=3_001)
    told: list[int] = []
    dataset = registered(artifacts, file.getvalue(), DatasetFormat.PARQUET)
    contents = predict(batches, planned(artifact_url, dataset), told.append)
    table = table_of(artifacts, contents)
    predictions, probabilities, _ = as_inference_answers(predictor, many)
    assert table.select(["day", "id"]).equals(given.select(["day", "id"]))
    assert table["plan"].to_pylist() == [row["plan"] for row in many]
    assert table["prediction"].to_pylist() == predictions
    assert table["probability"].to_pylist() == probabilities
    assert table.schema.names == [*given.schema.names, "prediction", "probability"]
    assert told == sorted(told)


def test_where_a_condition_holds_a_prediction_is_explained_and_elsewhere_not(
    batches: BatchPredictor, artifacts: LocalArtifacts, artifact_url: str, predictor: Predictor
) -> None:
    dataset = registered(artifacts, CSV.encode())
    plan = planned(artifact_url, dataset, explain="prediction = true OR probability < 0")
    found = explanations(table_of(artifacts, predict(batches, plan)), predictor)
    predictions, _, explained = as_inference_answers(predictor, ROWS)
    assert 0 < sum(predictions) < len(ROWS)
    assert np.array_equal(found[predictions], explained[predictions])
    assert all(math.isnan(each) for each in found[np.logical_not(predictions)].ravel())


def test_numbers_that_are_predicted_have_no_probability(
    batches: BatchPredictor, artifacts: LocalArtifacts
) -> None:
    training = train(
        diabetes().plan(num_iterations=5), diabetes().table(), num_threads=1, on_iteration=lambda _: None
    )
    url = keep(artifacts, training.manifest, training.parts)
    predictor = ArtifactPredictorLoader(artifacts=artifacts).load(url)
    contents = predict(batches, planned(url, registered(artifacts, diabetes().csv())))
    table = table_of(artifacts, contents)
    predictions, _, _ = as_inference_answers(predictor, diabetes().instances())
    assert table["prediction"].to_pylist() == predictions
    assert table.schema.names == [*diabetes().cells, "prediction"]


def test_the_same_plan_gives_the_same_bytes_and_what_it_says_of_them_is_what_a_registration_finds(
    batches: BatchPredictor, artifacts: LocalArtifacts, artifact_url: str
) -> None:
    plan = planned(artifact_url, registered(artifacts, CSV.encode()), explain="true")
    first, second = predict(batches, plan), predict(batches, plan)
    assert first == second
    assert FILES.inspect(artifacts.path(first.sha256), DatasetFormat.PARQUET) == first
    assert list((artifacts.root / "incoming").iterdir()) == []


@pytest.mark.parametrize(
    ("damage", "code"),
    [
        (lambda path: path.unlink(), "batch-prediction.dataset-unavailable"),
        (lambda path: path.write_bytes(CSV.replace("50", "51").encode()), "batch-prediction.dataset-changed"),
    ],
    ids=["gone", "changed"],
)
def test_a_dataset_that_is_not_what_was_registered_fails(
    batches: BatchPredictor,
    artifacts: LocalArtifacts,
    artifact_url: str,
    damage: Callable[[Path], None],
    code: str,
) -> None:
    contents = registered(artifacts, CSV.encode())
    path = artifacts.path(contents.sha256)
    path.chmod(0o644)
    damage(path)
    with pytest.raises(WorkFailed) as failed:
        predict(batches, planned(artifact_url, contents))
    assert failed.value.code == code


def test_a_version_whose_artifact_is_gone_fails(batches: BatchPredictor, artifacts: LocalArtifacts) -> None:
    plan = planned(f"artifact:{'ab' * 32}", registered(artifacts, CSV.encode()))
    with pytest.raises(WorkFailed) as failed:
        predict(batches, plan)
    assert failed.value.code == "artifact.unavailable"


def test_work_that_is_to_stop_stops_and_leaves_nothing(
    batches: BatchPredictor, artifacts: LocalArtifacts, artifact_url: str
) -> None:
    plan = planned(artifact_url, registered(artifacts, CSV.encode()))
    with pytest.raises(WorkStopped):
        batches.predict(plan, on_rows=lambda _: None, should_stop=lambda: True)
    assert list((artifacts.root / "incoming").iterdir()) == []
