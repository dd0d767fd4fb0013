"""Datasets over HTTP: by upload as a body or a form, or by URI; nothing half-done stays."""

import errno
import hashlib
import io
import socket
import time
from concurrent.futures import ThreadPoolExecutor

import httpx
import pyarrow as pa
import pyarrow.parquet
import pytest

from interfaces.http.incoming import storage_errors
from interfaces.http.problems import StorageUnavailable
from tests.support.http import CSV, UPLOAD_MAX_BYTES

PARQUET = "application/vnd.apache.parquet"


def parquet():
    file = io.BytesIO()
    pyarrow.parquet.write_table(pa.table({"age": [1, 2, 3], "city": ["a", "b", None]}), file)
    return file.getvalue()


def form(api, *, content=CSV, filename="customers.csv", media_type="text/csv", query=None, **fields):
    files = {"file": (filename, content, media_type)}
    return api.client.post("/api/v1/datasets", data=fields, files=files, params=query)


def refused(response, status, code):
    assert (response.status_code, response.json()["error_code"]) == (status, code), response.text
    return response.json()


def field_of(response):
    assert response.status_code == 422, response.text
    return response.json()["validation_errors"][0]["field"]


def stored(api):
    return [path for path in api.artifacts_root.rglob("*") if path.is_file()]


def test_an_uploaded_dataset_is_described_and_found_by_id_and_name(api):
    response = api.upload(name="customers", target="churned")
    assert response.status_code == 201
    dataset = response.json()
    assert response.headers["location"] == f"/api/v1/datasets/{dataset['id']}"
    assert response.headers["etag"] == '"1"'
    assert dataset["sha256"] == hashlib.sha256(CSV).hexdigest()
    assert (dataset["size_bytes"], dataset["rows"], dataset["target"]) == (len(CSV), 40, "churned")
    assert dataset["schema"][0] == {"name": "age", "type": "numeric", "missing": 0}
    for path in (f"/datasets/{dataset['id']}", "/datasets/customers"):
        assert api.get(path).json() == dataset
    assert api.incoming() == []
    assert [path.read_bytes() for path in stored(api)] == [CSV]


def test_parquet_is_uploaded_as_well(api):
    response = api.upload(parquet(), name="customers", headers={"content-type": PARQUET})
    assert (response.status_code, response.json()["format"]) == (201, "parquet")
    assert response.json()["schema"][1]["missing"] == 1


@pytest.mark.parametrize(
    ("filename", "media_type", "content", "found"),
    [
        ("a.csv", "application/vnd.ms-excel", CSV, "csv"),
        ("a.PARQUET", "application/octet-stream", parquet(), "parquet"),
        ("a.pq", "application/octet-stream", parquet(), "parquet"),
        ("blob", "text/csv", CSV, "csv"),
        ("blob", PARQUET, parquet(), "parquet"),
    ],
)
def test_a_form_is_read_by_the_files_name_or_type(api, filename, media_type, content, found):
    response = form(api, content=content, filename=filename, media_type=media_type, name="größe")
    assert (response.status_code, response.json()["format"]) == (201, found), response.text
    assert response.json()["name"] == "größe"
    assert api.incoming() == []


def test_a_form_may_say_its_fields_after_the_file_or_in_the_query(api):
    parts = [("file", ("a.csv", CSV, "text/csv")), ("name", (None, "one")), ("target", (None, "age"))]
    response = api.client.post("/api/v1/datasets", files=parts)
    assert (response.status_code, response.json()["target"]) == (201, "age"), response.text
    assert form(api, query={"name": "two"}).json()["name"] == "two"


def test_a_form_and_its_query_may_not_disagree(api):
    assert field_of(form(api, name="one", query={"name": "two"})) == "name"


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"filename": "a.xlsx", "media_type": "application/x", "name": "a"}, "file"),
        ({}, "name"),
        ({"name": "a/b"}, "name"),
        ({"name": "a", "target": "nothing"}, "target"),
        ({"name": "a", "traget": "age"}, "traget"),
    ],
)
def test_a_form_that_cannot_be_taken_is_refused_and_leaves_nothing(api, changes, field):
    assert field_of(form(api, **changes)) == field
    assert stored(api) == []


def test_a_form_without_a_file_is_refused(api):
    response = api.client.post("/api/v1/datasets", files={"name": (None, "a")})
    assert field_of(response) == "file"


def test_an_upload_without_a_name_is_refused(api):
    assert field_of(api.upload()) == "name"
    assert stored(api) == []


@pytest.mark.parametrize("content", [b"", b"\x00\xff", b"a,a\n1,2\n"])
def test_an_upload_that_is_no_table_is_refused_and_leaves_nothing(api, content):
    refused(api.upload(content, name="customers"), 422, "dataset.unreadable")
    assert stored(api) == []
    assert api.events() == []


def test_a_taken_name_is_refused_before_the_upload_is_read(api, a_dataset):
    with socket.create_connection(("127.0.0.1", httpx.URL(api.url).port)) as connection:
        connection.settimeout(20)
        connection.sendall(
            b"POST /api/v1/datasets?name=customers HTTP/1.1\r\nHost: x\r\nContent-Type: text/csv\r\n"
            b"Expect: 100-continue\r\nContent-Length: 5000000\r\n\r\n"
        )
        answer = connection.recv(65536)
    assert answer.startswith(b"HTTP/1.1 409 ")
    assert b"connection: close" in answer
    assert api.incoming() == []


