"""What the data of all public events share."""

from typing import Any

from pydantic import ConfigDict
from pydantic.json_schema import GenerateJsonSchema

from application.views import View

_DIALECT = "https://json-schema.org/draft/2020-12/schema"


class EventData(View):
    """The data of one type of public event. A type's fields may become more, and never fewer or other ones."""

    model_config = ConfigDict(use_attribute_docstrings=True)


def json_schema(data: type[EventData]) -> dict[str, Any]:
    """Return the JSON schema (Source: draft 2020-12) of what is published."""
    schema = data.model_json_schema(mode="serialization", schema_generator=_Untitled)
    return {"$schema": _DIALECT, **schema}


class _Untitled(GenerateJsonSchema):
    def field_title_should_be_set(self, schema: Any) -> bool:
        """Return false: a title that repeats the field's name says nothing."""
        return False
