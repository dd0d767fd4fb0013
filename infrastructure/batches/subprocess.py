"""Predicting for a dataset in a process of its own."""

import signal
import time
from collections.abc import Callable
from pathlib import Path
from queue import Empty

from pydantic import ValidationError

from application.ports.artifacts import ArtifactUnavailable
from application.ports.batch_predictor import PredictionFailed
from application.ports.filters import Condition
from application.ports.stopping import WorkStopped
from domain.batches.values import EXPLAINED_ALL, EXPLAINED_NONE, BatchPlan, PredictedTable
from infrastructure.artifacts.local import LocalArtifacts
from infrastructure.batches.protocol import MESSAGE, MODULE, Failed, Finished, Message, Order, Progressed
from infrastructure.system.ordered_process import Death, OrderedProcess

_POLL_S = 0.05
_ENVIRONMENT = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}

ParseCondition = Callable[[str], Condition]


class SubprocessBatchPredictor:
    """Starts a new interpreter for each batch prediction.

    The thread that calls `predict` must live until it returns, because the kernel ends the process with that
    thread.

    Args:
        artifacts: The store that holds datasets and versions, and gets the tables.
        parse_condition: Reads what a plan says of explanations.
    """

    def __init__(self, *, artifacts: LocalArtifacts, parse_condition: ParseCondition) -> None:
        self._artifacts = artifacts
        self._parse_condition = parse_condition

    def predict(
        self, plan: BatchPlan, *, on_rows: Callable[[int], None], should_stop: Callable[[], bool]
    ) -> PredictedTable:
        """Predict, telling now and then for how many rows it is done, and keep the table before returning.

        `should_stop` is asked at least every 100 ms; when it says True the process is killed. An exception
        from the callback does the same and goes on to the caller.

        Raises:
            PredictionFailed: The dataset or the version cannot be read, or the process died
                (`batch-prediction.process-died`).
            WorkStopped: `should_stop` said True.
        """
        result = self._artifacts.incoming()
        try:
            return self._predicted(self._order(plan, result), on_rows, should_stop)
        finally:
            result.unlink(missing_ok=True)

    def _predicted(
        self, order: Order, on_rows: Callable[[int], None], should_stop: Callable[[], bool]
    ) -> PredictedTable:
        started = time.monotonic()
        with OrderedProcess(module=MODULE, order=order, environment=_ENVIRONMENT) as process:
            while True:
                if should_stop():
                    raise WorkStopped
                try:
                    line = process.next_line(timeout_s=_POLL_S)
                except Empty:
                    continue
                if line is None:
                    raise _failure(process.death())
                match _parse(line):
                    case Progressed(rows=rows):
                        on_rows(rows)
                    case Failed(code=code, message=message):
                        raise PredictionFailed(message, code=code)
                    case Finished(contents=contents):
                        return PredictedTable(contents=contents, duration_s=time.monotonic() - started)

    def _order(self, plan: BatchPlan, result: Path) -> Order:
        try:
            dataset = self._artifacts.path(plan.contents.sha256)
        except ArtifactUnavailable as error:
            message = f"The dataset's bytes are gone: {error.message} Register it again."
            raise PredictionFailed(message, code="batch-prediction.dataset-unavailable") from error
        return Order(
            plan=plan, explain=self._explain(plan), dataset=dataset, result=result, artifacts=self._artifacts.root
        )

    def _explain(self, plan: BatchPlan) -> bool | Condition:
        spelled = {EXPLAINED_ALL: True, EXPLAINED_NONE: False}.get(plan.explain)
        return self._parse_condition(plan.explain) if spelled is None else spelled


def _parse(line: bytes) -> Message:
    try:
        return MESSAGE.validate_json(line)
    except ValidationError as error:
        message = f"The predicting process wrote what cannot be read: {line[:200]!r}."
        raise PredictionFailed(message, code="batch-prediction.process-died") from error


def _failure(death: Death) -> PredictionFailed:
    how = str(death)
    if death.status == -signal.SIGKILL:
        how += "; when nobody did that, the machine ran out of memory: try fewer columns, or explain fewer rows"
    last_words = f" Its last words: {death.last_words}" if death.last_words else ""
    return PredictionFailed(f"The predicting process {how}.{last_words}", code="batch-prediction.process-died")
