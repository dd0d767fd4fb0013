"""Questions to what can be trained, and with which settings."""

from typing import Any

from application.views import View
from domain.models.values import ModelType
from domain.training.hyperparameters.described import Kind, Setting, settings_of
from domain.training.hyperparameters.parsing import BY_TYPE


class HyperparameterResponse(View):
    """One setting of a training.

    Attributes:
        aliases: Other names that it is known by.
        kind: What its value is: `integer`, `number`, `boolean`, the name of a `column`, a list of them
            (`columns`), or nothing but one of its choices (`choice`).
        default: What is taken where it is not given; null where the data decide.
        minimum: The least number, a whole one of an `integer`; null where there is none.
        is_minimum_exclusive: Whether a value must be above it.
        maximum: The greatest number, a whole one of an `integer`; null where there is none.
        is_maximum_exclusive: Whether a value must be below it.
        choices: Words and numbers that are taken beside what the kind says.
        description: What it does.
    """

    name: str
    aliases: list[str]
    kind: Kind
    default: Any
    minimum: int | float | None
    is_minimum_exclusive: bool
    maximum: int | float | None
    is_maximum_exclusive: bool
    choices: list[str | int]
    description: str


class ModelTypeResponse(View):
    """A type of model that can be trained.

    Attributes:
        hyperparameters: All that may be asked of its training.
    """

    type: ModelType
    hyperparameters: list[HyperparameterResponse]


def list_model_types() -> list[ModelTypeResponse]:
    """Return the types that can be trained, each with its settings."""
    return [
        ModelTypeResponse(type=each, hyperparameters=[_told(setting) for setting in settings_of(BY_TYPE[each])])
        for each in ModelType
    ]


def _told(setting: Setting) -> HyperparameterResponse:
    return HyperparameterResponse(
        name=setting.name,
        aliases=list(setting.aliases),
        kind=setting.kind,
        default=setting.default,
        minimum=setting.minimum,
        is_minimum_exclusive=setting.is_minimum_exclusive,
        maximum=setting.maximum,
        is_maximum_exclusive=setting.is_maximum_exclusive,
        choices=list(setting.choices),
        description=setting.description,
    )
