"""Predicting for all rows of a dataset, wherever it runs."""

from collections.abc import Callable, Sequence
from typing import Protocol

from domain.batches.values import BatchPlan, PredictedTable
from domain.inference.values import Feature

FeaturesOf = Callable[[str], Sequence[Feature]]
"""Returns what the version of an artifact was trained on; raises `ArtifactUnavailable` where that is not there."""


class BatchPredictor(Protocol):
    """Makes a table with predictions from a plan, in a process of its own."""

    def predict(
        self, plan: BatchPlan, *, on_rows: Callable[[int], None], should_stop: Callable[[], bool]
    ) -> PredictedTable:
        """Predict, telling now and then for how many rows it is done, and keep the table before returning.

        `should_stop` is asked several times a second; when it says True the process is ended. An exception
        from a callback ends the process too and goes on to the caller.

        Raises:
            WorkFailed: The dataset or the version cannot be read, or the process died.
            WorkStopped: `should_stop` said True.
        """
