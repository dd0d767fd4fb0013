"""What may be asked of a training, as data: read off the very classes that hold it to be so."""

import inspect
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from annotated_types import Ge, Gt, Le, Lt

from domain.training.hyperparameters.settings import Hyperparameters

_ATTRIBUTE = re.compile(r"^ {4}(\w+): ", re.MULTILINE)


class Kind(StrEnum):
    """What the value of a setting is, where it is none of its choices."""

    INTEGER = "integer"
    NUMBER = "number"
    BOOLEAN = "boolean"
    CHOICE = "choice"
    COLUMN = "column"
    COLUMNS = "columns"


@dataclass(frozen=True, kw_only=True)
class Setting:
    """One hyperparameter.

    Attributes:
        aliases: Other names that it is known by.
        kind: `choice` where nothing but its choices is taken.
        default: None where the data decide.
        minimum: The least number, of the setting's kind; None where there is none.
        is_minimum_exclusive: Whether a value must be above it.
        maximum: The greatest number, of the setting's kind; None where there is none.
        is_maximum_exclusive: Whether a value must be below it.
        choices: Words and numbers that are taken, beside what its kind says.
    """

    name: str
    aliases: tuple[str, ...] = ()
    kind: Kind = Kind.CHOICE
    default: Any = None
    minimum: int | float | None = None
    is_minimum_exclusive: bool = False
    maximum: int | float | None = None
    is_maximum_exclusive: bool = False
    choices: tuple[str | int, ...] = ()
    description: str = ""


def settings_of(kind: type[Hyperparameters]) -> list[Setting]:
    """Return all that may be asked of one type of model."""
    descriptions = _descriptions(kind)
    found = []
    for name, field in kind.model_fields.items():
        setting = Setting(
            name=name,
            aliases=tuple(sorted(alias for alias, meant in kind.ALIASES.items() if meant == name)),
            default=field.default,
            description=descriptions.get(name, ""),
        )
        found.append(_typed(setting, field.annotation, field.metadata))
    return found


def _typed(setting: Setting, annotation: Any, bounds: Any) -> Setting:
    """Return the setting with what its type and bounds say."""
    origin = get_origin(annotation)
    if origin is Annotated:
        inner, *metadata = get_args(annotation)
        return _typed(setting, inner, [each for item in metadata for each in getattr(item, "metadata", [item])])
    if origin in (Union, UnionType):
        for each in get_args(annotation):
            if each is not NoneType:
                setting = _typed(setting, each, bounds)
        return setting
    if origin is Literal:
        return replace(setting, choices=(*setting.choices, *get_args(annotation)))
    if origin is list:
        return replace(setting, kind=Kind.COLUMNS)
    kinds = {bool: Kind.BOOLEAN, int: Kind.INTEGER, float: Kind.NUMBER, str: Kind.COLUMN}
    return _bounded(replace(setting, kind=kinds[annotation]), bounds)


def _bounded(setting: Setting, bounds: Any) -> Setting:
    is_whole = setting.kind is Kind.INTEGER
    for bound in bounds:
        match bound:
            case Ge(ge=int() | float() as limit):
                setting = replace(setting, minimum=limit if is_whole else float(limit))
            case Gt(gt=int() | float() as limit):
                setting = replace(setting, minimum=limit if is_whole else float(limit), is_minimum_exclusive=True)
            case Le(le=int() | float() as limit):
                setting = replace(setting, maximum=limit if is_whole else float(limit))
            case Lt(lt=int(limit)) if is_whole:
                setting = replace(setting, maximum=limit - 1)
            case Lt(lt=int() | float() as limit):
                setting = replace(setting, maximum=float(limit), is_maximum_exclusive=True)
    return setting


def _descriptions(kind: type[Hyperparameters]) -> Mapping[str, str]:
    """Return what the docstrings of the class and of those it stands on say of each setting."""
    found: dict[str, str] = {}
    for each in reversed(kind.__mro__):
        found |= _attributes(inspect.cleandoc(each.__doc__ or ""))
    return found


def _attributes(docstring: str) -> dict[str, str]:
    """Return the entries of a Google docstring's section of attributes."""
    section = docstring.partition("\nAttributes:\n")[2].partition("\n\n")[0]
    _, *entries = _ATTRIBUTE.split(section)
    return {name: " ".join(text.split()) for name, text in zip(entries[::2], entries[1::2], strict=True)}
