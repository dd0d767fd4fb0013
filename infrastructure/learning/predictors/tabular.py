"""What classifications and regressions in memory have in common: they answer as plain LightGBM answers."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray

from application.ports.predictor import Predicted, Row, Rows
from domain.inference.conformance import Schema
from domain.inference.values import OBJECTS, AnswerKind, Label
from infrastructure.learning.artifact import Parts
from infrastructure.learning.bare_lightgbm import lightgbm as lgb
from infrastructure.learning.dates import DatedTrees, Layout
from infrastructure.learning.manifest import TREES, Manifest
from infrastructure.learning.trees import AveragedTrees, Trees, seconds_per_row, trees_of

PLATFORM = "lightgbm_text"

_AVERAGED, _FIRST_TREE = b"average_output", b"\nTree=0"

Floats = NDArray[np.float64]
Codes = NDArray[np.intp]


class TabularPredictor(ABC):
    """Answers with trees.

    Args:
        schema: What an instance must look like.
        trees: What answers.
        size_bytes: About how much memory they take.
        row_cost_s: About how long one row takes.
    """

    answers: AnswerKind
    labels: tuple[Label, ...] | None
    platform = PLATFORM

    def __init__(self, *, schema: Schema, trees: Trees, size_bytes: int, row_cost_s: float) -> None:
        self.schema = schema
        self.explained = schema.names
        self.size_bytes = size_bytes
        self.row_cost_s = row_cost_s
        self._trees = trees
        self._explaining = Lock()

    @abstractmethod
    def predict_row(self, row: Row) -> tuple[Label, float | None, Sequence[float]]:
        """Return the prediction for one row, its probability, and its scores."""

    @abstractmethod
    def predict(self, rows: Rows) -> Predicted:
        """Return the predictions for rows."""

    @abstractmethod
    def explain(self, rows: Rows, chosen: Codes | None) -> Floats:
        """Return the contributions to the raw scores of what was chosen, with the bias last."""

    def _contributions(self, rows: Rows) -> Floats:
        """Return the contributions to all raw scores, of shape (rows, scores, features + 1).

        One call at a time: LightGBM recomputes the depths of the shared trees at the start of each, and
        another call would size its buffers by a depth that is half computed.
        """
        with self._explaining:
            return self._trees.contributions(rows.numbers)


def trees_and_schema(manifest: Manifest, parts: Parts) -> dict[str, Any]:
    """Return what `TabularPredictor` is made of.

    Raises:
        ValueError: LightGBM refuses the trees, or they are not what the manifest says.
    """
    body = parts[TREES]
    try:
        booster = lgb.Booster(model_str=body.decode())
    except (lgb.basic.LightGBMError, ValueError) as error:
        msg = f"LightGBM refuses its body: {error}"
        raise ValueError(msg) from None
    layout = Layout([feature.type for feature in manifest.features])
    mismatch = _mismatch(manifest, layout, booster)
    if mismatch is not None:
        raise ValueError(mismatch)
    trees = trees_of(booster)
    if _AVERAGED in body.partition(_FIRST_TREE)[0].splitlines():
        trees = AveragedTrees(trees, booster.current_iteration())
    return {
        "schema": Schema(manifest.features),
        "trees": DatedTrees(trees, layout) if layout.has_dates else trees,
        "size_bytes": len(body),
        "row_cost_s": seconds_per_row(trees, booster),
    }


def _mismatch(manifest: Manifest, layout: Layout, booster: lgb.Booster) -> str | None:
    for feature in manifest.features:
        if feature.type in OBJECTS:
            return f"feature {feature.name!r} is of type {feature.type}, which no tree learns from"
    scores = 1 if manifest.labels is None or len(manifest.labels) == 2 else len(manifest.labels)  # noqa: PLR2004 - binary
    expected = {
        "features": (layout.width, booster.num_feature()),
        "scores per round": (scores, booster.num_model_per_iteration()),
        "rounds": (manifest.best_iteration, booster.current_iteration()),
    }
    for what, (said, found) in expected.items():
        if said != found:
            return f"its manifest speaks of {said} {what}, its body has {found}"
    return None
