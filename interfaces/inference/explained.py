"""What a request says of explanations: `true`, `false`, or a condition such as `probability > 0.8`."""

from functools import lru_cache

from application.inference.explaining import Explain, require_explain
from domain.errors import InvalidInput
from interfaces.requests.filters import parse_filter

PARAMETER = "explain"

_SPELLED = {"true": True, "false": False}
_WANTED = "must be true, false or a condition such as probability > 0.8"


@lru_cache(maxsize=256)
def parse_explain(text: str) -> Explain:
    """Return which predictions are to be explained.

    Raises:
        InvalidInput: The text is neither true nor false nor a condition over what an answer has.
    """
    spelled = _SPELLED.get(text.lower())  # Python writes its truth values with capitals
    if spelled is not None:
        return spelled
    try:
        condition = parse_filter(text, parameter=PARAMETER)
    except InvalidInput as error:
        raise InvalidInput(
            each.model_copy(update={"message": f"{_WANTED}: {each.message}"}) for each in error.problems
        ) from None
    return require_explain(condition)
