"""Can this version predict for the rows of this dataset? All of it that needs no look at the rows."""

from collections.abc import Iterator, Sequence
from typing import Any

from domain.batches.values import (
    EXPLAINED_ALL,
    EXPLAINED_NONE,
    EXPLANATION,
    PREDICTION,
    PROBABILITY,
    BatchPlan,
    explanation_of,
)
from domain.datasets.dataset import Dataset, require_active, require_describable
from domain.datasets.values import Column, ColumnType, DatasetFormat
from domain.errors import FieldProblem, InvalidInput, suggestion
from domain.inference.values import Feature, FeatureType
from domain.models.model import Model
from domain.models.values import ModelType
from domain.models.versions import Version
from domain.naming import normal_form, valid_name

_FIELD = "dataset_id"
_PART_MAX_CHARS = 100
_EXPLAINED_BY_FEATURE = frozenset({ModelType.CLASSIFICATION, ModelType.REGRESSION, ModelType.CLUSTERING})
"""Types whose features are what contributes to a prediction."""


def plan(
    *,
    model: Model,
    version: Version,
    artifact_url: str,
    features: Sequence[Feature],
    dataset: Dataset,
    explain: str,
    name: str | None,
) -> BatchPlan:
    """Return what will be predicted.

    Args:
        model: Whose version predicts.
        version: It.
        artifact_url: What it is.
        features: What it was trained on.
        dataset: What is predicted for.
        explain: Which predictions are explained.
        name: What the dataset that results is to be called; None for a name made of the three.

    Raises:
        InvalidInput: The name cannot be one, a condition is about forecasts, or columns of the dataset are not
            what the version asks for, are in the way of those that result, or are too many together with them.
        RetiredDataset: The dataset is offered no more.
    """
    require_active(dataset)
    names = [PREDICTION, PROBABILITY]
    if explain != EXPLAINED_NONE and model.type in _EXPLAINED_BY_FEATURE:
        names += [explanation_of(feature.name) for feature in features]
    elif explain != EXPLAINED_NONE:
        names.append(EXPLANATION)
    if model.type is ModelType.TIME_SERIES and explain not in {EXPLAINED_ALL, EXPLAINED_NONE}:
        raise InvalidInput.of("explain", "A condition cannot be about a forecast: ask for true or false.", explain)
    if problems := [*_column_problems(features, dataset), *_result_problems(names, dataset)]:
        raise InvalidInput(problems)
    return BatchPlan(
        model_id=model.id,
        version_id=version.id,
        version=version.number,
        artifact_url=artifact_url,
        dataset_id=dataset.id,
        contents=dataset.contents,
        explain=explain,
        name=_made_name(dataset, model, version) if name is None else valid_name(name),
    )


def _made_name(dataset: Dataset, model: Model, version: Version) -> str:
    return f"{dataset.name[:_PART_MAX_CHARS]} by {model.name[:_PART_MAX_CHARS]} {version.number}"


def _column_problems(features: Sequence[Feature], dataset: Dataset) -> Iterator[FieldProblem]:
    columns = {column.name: column for column in dataset.contents.columns}
    for feature in features:
        column = columns.get(feature.name)
        if column is None and feature.is_optional:
            continue
        if feature.type is FeatureType.NESTED:
            message = (
                f"What the version asks for as {feature.name!r} stands in no column of a dataset"
                f"{': leave it out' if feature.is_optional else ''}. Ask for predictions over /inference."
            )
            yield FieldProblem(field=_FIELD, message=message, value=str(dataset.id))
        elif column is None:
            message = (
                f"Dataset {dataset.name!r} has no column {feature.name!r}, which the version was trained on."
                f"{suggestion(feature.name, columns)}"
            )
            yield FieldProblem(field=_FIELD, message=message, value=str(dataset.id))
        elif not _can_be_read_as(feature, column, dataset):
            message = (
                f"Column {column.name!r} of dataset {dataset.name!r} is {column.type}, where the version was "
                f"trained on a {feature.type} one."
            )
            yield FieldProblem(field=_FIELD, message=message, value=str(dataset.id))


def _can_be_read_as(feature: Feature, column: Column, dataset: Dataset) -> bool:
    wanted = ColumnType.CATEGORICAL if feature.type is FeatureType.TEXT else ColumnType(feature.type.value)
    if column.type is wanted:
        return True
    if column.type is ColumnType.OTHER:
        return False
    if column.type is not ColumnType.DATETIME and column.missing == dataset.contents.rows:
        return True
    # cells of CSV are text: that all happen to look like numbers or dates here makes them none
    return wanted is ColumnType.CATEGORICAL and dataset.contents.format is DatasetFormat.CSV


def _result_problems(names: Sequence[str], dataset: Dataset) -> Iterator[FieldProblem]:
    columns = dataset.contents.columns
    taken = {normal_form(column.name) for column in columns}
    clashing = [name for name in names if normal_form(name) in taken]
    for name in clashing:
        message = (
            f"Dataset {dataset.name!r} has a column {name!r} already, which is what the predictions are to stand "
            "in: give it another name, or leave it out."
        )
        yield FieldProblem(field=_FIELD, message=message, value=str(dataset.id))
    if not clashing:
        widest: dict[str, Any] = {"type": ColumnType.CATEGORICAL, "missing": dataset.contents.rows}
        try:
            require_describable([*columns, *(Column(name=name, **widest) for name in names)])
        except InvalidInput as error:
            message = f"With the predictions, dataset {dataset.name!r} would not fit: {error.problems[0].message}"
            yield FieldProblem(field=_FIELD, message=message, value=str(dataset.id))
