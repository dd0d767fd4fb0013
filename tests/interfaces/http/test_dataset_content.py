"""What was given as a dataset can be had again, whole or in part, and never otherwise than it was."""

import hashlib
import os
import re
import socket

import httpx
import pytest

from interfaces.http.bodies import JSON
from tests.interfaces.http.test_datasets import PARQUET, form, parquet
from tests.support.http import CSV, served

PATH = "/datasets/customers/content"
SIZE = len(CSV)
ENOUGH_S = 60.0


@pytest.fixture(scope="module")
def customers(tmp_path_factory):
    """A service with a dataset that nobody changes."""
    with served(tmp_path_factory.mktemp("customers")) as api:
        assert api.upload(name="customers").status_code == 201
        yield api


def file_of(api):
    (path,) = (path for path in api.artifacts_root.rglob("*") if re.fullmatch("[0-9a-f]{64}", path.name))
    return path


def overwrite(path, content):
    path.chmod(0o644)
    path.write_bytes(content)


def test_the_bytes_of_a_dataset_are_those_that_were_uploaded(api):
    id_ = api.upload(name="customers").json()["id"]
    for reference in (id_, "customers"):
        found = api.get(f"/datasets/{reference}/content")
        assert (found.status_code, found.headers["content-type"]) == (200, "text/csv")
        assert found.content == CSV
        assert found.headers["etag"] == f'"{hashlib.sha256(CSV).hexdigest()}"'
        assert int(found.headers["x-event-position"]) > 0
    content = parquet()
    assert form(api, content=content, filename="a.parquet", media_type=PARQUET, name="p").status_code == 201
    found = api.get("/datasets/p/content")
    assert (found.headers["content-type"], found.content) == (PARQUET, content)
    assert found.headers["content-disposition"] == 'attachment; filename="p.parquet"'


def test_a_head_is_that_of_the_whole(customers):
    whole, head = customers.get(PATH), customers.client.head(f"/api/v1{PATH}", headers={"Range": "bytes=3-9"})
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers.keys() == whole.headers.keys()
    assert int(head.headers["content-length"]) == SIZE


@pytest.mark.parametrize(
    ("given", "first", "last"),
    [
        ("bytes=3-9", 3, 9),
        ("bytes=0-0", 0, 0),
        (f"bytes=5-{2**63 - 1}", 5, SIZE - 1),
        ("bytes=7-", 7, SIZE - 1),
        ("bytes=-5", SIZE - 5, SIZE - 1),
        (f"bytes=-{SIZE + 1}", 0, SIZE - 1),
        ("Bytes= 3-9 ,", 3, 9),
    ],
)
def test_a_part_of_the_bytes_is_answered_where_it_is_asked_for(customers, given, first, last):
    found = customers.get(PATH, {"Range": given})
    assert (found.status_code, found.content) == (206, CSV[first : last + 1])
    assert found.headers["content-range"] == f"bytes {first}-{last}/{SIZE}"
    assert int(found.headers["content-length"]) == len(found.content)


@pytest.mark.parametrize("given", ["bytes=0-1,3-4", "lines=0-1", "lines=x"])
def test_what_nobody_can_answer_in_part_is_answered_as_a_whole(customers, given):
    found = customers.get(PATH, {"Range": given})
    assert (found.status_code, found.content, "content-range" in found.headers) == (200, CSV, False)


def test_a_part_of_what_has_changed_is_the_whole(customers):
    tag = customers.get(PATH).headers["etag"]
    for given, size in (
        (tag, 7),
        ('"another"', SIZE),
        (f"W/{tag}", SIZE),
        ("Mon, 23 Nov 2026 10:00:00 GMT", SIZE),
    ):
        found = customers.get(PATH, {"Range": "bytes=3-9", "If-Range": given})
        assert (found.status_code, len(found.content)) == (206 if size == 7 else 200, size), given


