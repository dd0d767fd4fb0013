"""Bodies in gzip and deflate, in both directions, within the bounds that hold for what is in them."""

import asyncio
import gzip
import zlib

import orjson
import pytest

from interfaces.http.content_coding import decoded, preferred_coding
from interfaces.http.inference_body import BODY_MAX_BYTES
from interfaces.http.problems import MalformedBody, TooLarge
from interfaces.requests.problems import Overloaded
from tests.support.open_inference import binary, outputs_of, tensor

BODY = orjson.dumps({"inputs": [tensor("age", "FP64", [40]), tensor("city", "BYTES", ["Basel"])]})
PATH = "/v2/models/churn/infer"


def bare(body):
    compressor = zlib.compressobj(wbits=-15)
    return compressor.compress(body) + compressor.flush()


def decode(body, coding, *, max_bytes=1_000, take=lambda _: None):
    return asyncio.run(decoded(body, coding, max_bytes=max_bytes, take=take))


@pytest.mark.parametrize(
    ("coding", "compress"),
    [
        ("gzip", gzip.compress),
        ("GZIP", gzip.compress),
        ("deflate", zlib.compress),
        ("deflate", bare),
        ("identity", bytes),
    ],
)
def test_a_body_in_a_coding_is_the_body(an_unchanging_protocol, coding, compress):
    response = an_unchanging_protocol.ask("POST", PATH, compress(BODY), {"content-encoding": coding})
    assert outputs_of(response)["predict"][2] == [41.0]


def test_tensors_in_binary_form_may_be_compressed_too(an_unchanging_protocol):
    described, data = zip(binary("age", "FP64", [40]), binary("city", "BYTES", ["Basel"]), strict=True)
    head = orjson.dumps({"inputs": described})
    headers = {"content-encoding": "gzip", "Inference-Header-Content-Length": str(len(head))}
    response = an_unchanging_protocol.ask("POST", PATH, gzip.compress(head + b"".join(data)), headers)
    assert outputs_of(response)["predict"][2] == [41.0]


@pytest.mark.parametrize(
    ("coding", "body"),
    [
        ("gzip", BODY),
        ("gzip", gzip.compress(BODY)[:-9]),
        ("deflate", zlib.compress(BODY)[:-5]),
        ("deflate", zlib.compress(BODY) + b"more"),
        ("gzip", gzip.compress(BODY) + b"more"),
        ("br", BODY),
    ],
    ids=["not in it", "cut off in it", "cut off", "more behind it", "more of another behind it", "unknown"],
)
def test_a_body_that_is_not_in_its_coding_is_refused(an_unchanging_protocol, coding, body):
    response = an_unchanging_protocol.ask("POST", PATH, body, {"content-encoding": coding})
    assert response.status_code == 400
    assert response.json()["error_code"] in {"request.malformed-body", "request.unsupported-coding"}


def test_a_body_that_is_small_only_as_long_as_it_is_compressed_is_refused(an_unchanging_protocol):
    bomb = gzip.compress(bytes(BODY_MAX_BYTES + 1), compresslevel=1)
    response = an_unchanging_protocol.ask("POST", PATH, bomb, {"content-encoding": "gzip"})
    assert (response.status_code, response.json()["error_code"]) == (400, "request.too-large")


def test_what_a_body_holds_takes_room_and_counts_step_by_step():
    taken = []

    def take(size):
        taken.append(size)
        if sum(taken) > 3_000_000:
            raise Overloaded("no more room")

    with pytest.raises(Overloaded):
        decode(gzip.compress(bytes(100_000_000)), "gzip", max_bytes=10**9, take=take)
    assert sum(taken) < 5_000_000
    assert decode(gzip.compress(bytes(1_000)), "gzip") == bytes(1_000)
    with pytest.raises(TooLarge):
        decode(gzip.compress(bytes(1_001)), "gzip")


def test_several_members_of_gzip_are_one_body():
    assert decode(gzip.compress(b"one ") + gzip.compress(b"two"), "gzip") == b"one two"
    assert decode(b"", "gzip") == b""
    with pytest.raises(MalformedBody):
        decode(b"x", "deflate")


@pytest.mark.parametrize(
    ("accepted", "coding"),
    [
        ("gzip", "gzip"),
        ("deflate", "deflate"),
        ("deflate, GZIP;q=0.5", "gzip"),
        ("gzip;q=0, deflate", "deflate"),
        ("gzip;q=0.000", None),
        ("identity, br", None),
        ("", None),
    ],
)
def test_an_answer_comes_in_a_coding_that_its_reader_takes(accepted, coding):
    assert preferred_coding(accepted) == coding


@pytest.mark.parametrize("coding", ["gzip", "deflate"])
def test_a_long_answer_is_compressed_for_who_takes_it(an_unchanging_protocol, coding):
    for count, is_coded in ((1, False), (2_000, True), (30_000, True)):
        inputs = [tensor("age", "INT64", list(range(count))), tensor("city", "BYTES", ["Bern"] * count)]
        body = orjson.dumps({"inputs": inputs})
        plain = an_unchanging_protocol.ask("POST", PATH, body)
        assert "content-encoding" not in plain.headers
        response = an_unchanging_protocol.ask("POST", PATH, body, {"accept-encoding": coding})
        assert response.headers.get("content-encoding") == (coding if is_coded else None)
        assert (int(response.headers["content-length"]) < len(plain.content)) is is_coded
        assert outputs_of(response) == outputs_of(plain)
