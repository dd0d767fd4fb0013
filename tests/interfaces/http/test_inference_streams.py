"""Rows over HTTP, in bodies of any length: predicted as they arrive, never taken for whole when they are not."""

import asyncio
import gzip
import socket
import zlib
from typing import Any

import httpx
import orjson
import pyarrow as pa
import pytest

from interfaces.http.inference import PATH, InferenceEndpoint
from interfaces.http.inference_body import Bodies
from interfaces.http.inference_streams import InferenceStreams
from interfaces.http.inference_wishes import ARROW, NDJSON
from interfaces.inference.row_streams import CHUNK_ROWS
from tests.application.inference.registry import Registry
from tests.interfaces.http.test_inference import Progress, post, problems_of
from tests.interfaces.inference.streaming import arrow_stream
from tests.support.fakes.predictors import FakePredictor, FakePredictorLoader

ENOUGH_S = 60.0
ANN, BAD = b'{"age":40,"city":"Basel"}\n', b'{"age":"x","city":null}\n'
BATCH = pa.record_batch({"age": pa.array([40.0]), "city": pa.array(["Basel"])})
STREAM = arrow_stream(BATCH, BATCH)
FIRST_BATCH = len(BATCH.schema.serialize()) + len(BATCH.serialize())


@pytest.fixture
def a_predictor():
    return FakePredictor()


@pytest.fixture
def a_registry(tmp_path, a_predictor):
    registry = Registry(tmp_path, loader=FakePredictorLoader(one=a_predictor, two=FakePredictor()))
    yield registry
    registry.close()


@pytest.fixture(autouse=True)
def a_model_id(a_registry):
    return a_registry.register("churn", v1_0_0="artifact:one", v1_1_0="artifact:two")


@pytest.fixture
def an_endpoint(a_registry):
    endpoint = InferenceEndpoint(serving=a_registry.serving, progress=Progress(5), threads=2)
    yield endpoint
    endpoint.close()


class Sender:
    """Sends a body piece by piece, and keeps what is answered."""

    def __init__(self, media_type: str, query: str = "model_id=churn", **headers: str) -> None:
        self._pieces: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._came = asyncio.Event()
        self._headers = {"content-type": media_type, **headers}
        self._query = query
        self.messages: list[Any] = []

    def send(self, piece: bytes, *, is_last: bool = False) -> None:
        self._pieces.put_nowait({"type": "http.request", "body": piece, "more_body": not is_last})

    def leave(self) -> None:
        self._pieces.put_nowait({"type": "http.disconnect"})

    async def ask(self, endpoint) -> None:
        async def keep(message) -> None:
            self.messages.append(message)
            self._came.set()

        scope = {
            "type": "http",
            "method": "POST",
            "path": PATH,
            "query_string": self._query.encode(),
            "headers": [(name.encode(), value.encode()) for name, value in self._headers.items()],
        }
        await endpoint(scope, self._pieces.get, keep)

    async def answered(self, count: int) -> None:
        """Wait for so many messages."""
        async with asyncio.timeout(ENOUGH_S):
            while len(self.messages) < count:
                self._came.clear()
                await self._came.wait()

    @property
    def status(self) -> int:
        return self.messages[0]["status"]

    @property
    def body(self) -> bytes:
        return b"".join(message["body"] for message in self.messages[1:])

    @property
    def is_whole(self) -> bool:
        return not self.messages[-1].get("more_body", False)


def ask(endpoint, media_type, *pieces, query="model_id=churn", **headers):
    """Send a whole body; return its sender."""

    async def send():
        sender = Sender(media_type, query, **headers)
        for piece in pieces:
            sender.send(piece)
        sender.send(b"", is_last=True)
        await sender.ask(endpoint)
        return sender

    return asyncio.run(send())


def lines_of(body):
    return [orjson.loads(line) for line in body.splitlines()]


def test_lines_are_answered_by_lines(an_endpoint):
    response = post(an_endpoint, ANN + ANN, query="?model_id=churn", content_type=NDJSON)
    assert response.status_code == 200
    assert response.headers["content-type"] == NDJSON
    assert (response.headers["x-model-version"], "x-request-id" in response.headers) == ("1.0.0", True)
    assert lines_of(response.content) == [{"prediction": 41.0, "probability": 0.5, "explanation": None}] * 2
    assert (an_endpoint.work.instances, sum(an_endpoint.work.durations.counts)) == (2, 1)