def test_who_sends_on_after_a_refusal_is_told_of_it_all_the_same(api, a_dataset):
    content = CSV + b"1,bern,y\n" * 400_000
    refused(api.upload(content, name="customers"), 409, "dataset.name-taken")
    refused(form(api, content=content, name="customers"), 409, "dataset.name-taken")
    assert api.incoming() == []


@pytest.mark.parametrize("chunked", [False, True])
def test_an_upload_that_is_too_large_is_refused_and_leaves_nothing(api, chunked):
    content = b"a\n" * (UPLOAD_MAX_BYTES // 2 + 1)
    sent = iter([content[:1000], content[1000:]]) if chunked else content
    refused(api.upload(sent, name="customers"), 413, "request.too-large")
    refused(form(api, content=content, name="customers"), 413, "request.too-large")
    assert stored(api) == []


@pytest.mark.parametrize("kind", [b"text/csv", b"multipart/form-data; boundary=xyz"])
def test_a_sender_who_goes_away_midway_leaves_nothing_behind(api, kind):
    head = b'--xyz\r\nContent-Disposition: form-data; name="file"; filename="a.csv"\r\n\r\n'
    with socket.create_connection(("127.0.0.1", httpx.URL(api.url).port)) as connection:
        connection.sendall(
            b"POST /api/v1/datasets?name=customers HTTP/1.1\r\nHost: x\r\nContent-Type: "
            + kind
            + b"\r\nContent-Length: 5000000\r\n\r\n"
            + head
            + b"1,2\n" * 600_000
        )
        deadline = time.monotonic() + 20
        while not any(path.stat().st_size for path in api.incoming()):
            assert time.monotonic() < deadline, "nothing came in"
    while api.incoming():
        assert time.monotonic() < deadline, "something stayed"
    assert api.get("/datasets").json()["items"] == []
    assert api.upload(name="customers").status_code == 201


def test_a_dataset_is_registered_by_its_uri_and_copied(api):
    (api.dataset_root / "customers.csv").write_bytes(CSV)
    response = api.post("/datasets", {"name": "customers", "uri": "customers.csv", "target": "churned"})
    assert (response.status_code, response.json()["uri"]) == (201, "customers.csv")
    assert api.get("/datasets/customers").json() == response.json()
    assert api.incoming() == []


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"name": "a"}, "uri"),
        ({"name": "a", "uri": "nothing.csv"}, "uri"),
        ({"name": "a", "uri": "../events.sqlite"}, "uri"),
        ({"name": "a", "uri": "table.csv", "target": "nothing"}, "target"),
        ({"name": "a", "uri": 3}, "uri"),
        ({"name": "a", "url": "table.csv"}, "url"),
    ],
)
def test_a_uri_that_cannot_be_taken_is_refused_and_leaves_nothing(api, body, field):
    (api.dataset_root / "table.csv").write_bytes(CSV)
    assert field_of(api.post("/datasets", body)) == field
    assert stored(api) == []


def test_the_query_names_nothing_for_a_dataset_by_uri(api):
    response = api.client.post("/api/v1/datasets", params={"name": "a"}, json={"name": "a", "uri": "a.csv"})
    assert field_of(response) == "name"
    assert "text/csv" in response.json()["validation_errors"][0]["message"]


def test_of_many_uploads_under_one_name_the_bytes_of_one_are_kept(api):
    def upload(number):
        return api.upload(CSV + b"%d,bern,y\n" % number, name="customers")

    with ThreadPoolExecutor(20) as senders:
        responses = list(senders.map(upload, range(20)))
    (granted,) = [each for each in responses if each.status_code == 201]
    for response in responses:
        if response is not granted:
            refused(response, 409, "dataset.name-taken")
    assert [path.name for path in stored(api)] == [granted.json()["sha256"]]


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (errno.ENOSPC, "no room"),
        (errno.EDQUOT, "no room"),
        (errno.EFBIG, "no room"),
        (errno.EACCES, "cannot write"),
    ],
)
def test_a_disk_that_fails_is_told_by_what_it_means(number, words):
    with pytest.raises(StorageUnavailable, match=words), storage_errors():
        raise OSError(number, "what the system says")


def test_an_upload_that_cannot_be_written_is_not_called_one_without_room(api):
    directory = api.artifacts_root / "incoming"
    directory.rename(api.artifacts_root / "elsewhere")
    problem = refused(api.upload(name="customers"), 503, "storage.unavailable")
    assert "cannot write" in problem["error"]


def test_a_retired_datasets_name_is_free(api, a_dataset):
    assert api.send("DELETE", "/datasets/customers", if_match='"1"').status_code == 204
    refused(api.get("/datasets/customers"), 404, "dataset.not-found")
    refused(api.send("DELETE", f"/datasets/{a_dataset['id']}"), 404, "dataset.retired")
    assert api.upload(name="customers").status_code == 201
