"""What is read from elsewhere, and what keeps it from being read."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import fsspec
import pytest

from application.ports.foreign_models import ForeignModel
from application.ports.sources import SourceUnavailable
from domain.datasets.values import DatasetFormat
from domain.errors import InvalidInput
from domain.models.errors import NotLoadable
from domain.models.values import ModelType
from infrastructure.artifacts.local import LocalArtifacts
from infrastructure.datasets.isolated import IsolatedDatasetFiles
from infrastructure.learning.foreign.isolated import IsolatedForeignModels
from infrastructure.sources.allowed_urls import AllowedUrls
from infrastructure.sources.remote import remote_pieces
from tests.support.files_over_http import files_over_http
from tests.support.foreign import foreign_text

TABLE = b"a,b\n" + b"1,2\n" * 100_000


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    files = {"/table.csv": TABLE, "/table": TABLE, "/cut.csv": TABLE[:400], "/model.txt": foreign_text().encode()}
    with files_over_http(files) as url:
        yield url


def fetched(uri: str, allowed: str, to: Path, *, size_max_bytes: int = 10**9) -> DatasetFormat:
    files = IsolatedDatasetFiles(None, allowed_urls=AllowedUrls.of(allowed), size_max_bytes=size_max_bytes)
    return files.fetch(uri, to)


def test_a_table_of_a_server_is_copied_as_it_is(server: str, tmp_path: Path) -> None:
    assert fetched(f"{server}/table.csv", server, tmp_path / "copy") is DatasetFormat.CSV
    assert (tmp_path / "copy").read_bytes() == TABLE


def test_a_table_of_an_object_store_is_copied_as_it_is(bucket_url: str, tmp_path: Path) -> None:
    with fsspec.open(f"{bucket_url}/tables/table.csv", "wb", skip_instance_cache=True) as file:
        file.write(TABLE)

    fetched(f"{bucket_url}/tables/table.csv", f"{bucket_url}/tables", tmp_path / "copy")
    assert (tmp_path / "copy").read_bytes() == TABLE
    for uri, why in (("tables/nothing.csv", "nothing that is there"), ("others/table.csv", "may read from")):
        with pytest.raises(InvalidInput, match=why):
            fetched(f"{bucket_url}/{uri}", f"{bucket_url}/tables", tmp_path / "copy")
        assert not (tmp_path / "copy").exists()


def test_an_object_that_is_replaced_while_it_is_read_may_be_asked_for_again(bucket_url: str) -> None:
    url = f"{bucket_url}/tables/growing.csv"

    def write(content: bytes) -> None:
        with fsspec.open(url, "wb", skip_instance_cache=True) as file:
            file.write(content)

    write(TABLE * 10)
    with closing(remote_pieces(url, allowed=AllowedUrls.of(bucket_url))) as pieces:
        next(pieces)
        write(TABLE[::-1] * 10)
        with pytest.raises(SourceUnavailable, match=r"it was replaced while it was read\. Ask again"):
            list(pieces)


@pytest.mark.parametrize(
    ("path", "why"),
    [
        ("/nothing.csv", "answers 404"),
        ("/forbidden.csv", "answers 403"),
        ("/moved.csv", "another URL, which is not followed"),
        ("/packed.csv", "packs what it was asked to send as it is"),
        ("/table", "must end in .csv.*directories are read from this machine only"),
        ("/table.csv?signature=a.b", "without a query"),
        ("/../secret.csv", "ML_SERVICE_SOURCE_URLS"),
        ("/table.csv", "more than the 1,000 bytes"),
        ("/slow.csv", "more than the 1,000 bytes"),
        pytest.param(f"/{'long' * 20_000}.csv", "URL too long", id="a URL that is too long"),
    ],
)
def test_what_cannot_be_copied_is_refused_and_nothing_is_left_of_it(
    server: str, tmp_path: Path, path: str, why: str
) -> None:
    with pytest.raises(InvalidInput, match=why) as refused:
        fetched(f"{server}{path}", server, tmp_path / "copy", size_max_bytes=1_000)
    assert [each.field for each in refused.value.problems] == ["uri"]
    assert not (tmp_path / "copy").exists()


@pytest.mark.parametrize(
    "host",
    [
        pytest.param("xn--" + "z" * 30, id="Punycode of nothing"),
        pytest.param("a" * 64, id="a name that is too long"),
        pytest.param("a..b", id="a name without a label"),
        pytest.param("127.0.0.1:http", id="a port that is no number"),
        pytest.param("1.2.3.400", id="a number beyond all"),
    ],
)
def test_a_host_that_there_cannot_be_is_refused(tmp_path: Path, host: str) -> None:
    with pytest.raises(InvalidInput, match="cannot be read"):
        fetched(f"http://{host}/table.csv", f"http://{host}/", tmp_path / "copy")


def test_a_table_of_a_server_that_is_named_by_its_number_is_copied(tmp_path: Path) -> None:
    with files_over_http({"/table.csv": TABLE}, host="::1") as url:
        fetched(f"{url}/table.csv", url.replace("[::1]", "[0:0:0:0:0:0:0:1]"), tmp_path / "copy")
    assert (tmp_path / "copy").read_bytes() == TABLE


@pytest.mark.parametrize("url", ["http://127.0.0.1:1/table.csv", "s3://nobody-is-there/table.csv"])
def test_a_store_that_is_away_may_be_asked_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    nobody = {"AWS_ENDPOINT_URL": "http://127.0.0.1:1", "AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b"}
    for name, value in (nobody | {"AWS_MAX_ATTEMPTS": "1"}).items():
        monkeypatch.setenv(name, value)
    with pytest.raises(SourceUnavailable, match=f"What lies at {url} cannot be read now: .*Ask again"):
        fetched(url, url.rpartition("/")[0], tmp_path / "copy")
    assert not (tmp_path / "copy").exists()


@pytest.mark.parametrize("path", ["/restarting.csv", "/cut.csv"])
def test_a_server_that_cannot_answer_now_may_be_asked_again(server: str, tmp_path: Path, path: str) -> None:
    with pytest.raises(SourceUnavailable, match="cannot be read now"):
        fetched(f"{server}{path}", server, tmp_path / "copy")
    assert not (tmp_path / "copy").exists()


def test_a_server_that_is_too_slow_is_given_up(server: str) -> None:
    with pytest.raises(InvalidInput, match="comes too slowly"):
        for _ in remote_pieces(f"{server}/slow.csv", allowed=AllowedUrls.of(server), patience_s=0.0):
            pass


def test_no_url_may_be_read_where_none_is_named(server: str, tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="ML_SERVICE_SOURCE_URLS"):
        fetched(f"{server}/table.csv", "", tmp_path / "copy")


def test_a_model_of_a_server_is_kept_like_one_of_a_directory(server: str, tmp_path: Path) -> None:
    artifacts = LocalArtifacts(root=tmp_path / "artifacts")
    (tmp_path / "model.txt").write_text(foreign_text())

    def kept(url: str, **bounds: int) -> str:
        allowed = AllowedUrls.of(server)
        foreign = IsolatedForeignModels(artifacts=artifacts, allowed_root=tmp_path, allowed_urls=allowed, **bounds)
        kind = ModelType.CLASSIFICATION
        return foreign.keep(ForeignModel(url=url, model_type=kind, hyperparameters={}, labels=None, features=None))

    assert kept(f"{server}/model.txt") == kept("model.txt")
    with pytest.raises(NotLoadable, match="that a model may have"):
        kept(f"{server}/model.txt", size_max_bytes=1_000)
    with pytest.raises(InvalidInput, match="answers 404") as refused:
        kept(f"{server}/nothing.txt")
    assert [each.field for each in refused.value.problems] == ["artifact_url"]
    assert list((artifacts.root / "incoming").iterdir()) == []