def test_record_batches_are_answered_by_record_batches(an_endpoint):
    query = "?model_id=churn&version=1.1.0&explain=true"
    response = post(an_endpoint, STREAM, query=query, content_type=f"{ARROW}; x=y".upper())
    assert response.status_code == 200
    assert response.headers["content-type"] == ARROW
    assert response.headers["x-model-version"] == "1.1.0"
    reader = pa.ipc.open_stream(response.content)
    expected = {"prediction": 41.0, "probability": 0.5, "explanation": {"age": 40.0, "city": 1.0}}
    assert [batch.to_pylist() for batch in reader] == [[expected], [expected]]
    assert an_endpoint.work.instances == 2


@pytest.mark.parametrize(
    ("media_type", "first", "rest"),
    [
        (NDJSON, ANN, ANN),
        (ARROW, STREAM[:FIRST_BATCH], STREAM[FIRST_BATCH:]),
    ],
)
def test_rows_are_answered_while_the_body_still_arrives(an_endpoint, media_type, first, rest):
    async def ask():
        sender = Sender(media_type)
        asking = asyncio.ensure_future(sender.ask(an_endpoint))
        sender.send(first)
        await sender.answered(2)
        assert not sender.is_whole
        sender.send(rest)
        await sender.answered(3)
        sender.send(b"", is_last=True)
        await asking
        return sender

    sender = asyncio.run(ask())
    assert sender.is_whole
    found = (
        lines_of(sender.body) if media_type == NDJSON else pa.ipc.open_stream(sender.body).read_all().to_pylist()
    )
    assert [each["prediction"] for each in found] == [41.0, 41.0]


def test_an_answer_is_by_one_version_whatever_is_promoted_meanwhile(
    an_endpoint, a_registry, a_model_id, a_predictor
):
    async def ask():
        sender = Sender(NDJSON)
        asking = asyncio.ensure_future(sender.ask(an_endpoint))
        sender.send(ANN)
        await sender.answered(2)
        a_registry.promote(a_model_id, "1.1.0")
        sender.send(ANN, is_last=True)
        await asking

    asyncio.run(ask())
    assert len(a_predictor.threads) == 2


def test_what_is_wrong_before_the_first_answer_is_an_error_like_any_other(an_endpoint):
    sender = ask(an_endpoint, NDJSON, b"\n" + BAD, ANN)
    assert (sender.status, sender.is_whole) == (422, True)
    answer = orjson.loads(sender.body)
    assert answer["details"] == {"line": 2}
    assert answer["validation_errors"][0]["field"] == "line 2.age"
    sender = ask(an_endpoint, ARROW, STREAM[: FIRST_BATCH - 1])
    assert (sender.status, orjson.loads(sender.body)["error_code"]) == (400, "request.not-arrow")


def test_what_is_wrong_later_ends_the_answer_where_it_stands(an_endpoint):
    sender = ask(an_endpoint, NDJSON, ANN, BAD, ANN)
    first, last = lines_of(sender.body)
    assert (sender.status, sender.is_whole, first["prediction"]) == (200, False, 41.0)
    assert last == {
        "error": "line 2.age: must be a number or null, is text.",
        "error_code": "inference.non-conforming",
        "line": 2,
        "answered": 1,
    }
    sender = ask(an_endpoint, ARROW, STREAM[:FIRST_BATCH], STREAM[FIRST_BATCH : FIRST_BATCH + 20])
    assert (sender.status, sender.is_whole) == (200, False)
    assert pa.ipc.open_stream(sender.body).read_next_batch().num_rows == 1
    assert not sender.body.endswith(b"\xff\xff\xff\xff\0\0\0\0")
    assert (an_endpoint.work.refused, an_endpoint.work.instances) == (2, 2)


def test_lines_before_a_wrong_one_are_answered_even_where_they_come_with_it(an_endpoint):
    sender = ask(an_endpoint, NDJSON, ANN + b"\n" + ANN + BAD + ANN)
    *answered, last = lines_of(sender.body)
    assert (sender.status, sender.is_whole) == (200, False)
    assert [each["prediction"] for each in answered] == [41.0, 41.0]
    assert (last["error_code"], last["line"], last["answered"]) == ("inference.non-conforming", 4, 2)
    assert an_endpoint.work.instances == 2


def test_lines_before_the_one_that_a_body_breaks_off_in_are_answered(an_endpoint):
    sender = ask(an_endpoint, NDJSON, ANN + ANN + ANN[:9])
    *answered, last = lines_of(sender.body)
    assert [each["prediction"] for each in answered] == [41.0, 41.0]
    assert (last["error_code"], last["line"], last["answered"]) == ("request.not-json", 3, 2)


