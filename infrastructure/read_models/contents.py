"""Documents as JSON text: compared, kept and written without being built again."""

import json
from typing import Any, NamedTuple

import orjson
from pydantic_core import from_json, to_json

from application.ports.read_models import FIELDS, Collection, Document, FieldKind

KEYED = {
    collection: tuple(name for name, kind in fields.items() if kind is FieldKind.KEYED)
    for collection, fields in FIELDS.items()
}
"""The free-form fields of each collection."""

NOTHING = "null"
"""A free-form field that is not there."""

# The encoder of the standard library refuses what is not JSON, and has a word for every integer and text.
# It takes three times as long as the other two together: one refuses other types, though it takes NaN for
# null; the other writes NaN as such, though it takes a set for a list.
_strictly_encoded = json.JSONEncoder(allow_nan=False, separators=(",", ":")).encode
_NO_OTHER_TYPES = (
    orjson.OPT_PASSTHROUGH_DATACLASS | orjson.OPT_PASSTHROUGH_DATETIME | orjson.OPT_PASSTHROUGH_SUBCLASS
)


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
        free_form = tuple(encoded(document.get(root)) for root in KEYED[collection])
        return cls(encoded(document), free_form)

    def says_the_same(self, other: "Content") -> bool:
        """Tell whether the documents are equal, in whatever order their keys are; 1 is neither 1.0 nor true."""
        return says_the_same(self.text, other.text)


def encoded(document: Any) -> str:
    """Return the document as JSON: one document always as the same text, up to the order of its keys.

    Raises:
        ValueError, TypeError: It holds what JSON has no word for.
    """
    try:
        orjson.dumps(document, option=_NO_OTHER_TYPES)
        text = to_json(document).decode()
    except (ValueError, TypeError):
        return _strictly_encoded(document)
    # What is not a number is written so, but so may be a text that speaks of it. A letter is found ten times as
    # fast as a word, and most documents lack both.
    if ("N" in text and "NaN" in text) or ("I" in text and "Infinity" in text):
        return _strictly_encoded(document)
    return text


def says_the_same(one: str, other: str) -> bool:
    """Tell whether two documents are equal, in whatever order their keys are; 1 is neither 1.0 nor true."""
    if one == other or len(one) != len(other):
        return one == other
    left, right = decoded(one), decoded(other)
    # the comparison in Python first: it is quick to see what differs, only too lenient with numbers
    return bool(left == right) and json.dumps(left, sort_keys=True) == json.dumps(right, sort_keys=True)


def decoded(text: str) -> Any:
    """Return what the JSON holds."""
    try:
        return from_json(text)
    except ValueError:  # halves of surrogate pairs and very deep nesting are read by the standard library only
        return json.loads(text)
