"""Documents as JSON text: compared, kept and written without being built again."""

import json
from typing import Any, NamedTuple

from pydantic_core import from_json

from application.ports.read_models import FIELDS, Collection, Document, FieldKind

KEYED = {
    collection: tuple(name for name, kind in fields.items() if kind is FieldKind.KEYED)
    for collection, fields in FIELDS.items()
}
"""The free-form fields of each collection."""

NOTHING = "null"
"""A free-form field that is not there."""

# The strict encoder of the standard library: others write NaN as null, and have no word for every integer.
_encoded = json.JSONEncoder(allow_nan=False, separators=(",", ":")).encode


class Content(NamedTuple):
    """What a document says.

    Attributes:
        text: All of it, as JSON.
        free_form: Its free-form fields one by one, as JSON, in the order of `KEYED`.
    """

    text: str
    free_form: tuple[str, ...]

    @classmethod
    def of(cls, collection: Collection, document: Document) -> "Content":
        """Return the content of the document.

        Raises:
            ValueError, TypeError: It holds what JSON has no word for.
        """
        free_form = tuple(_encoded(document.get(root)) for root in KEYED[collection])
        return cls(_encoded(document), free_form)

    def says_the_same(self, other: "Content") -> bool:
        """Tell whether the documents are equal, in whatever order their keys are; 1 is neither 1.0 nor true."""
        if self.text == other.text or len(self.text) != len(other.text):
            return self.text == other.text
        one, another = decoded(self.text), decoded(other.text)
        # the comparison in Python first: it is quick to see what differs, only too lenient with numbers
        return bool(one == another) and json.dumps(one, sort_keys=True) == json.dumps(another, sort_keys=True)


def decoded(text: str) -> Any:
    """Return what the JSON holds."""
    try:
        return from_json(text)
    except ValueError:  # halves of surrogate pairs and very deep nesting are read by the standard library only
        return json.loads(text)
