"""Members of the JSON objects that a request of tensors is made of, each of the type that it must have."""

import re
from typing import Any

import orjson

from domain.errors import InvalidInput
from interfaces.requests.fields import BODY
from interfaces.requests.json_text import require_json_text

TEXT_MAX_CHARS = 1_024

_KINDS: tuple[tuple[type, str], ...] = (
    (bool, "a boolean"),
    (str, "text"),
    (int, "a number"),
    (float, "a number"),
    (dict, "an object"),
    (list, "a list"),
)
NAN = b"NaN"
"""Which clients write for a number that is missing, although it is no JSON."""

_STRING_OR_NAN = re.compile(rb'"(?:[^"\\]++|\\.)*+"?|NaN', re.DOTALL)


def json_object(text: bytes) -> "Members":
    """Return the object that the text says; NaN says null.

    Raises:
        NotJson: It is no JSON text.
        InvalidInput: It is no object.
    """
    try:
        found = orjson.loads(text)
    except orjson.JSONDecodeError:
        found = require_json_text(without_nan(text) if NAN in text else text)
    return Members(found, at="")


class Members:
    """The members of one object.

    Args:
        value: What stands where the object should.
        at: Where that is, as people write it; empty for the whole body.
    """

    def __init__(self, value: Any, *, at: str) -> None:
        if type(value) is not dict:
            raise InvalidInput.of(at or BODY, f"must be an object, is {kind_of(value)}.", value)
        self._value: dict[str, Any] = value
        self._at = at

    @property
    def place(self) -> str:
        """Where the object is, as people write it."""
        return self._at

    def __contains__(self, name: str) -> bool:
        return self._value.get(name) is not None

    def path(self, name: str) -> str:
        """Return where a member is, as people write it."""
        return f"{self._at}.{name}" if self._at else name

    def text(self, name: str, *, max_chars: int = TEXT_MAX_CHARS) -> str:
        """Return a text that must be there."""
        value = self._value.get(name)
        if type(value) is not str:
            raise self._must_be(name, "text")
        if len(value) > max_chars:
            raise InvalidInput.of(self.path(name), f"must have at most {max_chars} characters.", value)
        return value

    def sizes(self, name: str) -> tuple[int, ...]:
        """Return a list of whole numbers, none negative, that must be there."""
        value = self._value.get(name)
        if type(value) is not list or not all(type(each) is int and each >= 0 for each in value):
            raise self._must_be(name, "a list of whole numbers from 0 on")
        return tuple(value)

    def size(self, name: str) -> int | None:
        """Return a whole number, not negative; None where it is absent."""
        value = self._value.get(name)
        if value is not None and (type(value) is not int or value < 0):
            raise self._must_be(name, "a whole number from 0 on")
        return value

    def boolean(self, name: str) -> bool | None:
        """Return a truth value; None where it is absent."""
        value = self._value.get(name)
        if value is not None and type(value) is not bool:
            raise self._must_be(name, "true or false")
        return value

    def items(self, name: str) -> list[Any] | None:
        """Return a list; None where it is absent."""
        value = self._value.get(name)
        if value is not None and type(value) is not list:
            raise self._must_be(name, "a list")
        return value

    def objects(self, name: str) -> list["Members"]:
        """Return the objects of a list; none where it is absent."""
        items = self.items(name) or []
        return [Members(each, at=f"{self.path(name)}[{place}]") for place, each in enumerate(items)]

    def object(self, name: str) -> "Members":
        """Return an object; one without members where it is absent."""
        return Members({} if name not in self else self._value[name], at=self.path(name))

    def names(self) -> list[str]:
        """Return the names of all members."""
        return list(self._value)

    def _must_be(self, name: str, what: str) -> InvalidInput:
        if name not in self._value:
            return InvalidInput.of(self.path(name), f"is missing: it must be {what}.")
        value = self._value[name]
        is_kind = kind_of(value)
        told = f"must be {what}, is {is_kind}." if is_kind not in what else f"must be {what}."
        return InvalidInput.of(self.path(name), told, value)


def kind_of(value: Any) -> str:
    """Return what kind of JSON value it is, in words."""
    return next((name for kind, name in _KINDS if isinstance(value, kind)), "null")


def without_nan(text: bytes) -> bytes:
    """Return the text with null for each NaN that stands outside of a string."""
    return _STRING_OR_NAN.sub(lambda found: b"null" if found[0] == NAN else found[0], text)