@pytest.mark.parametrize("given", [f"bytes={SIZE}-", f"bytes={SIZE}-{SIZE + 9}", f"bytes={2**63}-", "bytes=-0"])
def test_a_range_in_which_nothing_is_is_refused_saying_how_much_there_is(customers, given):
    found = customers.get(PATH, {"Range": given})
    assert (found.status_code, found.headers["content-type"]) == (416, JSON)
    assert found.headers["content-range"] == f"bytes */{SIZE}"
    assert found.json()["error_code"] == "request.range-not-satisfiable"
    assert found.json()["details"] == {"size_bytes": SIZE}


NO_RANGES = [
    "bytes",
    "bytes=",
    "bytes=,",
    "bytes=-",
    "bytes=9-3",
    "bytes=a-b",
    "bytes=1",
    "bytes=٣-",
    "bytes=--1",
    f"bytes=0-{10**99}",
]


@pytest.mark.parametrize("given", NO_RANGES)
def test_a_range_that_is_none_is_refused_saying_what_would_be_one(customers, given):
    found = customers.get(PATH, {"Range": given.encode()})
    assert (found.status_code, found.headers["content-type"]) == (400, JSON)
    assert found.json()["error_code"] == "request.malformed-header"
    assert "bytes=0-499" in found.json()["error"]


def test_who_has_the_bytes_is_told_so(customers):
    tag = customers.get(PATH).headers["etag"]
    found = customers.get(PATH, {"If-None-Match": tag, "Range": f"bytes={SIZE}-"})
    assert (found.status_code, found.content) == (304, b"")


def test_of_no_dataset_there_are_no_bytes(customers):
    assert customers.get("/datasets/nobody/content").json()["error_code"] == "dataset.not-found"


@pytest.mark.parametrize("asked", [{}, {"Range": "bytes=0-1"}, {"Range": "bytes=0-"}])
def test_a_damaged_file_is_served_to_nobody_and_the_mended_one_to_all(api, asked):
    api.upload(name="customers")
    path = file_of(api)
    for damage in (CSV[:-1] + b"?", CSV[:-1], b""):
        overwrite(path, damage)
        for _ in range(2):
            found = api.get(PATH, asked)
            assert (found.status_code, found.json()["error_code"]) == (503, "artifact.unavailable")
            assert "are damaged: their hash is" in found.json()["error"]
        assert api.client.head(f"/api/v1{PATH}").status_code == 503
    api.upload(name="again")  # the same bytes, which takes the place of the damaged file
    assert api.get(PATH, asked).content == CSV[: 2 if asked.get("Range") == "bytes=0-1" else None]


def test_a_file_that_is_written_to_is_read_again_whatever_its_size_and_time(api):
    api.upload(name="customers")
    path = file_of(api)
    assert api.get(PATH).status_code == 200
    before = path.stat()
    overwrite(path, CSV[:-1] + b"?")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert api.get(PATH).status_code == 503


def test_bytes_that_are_lost_are_told(api):
    api.upload(name="customers")
    file_of(api).unlink()
    found = api.get(PATH)
    assert (found.status_code, found.json()["error_code"]) == (503, "artifact.unavailable")


def test_an_answer_whose_file_is_cut_short_meanwhile_is_not_taken_for_whole(api, caplog):
    content = CSV + b"40,bern,y\n" * 700_000
    api.upload(content, name="customers")
    url = httpx.URL(api.url)
    with socket.socket() as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        connection.settimeout(ENOUGH_S)
        connection.connect((url.host, url.port))
        connection.sendall(b"GET /api/v1/datasets/customers/content HTTP/1.1\r\nhost: localhost\r\n\r\n")
        received = connection.recv(4_096)
        overwrite(file_of(api), b"")
        while piece := connection.recv(65_536):
            received += piece
    assert received.startswith(b"HTTP/1.1 200 ")
    assert len(received.partition(b"\r\n\r\n")[2]) < len(content)
    assert "its answer is broken off" in caplog.text
    assert "was cut short while it was sent" in caplog.text
    assert "Traceback" not in caplog.text
