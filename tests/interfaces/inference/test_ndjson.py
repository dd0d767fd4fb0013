"""Lines of JSON are answered line by line, with the numbers that one JSON document gets."""

from typing import Any

import orjson
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from application.inference.loaded import Loaded
from application.inference.routes import Served
from domain.errors import InvalidInput
from domain.inference.errors import NonConformingInstance
from interfaces.inference import row_streams
from interfaces.inference.answers import results
from interfaces.inference.asked import parse_body
from interfaces.inference.explained import parse_explain
from interfaces.inference.instances import InstanceDecoder
from interfaces.inference.ndjson import LINE_MAX_BYTES, JsonLines
from interfaces.inference.predicting import answered as answered_at_once
from interfaces.inference.row_streams import CHUNK_ROWS
from interfaces.requests.problems import NotJson
from tests.interfaces.inference.streaming import a_served_example, answered, answers
from tests.interfaces.inference.test_arrow import VALUES
from tests.support.data import OF_EVERY_TYPE
from tests.support.fakes.predictors import FakePredictor

FAKE = Served(model_id="m", version="1.0.0", loaded=Loaded("artifact:fake", FakePredictor()))
ANN, BOB = b'{"age":40,"city":"Basel"}', b'{"city":null,"age":7.5}'


def ask(body: bytes, served: Served = FAKE, *, explain: str = "false", piece_bytes: int = 1_000) -> list[Any]:
    answer = answered(JsonLines(served, explain=parse_explain(explain)), body, piece_bytes=piece_bytes)
    assert not answer or answer.endswith(b"\n")
    return [orjson.loads(line) for line in answer.splitlines()]


def predictions(body: bytes, *, piece_bytes: int = 1_000) -> list[float]:
    return [each["prediction"] for each in ask(body, piece_bytes=piece_bytes)]


@pytest.mark.parametrize("name", OF_EVERY_TYPE)
@given(data=st.data())
@settings(max_examples=15, deadline=None)
def test_any_lines_get_the_answers_of_one_document_bit_for_bit(name: str, data: st.DataObject) -> None:
    served = a_served_example(name)
    predictor, known = served.loaded.predictor, OF_EVERY_TYPE[name]().instances()
    change = st.sampled_from(predictor.schema.features).flatmap(
        lambda each: st.tuples(st.just(each.name), VALUES[each.type])
    )
    changed = st.tuples(st.sampled_from(known), st.lists(change, max_size=6).map(dict))
    instances = data.draw(st.lists(changed.map(lambda each: each[0] | each[1]), min_size=1, max_size=6))
    explain = data.draw(st.sampled_from(["true", "false", "probability > 0.6 OR prediction > 1"]))
    rows = InstanceDecoder(predictor.schema).rows(
        parse_body(orjson.dumps({"model_id": "m", "features": instances}))
    )
    expected = results(served, answered_at_once(predictor, rows, explain=parse_explain(explain)))
    body = b"\n".join(map(orjson.dumps, instances))
    found = ask(body, served, explain=explain, piece_bytes=data.draw(st.integers(50, 5_000)))
    assert found == orjson.loads(expected)


@given(st.integers(1, 80))
@example(10_000)
def test_lines_may_end_in_any_way_and_be_blank(piece_bytes: int) -> None:
    for body in (
        ANN + b"\n" + BOB + b"\n",
        ANN + b"\r\n" + BOB + b"\r\n",
        ANN + b"\n" + BOB,
        b"\xef\xbb\xbf" + ANN + b"\n\n \r\n" + BOB + b"\n\n",
        b"\n" + b" " * 90 + ANN + b"\n\t" + BOB,
    ):
        assert predictions(body, piece_bytes=piece_bytes) == [41.0, 7.5]
    for body in (b"", b"\n", b"\r\n\r\n", b"\xef\xbb\xbf"):
        assert ask(body, piece_bytes=piece_bytes) == []


def test_complete_lines_are_answered_without_the_next_one() -> None:
    rows = JsonLines(FAKE, explain=False)
    rows.add(ANN + b"\n" + BOB[:5])
    block = rows.next_block()
    assert block is not None
    assert [orjson.loads(piece.body)["prediction"] for piece in rows.answer(block) if piece] == [41.0]
    assert rows.next_block() is None
    assert (rows.instances, rows.held_bytes) == (1, 5)


def test_many_lines_are_answered_in_chunks() -> None:
    count = 2 * CHUNK_ROWS + 1
    rows = JsonLines(FAKE, explain=False)
    pieces = [piece for piece in answers(rows, (ANN + b"\n") * count, piece_bytes=10**7) if piece]
    assert [piece.count(b"\n") for piece in pieces] == [CHUNK_ROWS, CHUNK_ROWS, 1]
    assert rows.instances == count


