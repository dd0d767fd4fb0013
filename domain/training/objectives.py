"""Which settings of an objective belong together."""

from domain.errors import InvalidInput
from domain.training.hyperparameters.regression import Regression
from domain.training.hyperparameters.tabular import Tabular

_TAKEN_BY = {"alpha": ("quantile", "huber"), "tweedie_variance_power": ("tweedie",)}


def require_fitting_objective(settings: Tabular) -> None:
    """Refuse what is said of an objective other than the one asked for, and a quantile that there is not.

    Raises:
        InvalidInput: The message says what to give instead.
    """
    if not isinstance(settings, Regression):
        return
    for name, objectives in _TAKEN_BY.items():
        value = getattr(settings, name)
        if settings.objective not in objectives and value != type(settings).model_fields[name].default:
            message = (
                f"is of no use where objective is {settings.objective!r}: leave it out, or let objective be "
                f"{' or '.join(map(repr, objectives))}."
            )
            raise _refused(name, message, value)
    if settings.objective == "quantile" and settings.alpha is not None and settings.alpha >= 1.0:
        message = "is the share of the rows that are to lie below what is predicted: give a number below 1."
        raise _refused("alpha", message, settings.alpha)
    if settings.objective == "huber" and settings.alpha is None and settings.executor == "dask":
        message = (
            "is not suggested by the data on a cluster, whose workers see a part of them each: give it, in the "
            "unit of the target."
        )
        raise _refused("alpha", message, None)


def _refused(setting: str, message: str, value: float | None) -> InvalidInput:
    return InvalidInput.of(f"hyperparameters.{setting}", message, value)