@pytest.mark.parametrize("media_type", [NDJSON, ARROW])
@pytest.mark.parametrize("piece_bytes", [1, 7, 10_000])
def test_rows_in_a_coding_are_those_rows(an_endpoint, media_type, piece_bytes):
    body = {NDJSON: ANN + ANN, ARROW: STREAM}[media_type]
    for coding, coded in (("gzip", gzip.compress(body)), ("deflate", zlib.compress(body)), ("identity", body)):
        pieces = [coded[start : start + piece_bytes] for start in range(0, len(coded), piece_bytes)]
        sender = ask(an_endpoint, media_type, *pieces, **{"content-encoding": coding})
        assert (sender.status, sender.is_whole) == (200, True)
        assert sender.body == ask(an_endpoint, media_type, body).body


def test_rows_are_answered_before_their_coding_has_ended_and_broken_off_where_it_is_wrong(an_endpoint):
    coded = gzip.compress(ANN + ANN)
    for pieces in ((coded[:-9],), (coded, b"more")):
        sender = ask(an_endpoint, NDJSON, *pieces, **{"content-encoding": "gzip"})
        *answered, last = lines_of(sender.body)
        assert (sender.status, sender.is_whole, len(answered)) == (200, False, 2)
        assert (last["error_code"], last["answered"]) == ("request.malformed-body", 2)
    sender = ask(an_endpoint, NDJSON, ANN, **{"content-encoding": "gzip"})
    assert (sender.status, orjson.loads(sender.body)["error_code"]) == (400, "request.malformed-body")
    sender = ask(an_endpoint, NDJSON, ANN, **{"content-encoding": "br"})
    assert (sender.status, dict(sender.messages[0]["headers"])[b"accept-encoding"]) == (415, b"gzip, deflate")


def test_rows_that_are_few_only_in_their_coding_are_bounded_as_others_are(an_endpoint):
    bodies = Bodies(max_bytes=2 * 10**6)
    an_endpoint._streams = InferenceStreams(inference=an_endpoint.inference, bodies=bodies, max_bytes=3 * 10**6)
    body = gzip.compress(b"\n" * (3 * 10**6 - len(ANN)) + ANN)
    for coded, status in ((body + gzip.compress(b"\n"), 413), (body, 200)):
        sender = ask(an_endpoint, NDJSON, coded, **{"content-encoding": "gzip"})
        assert sender.status == status
    with bodies.share() as take:
        take(1_500_000)
        assert ask(an_endpoint, NDJSON, body, **{"content-encoding": "gzip"}).status == 503


@pytest.mark.parametrize(
    ("query", "field", "message"),
    [
        ("", "model_id", "name the model in the query, as in ?model_id=churn."),
        ("model_id=", "model_id", "name the model in the query"),
        ("version=1", "model_id", "name the model in the query"),
        ("model_id=churn&versio=1", "versio", "is no parameter here. Did you mean 'version'?"),
        ("model_id=churn&model_id=churn", "model_id", "is given twice."),
        ("model_id=churn&explain=some", "explain", "cannot be read"),
        (f"model_id={'x' * 2_000}", "model_id", "must have at most 1024 characters"),
    ],
)
def test_the_query_names_the_model_and_nothing_unknown(an_endpoint, query, field, message):
    ((found, told),) = problems_of(post(an_endpoint, ANN, query=f"?{query}", content_type=NDJSON))
    assert found == field
    assert message in told


def test_json_names_its_model_in_the_body_alone(an_endpoint):
    body = {"model_id": "churn", "features": [{"age": 1, "city": None}]}
    ((field, message),) = problems_of(post(an_endpoint, body, query="?model_id=churn"))
    assert (field, message) == ("model_id", "is no parameter here.")


def test_what_is_asked_for_is_not_there(an_endpoint):
    for query, status in [("model_id=nobody", 404), ("model_id=churn&version=9.9.9", 404)]:
        assert ask(an_endpoint, NDJSON, ANN, query=query).status == status
    assert ask(an_endpoint, NDJSON, ANN, **{"x-min-event-position": "6"}).status == 503
    response = post(an_endpoint, ANN, query="?model_id=churn", content_type="text/csv")
    assert response.status_code == 415
    assert response.json()["details"]["understood"] == ["application/json", ARROW, NDJSON]


def test_nobody_works_on_for_a_sender_who_has_left(an_endpoint):
    async def abandon():
        sender = Sender(NDJSON)
        sender.send(ANN)
        sender.leave()
        await sender.ask(an_endpoint)
        return sender

    sender = asyncio.run(abandon())
    assert not sender.is_whole
    assert lines_of(sender.body) == [{"prediction": 41.0, "probability": 0.5, "explanation": None}]


