"""Models that were trained elsewhere."""

from typing import Any, Protocol

from domain.inference.values import Feature, Label
from domain.kernel import Immutable
from domain.models.values import ModelType


class ForeignModel(Immutable):
    """What is said of a model that was trained elsewhere.

    Attributes:
        url: Where it lies.
        hyperparameters: As it was trained with, if that is known.
        labels: In the order of their codes; None where the model itself is to say.
        features: In the order in which it asks for them; None where the model itself is to say.
    """

    url: str
    model_type: ModelType
    hyperparameters: dict[str, Any]
    labels: tuple[Label, ...] | None
    features: tuple[Feature, ...] | None


class KeptModel(Immutable):
    """A model that was taken.

    Attributes:
        artifact_url: Of the artifact that it is now.
        source_sha256: Of the bytes that it was made from, as they lay at its URL.
    """

    artifact_url: str
    source_sha256: str


class ForeignModels(Protocol):
    """Takes models that were trained elsewhere."""

    def keep(self, model: ForeignModel) -> KeptModel:
        """Copy the model from where it lies, look at all of it, and keep it as an artifact.

        Raises:
            InvalidInput: The URL cannot be read from here.
            SourceUnavailable: It cannot be read now.
            NotLoadable: What lies there is no model that can be answered with, or not as it is said to be.
        """
