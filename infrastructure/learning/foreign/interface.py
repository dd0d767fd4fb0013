"""What a model that was trained elsewhere asks of an instance, and what it answers."""

from collections.abc import Sequence
from typing import Any

from domain.inference.values import Feature, FeatureType, Label
from domain.models.values import ModelType
from infrastructure.learning.foreign.outline import Outline, UnreadableModel

OBJECTIVES = {
    ModelType.CLASSIFICATION: ("binary", "multiclass"),
    ModelType.REGRESSION: (
        "regression",
        "regression_l1",
        "huber",
        "fair",
        "poisson",
        "quantile",
        "mape",
        "gamma",
        "tweedie",
    ),
}
"""What a model of each type may have been trained for; there are no others that are told in trees."""

_TYPES = frozenset({FeatureType.NUMERIC, FeatureType.BOOLEAN, FeatureType.CATEGORICAL})
_TRUTH = (False, True)


class Unfit(UnreadableModel):
    """What is said of the model does not fit it.

    Attributes:
        field: Where it is said.
    """

    def __init__(self, field: str, why: str) -> None:
        super().__init__(why)
        self.field = field


def require_type(outline: Outline, model_type: ModelType) -> None:
    """Demand that the model was trained for what models of the type answer.

    Raises:
        UnreadableModel: It was not.
    """
    name, *settings = outline.objective
    allowed = OBJECTIVES.get(model_type, ())
    if name not in allowed:
        known = f"of {', '.join(allowed)}" if allowed else "which no LightGBM model is"
        raise UnreadableModel(f"its objective is {name!r}: a {model_type} model has one {known}")
    classes = outline.scores if name == "multiclass" else None
    said = [each for each in settings if each.startswith("num_class:")]
    if said != ([] if classes is None else [f"num_class:{classes}"]) or (classes is None) != (outline.scores == 1):
        raise UnreadableModel(
            f"its objective is {' '.join(outline.objective)!r}, and its rows have {outline.scores} scores"
        )


def labels_of(outline: Outline, model_type: ModelType, given: Sequence[Label] | None) -> tuple[Label, ...] | None:
    """Return what is predicted, in the order of the codes: as given, else the codes themselves; None for numbers.

    Raises:
        Unfit: There are more or fewer of them than the model tells apart.
    """
    if model_type is not ModelType.CLASSIFICATION:
        if given is not None:
            raise Unfit("labels", f"a {model_type} model has none: leave them out.")
        return None
    count = max(2, outline.scores)
    if given is not None and len(given) != count:
        raise Unfit("labels", f"are {len(given)}, and the model tells {count} apart.")
    return tuple(range(count)) if given is None else tuple(given)


def features_of(outline: Outline, given: Sequence[Feature] | None) -> tuple[Feature, ...]:
    """Return what an instance must look like: as given, else as the model tells.

    A categorical feature of a table of pandas has its categories, whole numbers among them as text; without a word
    of categories its codes are numbers.

    Raises:
        Unfit: There are more or fewer of them than the model asks for, one is of a type that no tree learns from,
            or the model does not tell which of them have which categories.
    """
    if given is not None:
        if len(given) != len(outline.names):
            raise Unfit("features", f"are {len(given)}, and the model asks for {len(outline.names)}.")
        for place, feature in enumerate(given):
            if feature.type not in _TYPES:
                raise Unfit(f"features[{place}].type", f"is {feature.type}, which no tree learns from.")
        return tuple(given)
    categories = iter(outline.categories)
    if len(outline.categories) not in {0, sum(outline.are_categorical)}:
        raise Unfit(
            "features",
            f"are not told by the model, which knows {len(outline.categories)} lists of categories for "
            f"{sum(outline.are_categorical)} features: say which have which.",
        )
    return tuple(
        _feature(name, next(categories, None) if is_categorical else None)
        for name, is_categorical in zip(outline.names, outline.are_categorical, strict=True)
    )


def _feature(name: str, categories: tuple[Any, ...] | None) -> Feature:
    if categories is None:
        return Feature(name=name, type=FeatureType.NUMERIC)
    if categories == _TRUTH and all(isinstance(each, bool) for each in categories):
        return Feature(name=name, type=FeatureType.BOOLEAN)
    if not all(isinstance(each, str | int) and not isinstance(each, bool) for each in categories):
        raise Unfit(
            "features", f"are not told by the model: the categories of {name!r} are no text. Say them here."
        )
    return Feature(name=name, type=FeatureType.CATEGORICAL, categories=tuple(str(each) for each in categories))
