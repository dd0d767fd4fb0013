"""The predicting process: `python -m infrastructure.batches.child`, started by `SubprocessBatchPredictor`."""

import hashlib
import time

from application.ports.artifacts import ArtifactUnavailable
from application.ports.batch_predictor import PredictionFailed
from domain.datasets.errors import UnreadableDataset
from infrastructure.artifacts.local import LocalArtifacts
from infrastructure.batches.protocol import Failed, Finished, Order, Progressed
from infrastructure.system.ordered_child import Tell, carry_out

_TOLD_EVERY_S = 0.1


def main() -> None:
    """Do one order and exit; the outcome is written before."""
    carry_out(Order, _outcome)


def _outcome(order: Order, tell: Tell) -> Finished | Failed:
    try:
        return _predicted(order, tell)
    except (PredictionFailed, ArtifactUnavailable) as failure:
        return Failed(code=failure.code, message=failure.message)
    except UnreadableDataset as error:
        return Failed(code="batch-prediction.dataset-unreadable", message=error.message)
    except MemoryError as error:
        message = (
            f"The prediction ran out of memory ({str(error) or 'no more could be had'}): "
            "give it a machine with more, or a dataset of fewer columns, or explain fewer rows."
        )
        return Failed(code="batch-prediction.process-died", message=message)
    except OSError as error:
        message = f"The table with the predictions cannot be written: {error.strerror or error}."
        return Failed(code="batch-prediction.not-written", message=message)


def _predicted(order: Order, tell: Tell) -> Finished:
    _require_unchanged(order)
    # imported here, because they take most of the start: an order that cannot be carried out fails before
    from infrastructure.batches.prediction import write_predictions  # noqa: PLC0415 - see above
    from infrastructure.datasets.parquet_files import inspect_parquet  # noqa: PLC0415 - see above
    from infrastructure.learning.predictors import LightGBMPredictorLoader  # noqa: PLC0415 - see above

    artifacts = LocalArtifacts(root=order.artifacts)
    predictor = LightGBMPredictorLoader(artifacts=artifacts).load(order.plan.artifact_url)
    told_at = 0.0

    def on_rows(rows: int) -> None:
        nonlocal told_at
        now = time.monotonic()
        if now >= told_at + _TOLD_EVERY_S:
            told_at = now
            tell(Progressed(rows=rows))

    rows, expected = write_predictions(order, predictor, on_rows=on_rows), order.plan.contents.rows
    if rows != expected:
        message = f"The dataset has {rows} rows instead of the {expected} that were registered."
        raise PredictionFailed(message, code="batch-prediction.dataset-changed")
    contents = inspect_parquet(order.result)
    artifacts.adopt(order.result, contents.sha256)
    return Finished(contents=contents)


def _require_unchanged(order: Order) -> None:
    try:
        with order.dataset.open("rb") as file:
            sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        message = f"The dataset's bytes cannot be read any more: {error.strerror}. Register it again."
        raise PredictionFailed(message, code="batch-prediction.dataset-unavailable") from error
    if sha256 != order.plan.contents.sha256:
        message = (
            "The dataset's bytes are not those that were registered: "
            f"sha256 is {sha256} instead of {order.plan.contents.sha256}. Register it again."
        )
        raise PredictionFailed(message, code="batch-prediction.dataset-changed")


if __name__ == "__main__":
    main()
