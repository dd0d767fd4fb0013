"""What is to be explained is said by a truth value, however it is written, or by a condition."""

import pytest

from domain.errors import InvalidInput
from interfaces.inference.explained import parse_explain


@pytest.mark.parametrize(("text", "expected"), [("true", True), ("True", True), ("False", False)])
def test_a_truth_value_may_be_written_as_python_does(text: str, expected: bool) -> None:
    assert parse_explain(text) is expected


@pytest.mark.parametrize("text", ["", "1", "yes", "probability >"])
def test_what_is_neither_is_told_what_it_may_be(text: str) -> None:
    message = "explain: must be true, false or a condition such as probability > 0.8: cannot be read at character"
    with pytest.raises(InvalidInput, match=message):
        parse_explain(text)
