"""Where trees are grown, and what can be grown there."""

from domain.datasets.values import DatasetFormat
from domain.errors import InvalidInput
from domain.training.hyperparameters.tabular import Tabular
from domain.training.values import TrainingPlan

_FIELD = "hyperparameters.executor"


def needs_cluster(plan: TrainingPlan) -> bool:
    """Tell whether a plan is carried out on a cluster."""
    return isinstance(plan.hyperparameters, Tabular) and plan.hyperparameters.executor == "dask"


def require_executable(plan: TrainingPlan, *, has_cluster: bool) -> None:
    """Refuse a plan for a cluster where there is none, or that asks of it what it does not do.

    Raises:
        InvalidInput: The executor is not for this plan; the message says what to do.
    """
    settings = plan.hyperparameters
    if not needs_cluster(plan) or not isinstance(settings, Tabular):
        return
    if not has_cluster:
        message = (
            "asks for a Dask cluster, and this service has none: train without it, or let the operator install "
            "requirements-dask.txt and set ML_SERVICE_DASK_ADDRESS."
        )
        raise InvalidInput.of(_FIELD, message, "dask")
    if plan.contents.format is not DatasetFormat.PARQUET:
        message = (
            "learns from Parquet only, whose rows the workers of a cluster share: register the table as Parquet."
        )
        raise InvalidInput.of(_FIELD, message, "dask")
    needless = {
        "folds": settings.folds != 0,
        "group_column": plan.group is not None,
        "time_column": plan.time is not None,
    }
    if asked := [name for name, is_asked in needless.items() if is_asked]:
        message = f"holds rows out at random on a cluster: leave out {', '.join(asked)}."
        raise InvalidInput.of(_FIELD, message, "dask")
