"""Tables that are predicted for have the answers of inference in them, whatever the type of the model."""

from pathlib import Path
from typing import Any
from uuid import UUID

import numpy as np
import pyarrow.parquet as pq
import pytest

from application.inference.explaining import Explain
from application.ports.predictor import Predictor, rows_of
from application.ports.work import WorkFailed
from domain.batches.values import BatchPlan
from domain.datasets.values import DatasetFormat
from infrastructure.artifacts.place import ArtifactPlace
from infrastructure.batches.prediction import write_predictions
from infrastructure.batches.protocol import Order
from infrastructure.datasets.files import LocalDatasetFiles
from interfaces.requests.filters import parse_filter
from tests.interfaces.inference.streaming import a_served_example
from tests.support.data import OF_EVERY_TYPE, customers
from tests.support.fakes.predictors import FakeForecaster

FILES = LocalDatasetFiles(None)


def predicted(dataset: Path, predictor: Predictor, explain: Explain) -> list[dict[str, Any]]:
    """Return the rows of the table that a batch prediction for a dataset gives."""
    result = dataset.with_name("result.parquet")
    contents = FILES.inspect(dataset, DatasetFormat.CSV)
    plan = BatchPlan(
        model_id=UUID(int=1),
        version_id=UUID(int=2),
        version="1.0.0",
        artifact_url="artifact:unused",
        dataset_id=UUID(int=3),
        contents=contents,
        explain="as the order says",
        name="scored",
    )
    order = Order(
        plan=plan,
        sha256=contents.sha256,
        result=result,
        artifacts=ArtifactPlace(root=dataset.parent),
        explain=explain,
    )
    assert write_predictions(order, dataset, predictor, on_rows=lambda _: None) == contents.rows
    found: list[dict[str, Any]] = pq.read_table(result).to_pylist()
    assert FILES.inspect(result, DatasetFormat.PARQUET).rows == len(found)
    return found


@pytest.mark.parametrize("name", OF_EVERY_TYPE)
def test_a_table_has_the_answers_of_inference(name: str, tmp_path: Path) -> None:
    table = OF_EVERY_TYPE[name]()
    predictor = a_served_example(name).loaded.predictor
    rows = rows_of(predictor.schema, predictor.schema.conform(table.instances()))
    expected = predictor.predict(rows)
    contributions = predictor.explain(rows, expected.chosen)

    found = predicted(table.write(tmp_path), predictor, explain=True)

    assert [each["prediction"] for each in found] == expected.predictions
    assert [each.get("probability") for each in found] == (expected.probabilities or [None] * len(rows))
    if isinstance(contributions, np.ndarray):
        explanations = [[each[f"explanation.{name}"] for name in predictor.schema.names] for each in found]
        assert explanations == contributions[:, :-1].tolist()
    else:
        assert [dict(each["explanation"]) for each in found] == list(contributions)


def test_clusters_may_be_asked_for_in_a_condition(tmp_path: Path) -> None:
    dataset, predictor = customers().write(tmp_path), a_served_example("customers").loaded.predictor
    found = predicted(dataset, predictor, explain=parse_filter("prediction = 0 AND probability > 0.5"))

    for each in found:
        is_explained = each["explanation.plan"] is not None
        assert is_explained == (each["prediction"] == 0 and each["probability"] > 0.5)


@pytest.mark.parametrize("explain", [True, False])
def test_forecasts_and_explanations_by_other_names_in_each_row_are_nested(tmp_path: Path, explain: bool) -> None:
    dataset = tmp_path / "wanted.csv"
    dataset.write_text("series,horizon,note\nAnn,2,a\n,1,b\n007,0,c\n")
    forecaster = FakeForecaster()

    found = predicted(dataset, forecaster, explain=explain)

    rows = [["Ann", 2.0, None, None], [None, 1.0, None, None], ["007", 0.0, None, None]]
    assert [each["prediction"] for each in found] == [forecaster.predict_row(row)[0] for row in rows]
    assert [each["note"] for each in found] == ["a", "b", "c"]
    explanations = [dict(each["explanation"]) for each in found] if explain else None
    assert explanations == (
        [{"price": 0.0, "series": 3.0}, {"price": 0.0}, {"price": 0.0, "series": 3.0}] if explain else None
    )
    assert ("explanation" in found[0]) is explain


def test_a_row_that_cannot_be_answered_fails_the_batch_and_is_named(tmp_path: Path) -> None:
    dataset = tmp_path / "wanted.csv"
    dataset.write_text("series,horizon\nAnn,2\nBob,101\n")

    with pytest.raises(WorkFailed, match=r"Row 2 cannot be answered: horizon must be 100 at most\.") as failed:
        predicted(dataset, FakeForecaster(), explain=True)
    assert failed.value.code == "batch-prediction.row-refused"
