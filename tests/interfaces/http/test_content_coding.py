"""What is in gzip or deflate comes out of it as it went in, step by step, and nothing else does."""

import asyncio
import gzip
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from interfaces.http.content_coding import UNDERSTOOD, Decoder, body_coding, decoded, preferred_coding
from interfaces.http.problems import MalformedBody, TooLarge, UnsupportedCoding
from interfaces.requests.problems import Overloaded

STEP_BYTES = 1024 * 1024


def bare(body):
    compressor = zlib.compressobj(wbits=-15)
    return compressor.compress(body) + compressor.flush()


CODERS = {"gzip": [gzip.compress], "deflate": [zlib.compress, bare]}


def decode(body, coding, *, max_bytes=1_000, take=lambda _: None):
    return asyncio.run(decoded(body, coding, max_bytes=max_bytes, take=take))


@given(st.binary(max_size=100), st.sampled_from([1, 1_000]), st.sampled_from(UNDERSTOOD), st.data())
def test_a_body_in_pieces_is_the_body_and_no_beginning_of_it_is(content, times, coding, data):
    body = data.draw(st.sampled_from(CODERS[coding]))(content * times)
    places = sorted(data.draw(st.sets(st.integers(0, len(body)), max_size=4)))
    decoder = Decoder(coding)
    found = b""
    for start, end in zip([0, *places], [*places, len(body)], strict=True):
        if 0 < start < len(body):
            with pytest.raises(MalformedBody):
                decoder.end()
        found += b"".join(decoder.steps(body[start:end]))
    decoder.end()
    assert found == content * times


@pytest.mark.parametrize(
    "body", [gzip.compress(bytes(10 * STEP_BYTES)), gzip.compress(b"") * 20_000], ids=["much in little", "nothing"]
)
def test_a_step_is_short_whatever_is_in_it(body):
    steps = [len(step) for step in Decoder("gzip").steps(body)]
    assert max(steps) <= STEP_BYTES
    assert len(steps) > 1


@pytest.mark.parametrize(
    ("given", "coding"),
    [("gzip", "gzip"), (" GZIP ", "gzip"), ("Deflate", "deflate"), ("identity", None), ("", None)],
)
def test_a_body_says_its_coding(given, coding):
    assert body_coding(given) == coding


@pytest.mark.parametrize("given", ["br", "zstd", "gzip, gzip", "gzip,", "identity, gzip"])
def test_other_codings_are_refused_naming_those_that_are_understood(given):
    with pytest.raises(UnsupportedCoding) as found:
        body_coding(given)
    assert found.value.headers == {"accept-encoding": "gzip, deflate"}


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