def test_what_takes_a_while_is_answered_before_the_rest_of_its_chunk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(row_streams, "SEND_AFTER_S", 0.0)
    rows = JsonLines(FAKE, explain=True)
    pieces = [piece for piece in answers(rows, (ANN + b"\n") * 50, piece_bytes=10_000) if piece]
    assert pieces[0].count(b"\n") < 50
    assert b"".join(pieces).count(b'"explanation":{"age":40.0,"city":1.0}') == rows.instances == 50


LINES = {b"": None, b" \r": None, ANN: 41.0, BOB: 7.5, b'{"age":true}': None, b'{"age":1,': None}
"""Line → what is predicted for it; the last two are no instances."""


@given(st.lists(st.sampled_from([*LINES]), max_size=12), st.integers(1, 200), st.booleans())
def test_all_lines_before_the_first_wrong_one_are_answered_however_they_arrive(
    lines: list[bytes], piece_bytes: int, ends: bool
) -> None:
    wrong = next(
        (number for number, line in enumerate(lines, 1) if line.startswith((b'{"age":t', b'{"age":1,'))), None
    )
    rows = JsonLines(FAKE, explain=False)
    found: list[float] = []
    told: dict[str, Any] | None = None
    try:
        for piece in answers(rows, b"\n".join(lines) + b"\n" * ends, piece_bytes=piece_bytes):
            found += [orjson.loads(line)["prediction"] for line in piece.splitlines()]
    except (NotJson, NonConformingInstance) as error:
        told = error.details
    assert told == (None if wrong is None else {"line": wrong})
    assert found == [LINES[line] for line in lines[:wrong] if LINES[line] is not None]
    assert rows.instances == len(found)


def test_the_lines_of_a_chunk_before_a_wrong_one_are_answered() -> None:
    rows = JsonLines(FAKE, explain=False)
    pieces = answers(rows, (ANN + b"\n") * (CHUNK_ROWS + 3) + b"null\n" + ANN, piece_bytes=10**7)
    assert [next(pieces).count(b"\n") for _ in range(2)] == [CHUNK_ROWS, 3]
    with pytest.raises(NonConformingInstance) as found:
        next(pieces)
    assert found.value.details == {"line": CHUNK_ROWS + 4}


@pytest.mark.parametrize(
    ("line", "problems"),
    [
        (b'{"age":"x","city":null}', [("line 4.age", "must be a number or null, is text.")]),
        (b'{"age":1}', [("line 4.city", "is missing; send null when its value is not known.")]),
        (
            b'{"age":1,"city":null,"agee":2}',
            [("line 4.agee", "is no feature of this version. Did you mean 'age'?")],
        ),
        (b'["age"]', [("line 4", "must be an object of features, is a list.")]),
        (b"null", [("line 4", "must be an object of features, is null.")]),
    ],
)
def test_a_line_that_does_not_conform_is_told_by_its_number(line: bytes, problems: list[tuple[str, str]]) -> None:
    with pytest.raises(NonConformingInstance) as found:
        ask(b"\n".join((ANN, b"", BOB, line, ANN)))
    assert [(each.field, each.message) for each in found.value.problems] == problems
    assert found.value.details == {"line": 4}


@pytest.mark.parametrize(
    "lines",
    [
        [b'{"age":1,', b'"city":null}'],
        [ANN + BOB],
        [ANN + b"," + BOB],
        [ANN + b"," + BOB, b'{"age":1', b'"city":null}'],
        [b'{"age":NaN,"city":null}'],
        [b'{"age":1e999,"city":null}'],
        [b'{"age":1,"city":"\xff"}'],
        [b"\xef\xbb\xbf" + ANN],
        [b"[" * 100_000],
    ],
)
def test_a_line_that_is_no_json_is_told_by_its_number(lines: list[bytes]) -> None:
    with pytest.raises(NotJson, match="Line 2: ") as found:
        ask(b"\n".join((ANN, *lines)))
    assert found.value.details == {"line": 2}


def test_a_line_without_an_end_is_not_read_for_ever() -> None:
    rows = JsonLines(FAKE, explain=False)
    with pytest.raises(InvalidInput, match="put each instance into a line of its own") as found:
        answered(rows, ANN + b'\n{"city": "' + b"x" * (64 * LINE_MAX_BYTES), piece_bytes=64 * 1024)
    assert found.value.details == {"line": 2}
    assert rows.held_bytes <= LINE_MAX_BYTES + 64 * 1024
