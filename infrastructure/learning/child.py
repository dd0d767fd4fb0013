"""The training process: `python -m infrastructure.learning.child`, started by `SubprocessTrainer`."""

from collections.abc import Callable
from importlib.util import find_spec
from typing import TYPE_CHECKING

from application.ports.work import WorkFailed
from domain.training.executors import needs_cluster
from domain.training.job import TRAINING
from domain.training.values import TrainedModel
from infrastructure.jobs.job_child import Given, carry_out_job
from infrastructure.learning.progress import Gathered
from infrastructure.learning.protocol import Order
from infrastructure.system.peak_memory import peak_memory_bytes
from infrastructure.system.unseen import unseen

if TYPE_CHECKING:
    from infrastructure.learning.trained import Trained


def main() -> None:
    """Do one order and exit; the outcome is written before."""
    carry_out_job(Order, _trained, kind=TRAINING)


def _trained(given: Given[Order]) -> TrainedModel:
    learn = _here
    if needs_cluster(given.order.plan):
        _require_cluster(given.order)
        learn = _on_cluster
    with unseen("pandas"):  # which LightGBM and Arrow import wherever it is installed
        return _kept(given, learn)


def _here(given: Given[Order], progress: Gathered) -> "Trained":
    # imported here, because they take most of the start: an order that cannot be carried out fails before
    from infrastructure.datasets.tables import read_table  # noqa: PLC0415 - see above
    from infrastructure.learning.training import trainer_of  # noqa: PLC0415 - see above

    plan = given.order.plan
    return trainer_of(plan.model_type)(
        plan,
        # held by nobody else: the trainer lets go of it column by column
        read_table(given.dataset, contents=plan.contents, columns=[column.name for column in plan.columns]),
        num_threads=given.order.num_threads,
        on_iteration=progress,
    )


def _on_cluster(given: Given[Order], progress: Gathered) -> "Trained":
    from infrastructure.learning.trainers.on_cluster import train  # noqa: PLC0415 - see above

    order = given.order
    assert order.cluster is not None, "what is needed was demanded"
    return train(
        order.plan, given.dataset, artifacts=order.artifacts, address=order.cluster, on_iteration=progress
    )


def _require_cluster(order: Order) -> None:
    if order.cluster is None or find_spec("distributed") is None:
        message = (
            "This worker knows no Dask cluster: install requirements-dask.txt and set ML_SERVICE_DASK_ADDRESS, "
            "then train again."
        )
        raise WorkFailed(message, code="training.no-cluster")


def _kept(given: Given[Order], learn: "Callable[[Given[Order], Gathered], Trained]") -> TrainedModel:
    from infrastructure.learning.artifact import keep  # noqa: PLC0415 - see above

    order = given.order
    progress = Gathered(given.tell)
    training = learn(given, progress)
    progress.finish()
    manifest = training.manifest
    return TrainedModel(
        artifact_url=keep(given.artifacts, manifest, training.parts),
        metrics=training.metrics,
        best_iteration=manifest.best_iteration,
        parameters=manifest.parameters,
        environment=manifest.environment,
        report_url=_reported(given, training) if order.is_reported else None,
        duration_s=order.age_s(),
        peak_memory_bytes=peak_memory_bytes(),
    )


def _reported(given: Given[Order], training: "Trained") -> str:
    from infrastructure.evaluation.keeping import kept_report  # noqa: PLC0415 - see above

    return kept_report(given.order.plan, training, given.order.rival, artifacts=given.artifacts)


if __name__ == "__main__":
    main()
