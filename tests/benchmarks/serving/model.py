"""The model that all servers serve: 100 trees of 31 leaves over 33 named features, trained by the service."""

import csv
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from infrastructure.artifacts.local import LocalArtifacts
from infrastructure.learning.artifact import load
from infrastructure.learning.manifest import TREES
from tests.support.service import running_service

MODEL = "risk"
FEATURES = 33
ROWS = 20_000
SENT = 2_000
"""Rows that requests are made of, all different."""

_TREES: dict[str, Any] = {"num_iterations": 100, "num_leaves": 31, "early_stopping_rounds": 0}
_DIGITS = 7


@dataclass(frozen=True)
class Served:
    """What all servers serve.

    Attributes:
        versions: Of the model, in the order of their training; the first is in production.
        text: The trees, as LightGBM writes them.
        names: Of the features, in the order of the trees' columns.
        rows: Of shape (`SENT`, `FEATURES`), as they are sent.
    """

    versions: tuple[str, ...]
    text: str
    names: tuple[str, ...]
    rows: NDArray[np.float64]

    def instances(self, rows: slice | int) -> Any:
        """Return a row as a JSON object, or several as a list of them."""
        values = self.rows[rows].tolist()
        if isinstance(rows, int):
            return dict(zip(self.names, values, strict=True))
        return [dict(zip(self.names, row, strict=True)) for row in values]

    def named_text(self) -> str:
        """Return the trees with the names of their features, which the service keeps beside them."""
        line = next(line for line in self.text.splitlines() if line.startswith("feature_names="))
        return self.text.replace(line, "feature_names=" + " ".join(self.names))


def serving_home(home: Path, *, versions: int = 1) -> Served:
    """Make a data directory whose model has so many versions, the first in production, and return what it serves.

    The rows are made from a seed: 33 numbers with no digit to six digits behind the point, as tables have them.
    """
    names, features, labels = _table()
    with running_service(home) as service:
        service.upload("rows", _written(home / "rows.csv", names, features, labels), "late")
        service.post("/models", {"name": MODEL, "type": "classification"}).raise_for_status()
        for seed in range(versions):
            job = service.ended(service.train(MODEL, "rows", seed=seed, **_TREES))
            assert job["status"] == "completed", job
        trained = service.get(f"/models/{MODEL}/versions", order_by="created_at")["items"]
        service.promote(MODEL, trained[0]["version"]).raise_for_status()
    manifest, parts = load(LocalArtifacts(root=home / "artifacts"), trained[0]["artifact_url"])
    return Served(
        versions=tuple(version["version"] for version in trained),
        text=parts[TREES].decode(),
        names=tuple(each.name for each in manifest.features),
        rows=features[:SENT],
    )


def json_body(served: Served, rows: slice | int) -> bytes:
    """Return the body of a request to the service."""
    return json.dumps({"model_id": MODEL, "features": served.instances(rows)}).encode()


def _table() -> tuple[list[str], NDArray[np.float64], list[str]]:
    random = np.random.default_rng(5)
    features = random.normal(scale=100.0, size=(ROWS, FEATURES))
    for column in range(FEATURES):
        features[:, column] = features[:, column].round(column % _DIGITS)
    score = features[:, 0] * features[:, 1] / 100 + 60 * np.sin(features[:, 2] / 30) + features[:, 3:].sum(axis=1)
    late = score + random.normal(scale=100.0, size=ROWS) > 0
    names = [f"measurement_{number:02}" for number in range(FEATURES)]
    return names, features, ["yes" if each else "no" for each in late]


def _written(path: Path, names: Sequence[str], features: NDArray[np.float64], labels: Sequence[str]) -> Path:
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow([*names, "late"])
        writer.writerows([*row, label] for row, label in zip(features.tolist(), labels, strict=True))
    return path
