"""Bodies in gzip and deflate, in both directions, within the bounds that hold for what is in them."""

import gzip
import zlib

import orjson
import pytest

from interfaces.http.inference_body import BODY_MAX_BYTES
from tests.interfaces.http.test_content_coding import bare
from tests.support.open_inference import binary, outputs_of, tensor

BODY = orjson.dumps({"inputs": [tensor("age", "FP64", [40]), tensor("city", "BYTES", ["Basel"])]})
PATH = "/v2/models/churn/infer"


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


@pytest.mark.parametrize("coding", ["gzip", "deflate"])
def test_a_long_answer_is_compressed_for_who_takes_it(an_unchanging_protocol, coding):
    for count, is_coded in ((1, False), (2_000, True), (30_000, True)):
        inputs = [tensor("age", "INT64", list(range(count))), tensor("city", "BYTES", ["Bern"] * count)]
        body = orjson.dumps({"inputs": inputs})
        plain = an_unchanging_protocol.ask("POST", PATH, body)
        assert "content-encoding" not in plain.headers
        assert plain.headers.get("vary") == ("accept-encoding" if is_coded else None)
        response = an_unchanging_protocol.ask("POST", PATH, body, {"accept-encoding": coding})
        assert response.headers.get("content-encoding") == (coding if is_coded else None)
        assert response.headers.get("vary") == plain.headers.get("vary")
        assert (int(response.headers["content-length"]) < len(plain.content)) is is_coded
        assert outputs_of(response) == outputs_of(plain)
