"""What was given as a dataset can be had again."""

import hashlib

from tests.interfaces.http.test_datasets import PARQUET, form, parquet
from tests.support.http import CSV


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


def test_a_part_of_the_bytes_is_answered_where_it_is_asked_for(api):
    api.upload(name="customers")
    found = api.get("/datasets/customers/content", headers={"Range": "bytes=3-9"})
    assert (found.status_code, found.content) == (206, CSV[3:10])
    assert found.headers["content-range"] == f"bytes 3-9/{len(CSV)}"
    beyond = api.get("/datasets/customers/content", headers={"Range": f"bytes={len(CSV)}-"})
    assert beyond.status_code == 416


def test_who_has_the_bytes_is_told_so(api):
    api.upload(name="customers")
    tag = api.get("/datasets/customers/content").headers["etag"]
    found = api.get("/datasets/customers/content", headers={"If-None-Match": tag})
    assert (found.status_code, found.content) == (304, b"")


def test_of_no_dataset_there_are_no_bytes(api):
    assert api.get("/datasets/nobody/content").json()["error_code"] == "dataset.not-found"


def test_bytes_that_are_lost_are_told(api):
    api.upload(name="customers")
    for path in api.artifacts_root.rglob("*"):
        if path.is_file():
            path.unlink()
    found = api.get("/datasets/customers/content")
    assert (found.status_code, found.json()["error_code"]) == (500, "artifact.unavailable")
