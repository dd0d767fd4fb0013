"""Predicting for a dataset in a process of its own."""

from collections.abc import Callable

from application.ports.filters import Condition
from domain.batches.batch import BATCH_PREDICTION
from domain.batches.values import EXPLAINED_ALL, EXPLAINED_NONE, BatchPlan, PredictedTable
from infrastructure.artifacts.place import PlacedArtifacts
from infrastructure.batches.protocol import MESSAGE, MODULE, Order
from infrastructure.jobs.job_process import Program

_PROGRAM = Program(
    kind=BATCH_PREDICTION,
    module=MODULE,
    messages=MESSAGE,
    environment={"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"},
)

ParseCondition = Callable[[str], Condition]


class SubprocessBatchPredictor:
    """Starts a new interpreter for each batch prediction.

    The thread that calls `predict` must live until it returns, because the kernel ends the process with that
    thread.

    Args:
        artifacts: The store that holds datasets and versions, and gets the tables.
        parse_condition: Reads what a plan says of explanations.
        memory_max_bytes: What one batch prediction may allocate, its libraries included; None for as much as there
            is.
        time_max_s: How long one batch prediction may take; None for as long as it does.
    """

    def __init__(
        self,
        *,
        artifacts: PlacedArtifacts,
        parse_condition: ParseCondition,
        memory_max_bytes: int | None = None,
        time_max_s: int | None = None,
    ) -> None:
        self._artifacts = artifacts
        self._parse_condition = parse_condition
        self._memory_max_bytes = memory_max_bytes
        self._time_max_s = time_max_s

    def predict(
        self, plan: BatchPlan, *, on_rows: Callable[[int], None], should_stop: Callable[[], bool]
    ) -> PredictedTable:
        """Predict, telling now and then for how many rows it is done, and keep the table before returning.

        `should_stop` is asked at least every 100 ms; when it says True the process is killed. An exception
        from the callback does the same and goes on to the caller.

        Raises:
            WorkFailed: The dataset or the version cannot be read, or the process died
                (`batch-prediction.process-died`), or took more memory than it may
                (`batch-prediction.out-of-memory`), or longer (`batch-prediction.out-of-time`).
            WorkStopped: `should_stop` said True.
        """
        result = self._artifacts.incoming()
        try:
            order = Order(
                plan=plan,
                explain=self._explain(plan),
                sha256=plan.contents.sha256,
                result=result,
                artifacts=self._artifacts.place,
                memory_max_bytes=self._memory_max_bytes,
                time_max_s=self._time_max_s,
            )
            return _PROGRAM.result_of(order, on_progress=on_rows, should_stop=should_stop)
        finally:
            result.unlink(missing_ok=True)

    def _explain(self, plan: BatchPlan) -> bool | Condition:
        spelled = {EXPLAINED_ALL: True, EXPLAINED_NONE: False}.get(plan.explain)
        return self._parse_condition(plan.explain) if spelled is None else spelled
