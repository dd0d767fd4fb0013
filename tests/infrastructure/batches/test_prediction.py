"""Tables that are predicted for have the answers of inference in them, whatever the type of the model."""

from pathlib import Path
from typing import Any
from uuid import UUID

import numpy as np
import pyarrow.parquet as pq
import pytest

from application.inference.explaining import Explain
from domain.batches.values import BatchPlan
from domain.datasets.values import DatasetFormat
from infrastructure.batches.prediction import write_predictions
from infrastructure.batches.protocol import Order
from infrastructure.datasets.files import LocalDatasetFiles
from interfaces.requests.filters import parse_filter
from tests.interfaces.inference.streaming import a_served_example
from tests.support.data import OF_EVERY_TYPE


def predicted(name: str, directory: Path, explain: Explain) -> list[dict[str, Any]]:
    """Return the rows of the table that a batch prediction for an example gives."""
    dataset, result = OF_EVERY_TYPE[name]().write(directory), directory / "result.parquet"
    contents = LocalDatasetFiles(None).inspect(dataset, DatasetFormat.CSV)
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
        plan=plan, dataset=dataset, sha256=contents.sha256, result=result, artifacts=directory, explain=explain
    )
    predictor = a_served_example(name).loaded.predictor
    assert write_predictions(order, predictor, on_rows=lambda _: None) == contents.rows
    found: list[dict[str, Any]] = pq.read_table(result).to_pylist()
    return found


@pytest.mark.parametrize("name", OF_EVERY_TYPE)
def test_a_table_has_the_answers_of_inference(name: str, tmp_path: Path) -> None:
    table = OF_EVERY_TYPE[name]()
    predictor = a_served_example(name).loaded.predictor
    rows = np.array(predictor.schema.conform(table.instances()))
    expected = predictor.predict(rows)
    contributions = predictor.explain(rows, expected.chosen)[:, :-1].tolist()

    found = predicted(name, tmp_path, explain=True)

    assert [each["prediction"] for each in found] == expected.predictions
    assert [each.get("probability") for each in found] == (expected.probabilities or [None] * len(rows))
    explanations = [[each[f"explanation.{name}"] for name in predictor.schema.names] for each in found]
    assert explanations == contributions


def test_clusters_may_be_asked_for_in_a_condition(tmp_path: Path) -> None:
    found = predicted("customers", tmp_path, explain=parse_filter("prediction = 0 AND probability > 0.5"))

    for each in found:
        is_explained = each["explanation.plan"] is not None
        assert is_explained == (each["prediction"] == 0 and each["probability"] > 0.5)