@pytest.mark.parametrize("media_type", [NDJSON, ARROW])
def test_nobody_works_on_at_many_rows_for_a_sender_who_has_left(an_endpoint, media_type):
    count = 20 * CHUNK_ROWS
    batch = pa.record_batch({"age": pa.nulls(count), "city": pa.nulls(count)})
    many = {NDJSON: ANN * count, ARROW: arrow_stream(batch)}[media_type]

    async def abandon():
        sender = Sender(media_type)
        sender.send(many, is_last=True)
        sender.leave()
        await sender.ask(an_endpoint)
        return sender

    sender = asyncio.run(abandon())
    assert not sender.is_whole
    assert an_endpoint.work.instances <= 5 * CHUNK_ROWS


def test_a_sender_who_pauses_too_long_is_told(an_endpoint):
    async def pause(*pieces):
        sender = Sender(NDJSON, prefer="wait=1")
        for piece in pieces:
            sender.send(piece)
        await sender.ask(an_endpoint)
        return sender

    assert asyncio.run(pause(ANN[:5])).status == 408
    sender = asyncio.run(pause(ANN))
    assert (sender.status, sender.is_whole) == (200, False)
    assert lines_of(sender.body)[1]["error_code"] == "request.body-stalled"


def test_the_end_of_the_service_ends_the_answer(an_endpoint):
    async def stop():
        sender = Sender(NDJSON)
        asking = asyncio.ensure_future(sender.ask(an_endpoint))
        sender.send(ANN)
        await sender.answered(2)
        asking.cancel()
        await asking
        return sender

    sender = asyncio.run(stop())
    assert not sender.is_whole
    assert lines_of(sender.body)[1]["error_code"] == "service.stopping"


def test_bodies_are_bounded_as_a_whole_and_in_what_waits_for_its_end(an_endpoint):
    inference = an_endpoint.inference
    streams = InferenceStreams(inference=inference, bodies=Bodies(max_bytes=100), max_bytes=1_000)
    an_endpoint._streams = streams
    assert ask(an_endpoint, NDJSON, ANN, **{"content-length": "1001"}).status == 413
    many = ask(an_endpoint, NDJSON, *[ANN] * 50)
    assert (many.status, many.is_whole) == (200, False)
    assert lines_of(many.body)[-1]["error_code"] == "request.too-large"
    assert ask(an_endpoint, NDJSON, *[ANN] * 30).is_whole
    assert ask(an_endpoint, NDJSON, *[b" " * 40] * 3).status == 503
    assert ask(an_endpoint, NDJSON, ANN).is_whole


def test_a_reader_who_takes_nothing_is_left(an_endpoint):
    async def wait_for_ever(_message):
        await asyncio.Event().wait()

    async def ask():
        sender = Sender(NDJSON, prefer="wait=1")
        sender.send(ANN, is_last=True)
        scope_headers = [(b"content-type", NDJSON.encode()), (b"prefer", b"wait=1")]
        scope = {"type": "http", "method": "POST", "path": PATH, "query_string": b"model_id=churn"}
        await an_endpoint({**scope, "headers": scope_headers}, sender._pieces.get, wait_for_ever)

    asyncio.run(ask())
    assert an_endpoint.work.refused == 1


def test_over_a_connection_answers_begin_before_the_body_has_ended_and_end_with_it_when_it_breaks_off(
    api, a_version
):
    """Over a real one, for it is the server that closes it."""
    url = httpx.URL(api.url)
    head = (
        f"POST {PATH}?model_id=churn&version={a_version['version']} HTTP/1.1\r\nhost: localhost\r\n"
        f"content-type: {NDJSON}\r\ntransfer-encoding: chunked\r\n"
    )
    for last, is_whole, coding in ((ANN, True, "identity"), (BAD, False, "identity"), (ANN, True, "gzip")):
        first, second = gzipped(ANN, last) if coding == "gzip" else (ANN, last)
        with socket.create_connection((url.host, url.port), timeout=ENOUGH_S) as connection:
            connection.sendall(f"{head}content-encoding: {coding}\r\n\r\n".encode())
            connection.sendall(chunk(first))
            received = b""
            while b'"prediction":41.0' not in received:
                received += connection.recv(65_536)
            assert received.startswith(b"HTTP/1.1 200 ")
            connection.sendall(chunk(second) + chunk(b""))
            while not received.endswith(b"0\r\n\r\n") and (more := connection.recv(65_536)):
                received += more
        assert received.endswith(b"\r\n0\r\n\r\n") == is_whole
        assert (b'"line":2' in received) != is_whole


def gzipped(first, second):
    """Return the halves of a body in gzip, of which the first can be read without the second."""
    compressor = zlib.compressobj(wbits=31)
    return compressor.compress(first) + compressor.flush(zlib.Z_SYNC_FLUSH), (
        compressor.compress(second) + compressor.flush()
    )


def chunk(content):
    return b"%x\r\n%b\r\n" % (len(content), content)
