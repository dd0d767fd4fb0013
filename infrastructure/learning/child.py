"""The training process: `python -m infrastructure.learning.child`, started by `SubprocessTrainer`."""

from domain.training.job import TRAINING
from domain.training.values import TrainedModel
from infrastructure.jobs.job_child import Given, carry_out_job
from infrastructure.learning.progress import Gathered
from infrastructure.learning.protocol import Order
from infrastructure.system.peak_memory import peak_memory_bytes
from infrastructure.system.unseen import unseen


def main() -> None:
    """Do one order and exit; the outcome is written before."""
    carry_out_job(Order, _trained, kind=TRAINING)


def _trained(given: Given[Order]) -> TrainedModel:
    with unseen("pandas"):  # which LightGBM and Arrow import wherever it is installed
        return _trained_without_pandas(given)


def _trained_without_pandas(given: Given[Order]) -> TrainedModel:
    # imported here, because they take most of the start: an order that cannot be carried out fails before
    from infrastructure.datasets.tables import read_table  # noqa: PLC0415 - see above
    from infrastructure.evaluation.keeping import kept_report  # noqa: PLC0415 - see above
    from infrastructure.learning.artifact import keep  # noqa: PLC0415 - see above
    from infrastructure.learning.training import trainer_of  # noqa: PLC0415 - see above

    order, plan = given.order, given.order.plan
    learn = trainer_of(plan.model_type)
    progress = Gathered(given.tell)
    training = learn(
        plan,
        # held by nobody else: the trainer lets go of it column by column
        read_table(given.dataset, contents=plan.contents, columns=[column.name for column in plan.columns]),
        num_threads=order.num_threads,
        on_iteration=progress,
    )
    progress.finish()
    manifest = training.manifest
    return TrainedModel(
        artifact_url=keep(given.artifacts, manifest, training.parts),
        metrics=training.metrics,
        best_iteration=manifest.best_iteration,
        parameters=manifest.parameters,
        environment=manifest.environment,
        report_url=kept_report(plan, training, order.rival, artifacts=given.artifacts),
        duration_s=order.age_s(),
        peak_memory_bytes=peak_memory_bytes(),
    )


if __name__ == "__main__":
    main()
