"""What a user may ask of a training, with LightGBM's names, their aliases, defaults and ranges."""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import ConfigDict, Field, StringConstraints, ValidationError

from domain.errors import PROBLEMS_MAX, FieldProblem, InvalidInput, suggestion
from domain.kernel import Immutable
from domain.training.expectations import expectation, shown

ColumnName = Annotated[str, StringConstraints(min_length=1)]


class Hyperparameters(Immutable):
    """Every setting of a training, each with its default.

    Stored plans hold these: a range may grow, but never shrink below what was once accepted.

    Attributes:
        target: The column to learn, when not the dataset's own target.
        features: The columns to learn from; None for all that can be learned from.
        validation_fraction: Share of the rows held out for metrics and early stopping.
        early_stopping_rounds: Stop after so many rounds without gain on held-out rows; 0 never stops early.
        seed: Of the split and of LightGBM; the same seed gives the same model.

    Source:
        The others are LightGBM's parameters of the same names (its documentation, "Parameters").
    """

    model_config = ConfigDict(strict=True, allow_inf_nan=False)

    target: ColumnName | None = None
    features: list[ColumnName] | None = Field(default=None, min_length=1)
    validation_fraction: float = Field(default=0.2, ge=0.01, le=0.5)
    early_stopping_rounds: int = Field(default=50, ge=0, le=10_000)
    seed: int = Field(default=0, ge=0, lt=2**31)
    num_iterations: int = Field(default=500, ge=1, le=100_000)
    learning_rate: float = Field(default=0.05, gt=0, le=10)
    num_leaves: int = Field(default=31, ge=2, le=131_072)
    max_depth: int = Field(default=-1, ge=-1, le=1_000)
    min_data_in_leaf: int = Field(default=20, ge=0, lt=2**31)
    min_sum_hessian_in_leaf: float = Field(default=1e-3, ge=0)
    min_gain_to_split: float = Field(default=0.0, ge=0)
    feature_fraction: float = Field(default=1.0, gt=0, le=1)
    bagging_fraction: float = Field(default=1.0, gt=0, le=1)
    bagging_freq: int = Field(default=0, ge=0, le=100_000)
    lambda_l1: float = Field(default=0.0, ge=0)
    lambda_l2: float = Field(default=0.0, ge=0)
    max_bin: int = Field(default=255, ge=2, le=65_535)
    cat_smooth: float = Field(default=10.0, ge=0)
    is_unbalance: bool = False


ALIASES: Mapping[str, str] = {
    "n_estimators": "num_iterations",
    "num_boost_round": "num_iterations",
    "num_iteration": "num_iterations",
    "num_round": "num_iterations",
    "num_rounds": "num_iterations",
    "num_tree": "num_iterations",
    "num_trees": "num_iterations",
    "nrounds": "num_iterations",
    "n_iter": "num_iterations",
    "max_iter": "num_iterations",
    "eta": "learning_rate",
    "shrinkage_rate": "learning_rate",
    "num_leaf": "num_leaves",
    "max_leaf": "num_leaves",
    "max_leaves": "num_leaves",
    "max_leaf_nodes": "num_leaves",
    "min_data": "min_data_in_leaf",
    "min_data_per_leaf": "min_data_in_leaf",
    "min_child_samples": "min_data_in_leaf",
    "min_samples_leaf": "min_data_in_leaf",
    "min_child_weight": "min_sum_hessian_in_leaf",
    "min_sum_hessian": "min_sum_hessian_in_leaf",
    "min_sum_hessian_per_leaf": "min_sum_hessian_in_leaf",
    "min_hessian": "min_sum_hessian_in_leaf",
    "min_split_gain": "min_gain_to_split",
    "colsample_bytree": "feature_fraction",
    "sub_feature": "feature_fraction",
    "subsample": "bagging_fraction",
    "sub_row": "bagging_fraction",
    "bagging": "bagging_fraction",
    "subsample_freq": "bagging_freq",
    "reg_alpha": "lambda_l1",
    "l1_regularization": "lambda_l1",
    "reg_lambda": "lambda_l2",
    "lambda": "lambda_l2",
    "l2_regularization": "lambda_l2",
    "max_bins": "max_bin",
    "early_stopping_round": "early_stopping_rounds",
    "early_stopping": "early_stopping_rounds",
    "n_iter_no_change": "early_stopping_rounds",
    "random_state": "seed",
    "random_seed": "seed",
    "unbalance": "is_unbalance",
    "unbalanced_sets": "is_unbalance",
}
"""LightGBM's and scikit-learn's other names → the name here."""


_COLUMN_NAME = "the name of a column"
_IN_COLUMNS: Mapping[str, str] = {"target": _COLUMN_NAME, "features": "a list of at least one column name"}
_EXPECTED: Mapping[str, str] = {
    name: _IN_COLUMNS[name] if name in _IN_COLUMNS else expectation(field)
    for name, field in Hyperparameters.model_fields.items()
}
"""What the value of each must be, in words."""


def parse(given: Mapping[str, Any]) -> Hyperparameters:
    """Return the hyperparameters with aliases resolved and defaults filled in.

    Raises:
        InvalidInput: An unknown name (with the nearest real one), one setting given under two names, a
            wrong type or a value out of range.
    """
    settings: dict[str, Any] = {}
    problems: list[FieldProblem] = []
    for name, value in given.items():
        canonical = ALIASES.get(name, name)
        message = None
        if canonical not in Hyperparameters.model_fields:
            message = f"is no hyperparameter.{suggestion(name, [*Hyperparameters.model_fields, *ALIASES])}"
        elif canonical in settings:
            message = f"says again what another name for {canonical!r} says: give one."
        if message is None:
            settings[canonical] = value
        else:
            problems.append(FieldProblem(field=f"hyperparameters.{name}", message=message, value=value))
        if len(problems) == PROBLEMS_MAX:
            raise InvalidInput(problems)
    try:
        parsed = Hyperparameters.model_validate(settings)
    except ValidationError as error:
        problems += [_problem(each, given) for each in error.errors(include_url=False)]
        raise InvalidInput(problems) from None
    if problems:
        raise InvalidInput(problems)
    return parsed


def _problem(error: Any, given: Mapping[str, Any]) -> FieldProblem:
    canonical, *indexes = error["loc"]
    expected = _COLUMN_NAME if indexes else _EXPECTED[canonical]
    name = next(each for each in given if ALIASES.get(each, each) == canonical)
    path = f"hyperparameters.{name}" + "".join(f"[{index}]" for index in indexes)
    return FieldProblem(
        field=path, message=f"must be {expected}, is {shown(error['input'])}.", value=error["input"]
    )
