"""What a request gave, made short and safe enough to be given back."""

import math
from typing import Any

import orjson

TEXT_MAX_CHARS = 200
MESSAGE_MAX_CHARS = 2_000
_ITEMS_MAX = 20
_JSON_MAX_BYTES = 1_000


def excerpt(value: Any) -> Any:
    """Return the value if it is short JSON, else text with its beginning, or what kind of thing it is."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return shortened(value, TEXT_MAX_CHARS)
    if isinstance(value, int | float):
        return _json_number(value)
    if isinstance(value, dict | list | tuple):
        return _short_json(value)
    return f"a {type(value).__name__}"


def shortened(text: str, max_chars: int) -> str:
    """Return the text, or its beginning and an ellipsis; without half surrogate pairs, which are no text."""
    short = text if len(text) <= max_chars else f"{text[: max_chars - 1]}…"
    return short.encode("utf-8", "replace").decode()


def _json_number(value: float) -> Any:
    if isinstance(value, int):
        return value if -(2**63) <= value < 2**63 else shortened(f"{value:#x}", TEXT_MAX_CHARS)
    return value if math.isfinite(value) else str(value)


def _short_json(value: Any) -> Any:
    if len(value) > _ITEMS_MAX:
        return f"an object or list of {len(value)} items"
    try:
        text = orjson.dumps(value)
    except (TypeError, RecursionError):  # orjson's error for what is too deep or no JSON is a TypeError
        return "a value nested too deep"
    return value if len(text) <= _JSON_MAX_BYTES else shortened(text.decode(), TEXT_MAX_CHARS)
