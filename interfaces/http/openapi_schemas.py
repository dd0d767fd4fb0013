"""JSON schemas of the pydantic models that bodies are made of, as the components of the document."""

import inspect
import re
from collections.abc import Iterable, Mapping, Sequence, Set
from functools import cache
from typing import Any, Literal

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue, models_json_schema
from pydantic_core import CoreSchema

from application.views import View

REF_TEMPLATE = "#/components/schemas/{model}"

Mode = Literal["validation", "serialization"]

_GENERIC = re.compile(r"(\w+)\[(\w+)\]")
_ATTRIBUTES = "Attributes:"
_ATTRIBUTE = re.compile(r"^(?P<name>\w+): (?P<text>.*(?:\n .*)*)", re.MULTILINE)


def component_schemas(
    *, taken: Iterable[type[BaseModel]], answered: Iterable[type[BaseModel]]
) -> Mapping[str, Any]:
    """Return name → schema, for the models and all that they are made of.

    A view that extends others is written as such, so that the names of all are in the document.

    Args:
        taken: Of requests.
        answered: Of responses.
    """
    return _schemas_of(frozenset(taken), frozenset(answered))


@cache  # the same classes have the same schemas, however many interfaces are made of them
def _schemas_of(taken: Set[type[BaseModel]], answered: Set[type[BaseModel]]) -> Mapping[str, Any]:
    families = {each for model in answered for each in (model, *_bases(model))}
    modes: dict[type[BaseModel], Mode] = {
        **dict.fromkeys(taken, "validation"),
        **dict.fromkeys(families, "serialization"),
    }
    inputs = sorted(modes.items(), key=lambda item: item[0].__name__)
    _, definitions = models_json_schema(inputs, ref_template=REF_TEMPLATE, schema_generator=_Schemas)
    schemas: dict[str, Any] = definitions.get("$defs", {})
    for schema in schemas.values():
        _describe(schema)
    for model in families:
        extended = [each for each in _bases(model) if each in model.__bases__]
        if extended:
            schemas[model.__name__] = _extension(schemas[model.__name__], extended)
    return dict(sorted(schemas.items()))


def ref(model: type[BaseModel]) -> dict[str, str]:
    """Return a reference to the model's schema."""
    return {"$ref": REF_TEMPLATE.format(model=model.__name__)}


class _Schemas(GenerateJsonSchema):
    """Pydantic's schemas, with what it cannot know of this service's documents."""

    def generate_inner(self, schema: CoreSchema) -> JsonSchemaValue:
        """Return instants as instants: the function that writes them tells pydantic only that it makes text."""
        if schema["type"] == "datetime":
            return {"type": "string", "format": "date-time"}
        return super().generate_inner(schema)

    def field_is_required(self, field: Any, total: bool) -> bool:  # noqa: FBT001 - the signature is pydantic's
        """Return true for every field of an answer: all are written, also those with a default."""
        return self.mode == "serialization" or super().field_is_required(field, total)

    def normalize_name(self, name: str) -> str:
        """Return `ThingPage` for `Page[Thing]`, the class's own name, which is what references use."""
        return super().normalize_name(_GENERIC.sub(r"\2\1", name))

    def field_title_should_be_set(self, schema: Any) -> bool:
        """Return false: a title that repeats the field's name says nothing."""
        return False


def _bases(model: type[BaseModel]) -> list[type[BaseModel]]:
    """Return the views that this one extends, the nearest first."""
    named = [each for each in model.__mro__[1:] if issubclass(each, View) and each.model_fields]
    return [each for each in named if not each.__pydantic_generic_metadata__["parameters"]]


def _extension(schema: dict[str, Any], extended: Sequence[type[BaseModel]]) -> dict[str, Any]:
    inherited = {name for each in extended for name in each.model_fields}
    return {
        **schema,
        "allOf": [ref(each) for each in extended],
        "properties": {name: each for name, each in schema["properties"].items() if name not in inherited},
        "required": [name for name in schema["required"] if name not in inherited],
    }


def _describe(schema: dict[str, Any]) -> None:
    """Give what the model's docstring says of each field to that field."""
    docstring = re.sub(r"\bNone\b", "null", inspect.cleandoc(schema.get("description", "")))
    text, _, attributes = docstring.partition(_ATTRIBUTES)
    if text:
        schema["description"] = " ".join(text.split())
    properties = schema.get("properties", {})
    for found in _ATTRIBUTE.finditer(inspect.cleandoc(attributes)):
        if found["name"] in properties:
            properties[found["name"]]["description"] = " ".join(found["text"].split())
