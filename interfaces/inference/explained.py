"""What a request says of explanations: `true`, `false`, or a condition such as `probability > 0.8`."""

from functools import lru_cache

from application.inference.explaining import Explain, require_explain
from interfaces.requests.filters import parse_filter

PARAMETER = "explain"

_SPELLED = {"true": True, "false": False}


@lru_cache(maxsize=256)
def parse_explain(text: str) -> Explain:
    """Return which predictions are to be explained.

    Raises:
        InvalidInput: The text is neither true nor false nor a condition over what an answer has.
    """
    spelled = _SPELLED.get(text)
    return require_explain(parse_filter(text, parameter=PARAMETER)) if spelled is None else spelled
