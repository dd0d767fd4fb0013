"""A training through the service against `lightgbm.train` on the same rows with the same parameters."""

import csv
import time
from pathlib import Path
from typing import Any

import lightgbm as lgb
import numpy as np

from tests.benchmarks.measure import Figure, interleaved, median_ratio, scratch, spread
from tests.support.service import RunningService, running_service

ROWS, COLUMNS = 60_000, 30
REPEATS = 5
HYPERPARAMETERS: dict[str, Any] = {
    "num_iterations": 1_500,
    "learning_rate": 0.02,
    "num_leaves": 63,
    "early_stopping_rounds": 0,
}


def run() -> list[Figure]:
    """Measure from request to completed; alone means with the rows in memory already, and no metrics after."""
    with scratch() as directory, running_service(directory / "home") as service:
        features, target = _rows()
        service.upload("rows", _written(directory / "rows.csv", features, target), "target")
        service.post("/models", {"name": "model", "type": "regression"})
        served, plain = interleaved(
            lambda: _through_the_service(service), lambda: _plain(features, target), repeats=REPEATS
        )
        job = service.get("/training-jobs", page_size=1)["items"][0]
        events = service.get("/events", aggregate_id=job["id"], limit=1000)["items"]
    return [
        Figure(
            f"lightgbm.train alone, {ROWS:,} × {COLUMNS}, {HYPERPARAMETERS['num_iterations']} rounds",
            spread(plain, "s", 1),
        ),
        Figure("training job, request to completed", spread(served, "s", 1)),
        Figure("ratio job : alone", f"{median_ratio(served, plain):.3f}"),
        Figure("difference", f"{np.median(np.array(served) - np.array(plain)):.1f} s"),
        Figure("events of a job", str(len(events))),
    ]


def _through_the_service(service: RunningService) -> float:
    begin = time.perf_counter()
    job = service.ended(service.train("model", "rows", **HYPERPARAMETERS))
    assert job["status"] == "completed", job
    return time.perf_counter() - begin


def _plain(features: Any, target: Any) -> float:
    begin = time.perf_counter()
    held_out = np.arange(len(target)) % 5 == 0
    parameters = {
        "objective": "regression",
        "metric": "rmse",
        "learning_rate": HYPERPARAMETERS["learning_rate"],
        "num_leaves": HYPERPARAMETERS["num_leaves"],
        "deterministic": True,
        "force_row_wise": True,
        "verbosity": -1,
    }
    learned = lgb.Dataset(features[~held_out], target[~held_out])
    validated = lgb.Dataset(features[held_out], target[held_out], reference=learned)
    lgb.train(parameters, learned, HYPERPARAMETERS["num_iterations"], valid_sets=[validated])
    return time.perf_counter() - begin


def _rows() -> tuple[Any, Any]:
    random = np.random.default_rng(0)
    features = random.normal(size=(ROWS, COLUMNS))
    target = features[:, 0] * features[:, 1] + np.sin(3 * features[:, 2]) + random.normal(scale=0.1, size=ROWS)
    return features, target


def _written(path: Path, features: Any, target: Any) -> Path:
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow([*(f"x{n}" for n in range(COLUMNS)), "target"])
        writer.writerows(np.column_stack([features, target]).tolist())
    return path
