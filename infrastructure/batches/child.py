"""The predicting process: `python -m infrastructure.batches.child`, started by `SubprocessBatchPredictor`."""

import time

from application.ports.work import WorkFailed
from domain.batches.batch import BATCH_PREDICTION
from domain.batches.values import PredictedTable
from infrastructure.batches.protocol import Order
from infrastructure.jobs.job_child import Given, carry_out_job
from infrastructure.system.unseen import unseen

_TOLD_EVERY_S = 0.1


def main() -> None:
    """Do one order and exit; the outcome is written before."""
    with unseen("pandas"):  # which Arrow imports wherever it is installed
        carry_out_job(Order, _predicted, kind=BATCH_PREDICTION)


def _predicted(given: Given[Order]) -> PredictedTable:
    # imported here, because they take most of the start: an order that cannot be carried out fails before
    from infrastructure.batches.prediction import write_predictions  # noqa: PLC0415 - see above
    from infrastructure.datasets.parquet_files import inspect_parquet  # noqa: PLC0415 - see above
    from infrastructure.learning.loading import ArtifactPredictorLoader  # noqa: PLC0415 - see above

    order = given.order
    predictor = ArtifactPredictorLoader(artifacts=given.artifacts).load(order.plan.artifact_url)
    told_at = 0.0

    def on_rows(rows: int) -> None:
        nonlocal told_at
        now = time.monotonic()
        if now >= told_at + _TOLD_EVERY_S:
            told_at = now
            given.tell(rows)

    rows, expected = write_predictions(order, given.dataset, predictor, on_rows=on_rows), order.plan.contents.rows
    if rows != expected:
        message = f"The dataset has {rows} rows instead of the {expected} that were registered."
        raise WorkFailed(message, code="batch-prediction.dataset-changed")
    contents = inspect_parquet(order.result)
    given.artifacts.adopt(order.result, contents.sha256)
    return PredictedTable(contents=contents, duration_s=order.age_s())


if __name__ == "__main__":
    main()
