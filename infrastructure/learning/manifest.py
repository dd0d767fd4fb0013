"""What a trained version says of itself: canonical JSON that names its parts by their hashes.

It holds neither an instant nor a duration: the same plan gives the same bytes.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Any, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from domain.inference.values import Feature, FeatureType, Label
from domain.kernel import Immutable
from domain.models.values import ModelType

Sha256 = Annotated[str, StringConstraints(pattern="^[0-9a-f]{64}$")]

TREES = "trees"
"""The part that is a LightGBM model as text."""

CALIBRATION, THRESHOLD = "calibration", "threshold"
"""The settings of a classification: what scores are as probabilities, and above which of them the second of two
labels is predicted."""


class Part(Immutable):
    """Bytes that are kept beside the manifest.

    Attributes:
        shape: Of an array of little-endian float64, row by row; None for text.
    """

    sha256: Sha256
    size_bytes: int = Field(ge=1)
    shape: tuple[Annotated[int, Field(ge=0)], ...] | None = None


class Target(Immutable):
    """The column that was learned."""

    name: str
    type: str


class Source(Immutable):
    """What was learned from.

    Attributes:
        sha256: The dataset's bytes.
        training_rows: Rows that were learned from.
        validation_rows: Rows held out for metrics and early stopping; 0 where all were learned from.
    """

    sha256: Sha256
    training_rows: int = Field(ge=1)
    validation_rows: int = Field(ge=0)


class Manifest(Immutable):
    """All that is needed to predict with its parts, and to train them again.

    Attributes:
        format_version: Of this very shape; the first had one part, the trees, and knew two types of model.
        target: None where the type of model learns none.
        features: What is asked of an instance, in the order of the columns of the parts.
        labels: In the order of their codes; None where numbers are predicted.
        best_iteration: Boosting rounds in the trees, or steps of another kind of learning.
        hyperparameters: As planned, with defaults.
        parameters: What the learning library was given, without the number of threads, which changes nothing.
        settings: The few numbers and words beside the parts that predictions need.
        environment: Versions of this program and of the libraries that took part.
        dataset: None where the model was trained elsewhere.
        parts: By name.
    """

    format_version: Literal[2] = 2
    model_type: ModelType
    target: Target | None
    features: tuple[Feature, ...] = Field(min_length=1)
    labels: tuple[Label, ...] | None
    best_iteration: int = Field(ge=1)
    hyperparameters: dict[str, Any]
    parameters: dict[str, str | int | float | bool]
    settings: dict[str, Any] = Field(default_factory=dict)
    environment: dict[str, str]
    dataset: Source | None
    parts: dict[str, Part] = Field(min_length=1)

    @model_validator(mode="before")
    @classmethod
    def _of_this_shape(cls, given: Any) -> Any:
        is_first = isinstance(given, Mapping) and given.get("format_version") == 1
        return _from_first_shape(given) if is_first else given

    @model_validator(mode="after")
    def _is_consistent(self) -> Self:
        names = [feature.name for feature in self.features]
        if len(set(names)) != len(names):
            msg = "two features have one name"
            raise ValueError(msg)
        for feature in self.features:
            if (feature.categories is not None) != (feature.type is FeatureType.CATEGORICAL):
                msg = f"feature {feature.name!r}: a categorical one has categories, no other has"
                raise ValueError(msg)
            if feature.categories is not None and len(set(feature.categories)) != len(feature.categories):
                msg = f"feature {feature.name!r} has one category twice"
                raise ValueError(msg)
        _require_labels(self.model_type, self.labels)
        return self


_LABELLED: Mapping[ModelType, bool] = MappingProxyType(
    {
        ModelType.CLASSIFICATION: True,
        ModelType.REGRESSION: False,
        ModelType.TIME_SERIES: False,
        ModelType.CLUSTERING: True,
    }
)
"""Whether a type of model predicts labels; one that is not here does or does not."""


def _require_labels(model_type: ModelType, labels: tuple[Label, ...] | None) -> None:
    is_labelled = _LABELLED.get(model_type, labels is not None)
    if not is_labelled:
        if labels is not None:
            msg = f"a {model_type} model has no labels"
            raise ValueError(msg)
        return
    if labels is None or len(labels) < 2:  # noqa: PLR2004 - fewer leave nothing to tell apart
        msg = f"a {model_type} model has at least two labels"
        raise ValueError(msg)
    if len({type(label) for label in labels}) != 1 or len(set(labels)) != len(labels):
        msg = "labels are distinct and of one type"
        raise ValueError(msg)


def _from_first_shape(given: Mapping[str, Any]) -> dict[str, Any]:
    found = {name: value for name, value in given.items() if name != "body"}
    return {**found, "format_version": 2, "parts": {TREES: given["body"]} if "body" in given else {}}
