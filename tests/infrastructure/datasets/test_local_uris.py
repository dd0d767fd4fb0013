"""Which files a URI may name."""

import os
from pathlib import Path

import pytest

from domain.datasets.values import DatasetFormat
from domain.errors import InvalidInput
from infrastructure.datasets.files import LocalDatasetFiles


@pytest.fixture
def root(tmp_path: Path) -> Path:
    path = tmp_path / "root"
    (path / "inner").mkdir(parents=True)
    (path / "a.csv").write_text("inside")
    (path / "inner" / "größe 100%?#.CSV").write_text("inside")
    return path


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    path = tmp_path / "root-of-another.csv"
    path.write_text("outside")
    return path


def fetched(root: Path, uri: str) -> str:
    to = root.parent / "copy"
    LocalDatasetFiles(root).fetch(uri, to)
    text = to.read_text()
    to.unlink()
    return text


def refusal(root: Path | None, uri: str, to: Path) -> str:
    with pytest.raises(InvalidInput) as refused:
        LocalDatasetFiles(root).fetch(uri, to)
    assert not to.exists()
    assert [problem.field for problem in refused.value.problems] == ["uri"]
    return refused.value.message


@pytest.fixture
def to(tmp_path: Path) -> Path:
    return tmp_path / "copy"


def test_a_path_may_be_relative_to_the_root_or_absolute_inside_it(root: Path) -> None:
    for uri in (
        "a.csv",
        "./inner/../a.csv",
        str(root / "a.csv"),
        f"file:{root}/a.csv",
        f"file://localhost{root}/a.csv",
    ):
        assert fetched(root, uri) == "inside"


def test_a_file_uri_is_percent_encoded_and_a_plain_path_is_not(root: Path, to: Path) -> None:
    name = "größe 100%?#.CSV"

    assert fetched(root, (root / "inner" / name).as_uri()) == "inside"
    assert fetched(root, f"inner/{name}") == "inside"
    assert "names nothing" in refusal(root, "inner/gr%C3%B6%C3%9Fe%20100%25%3F%23.CSV", to)


def test_a_link_inside_the_root_may_lead_to_a_file_inside(root: Path) -> None:
    (root / "link.csv").symlink_to(root / "a.csv")
    (root / "directory").symlink_to("inner")

    assert fetched(root, "link.csv") == "inside"
    assert fetched(root, "directory/größe 100%?#.CSV") == "inside"


def test_the_root_itself_may_be_reached_by_a_link(root: Path) -> None:
    link = root.parent / "link"
    link.symlink_to(root)

    assert fetched(link, "a.csv") == "inside"
    assert fetched(link, str(link / "a.csv")) == "inside"
    assert fetched(link, str(root / "a.csv")) == "inside"


@pytest.mark.parametrize("uri", ["{}", "file://{}", "../root-of-another.csv", "inner/../../root-of-another.csv",
                                 "link.csv", "up/root-of-another.csv", "../never-there.csv"])  # fmt: skip
def test_nothing_outside_the_root_is_read_nor_betrayed(root: Path, to: Path, outside: Path, uri: str) -> None:
    (root / "link.csv").symlink_to(outside)
    (root / "up").symlink_to("..")

    message = refusal(root, uri.format(outside), to)

    assert "lies outside" in message
    assert "ML_SERVICE_DATASET_ROOT" in message


def test_a_directory_swapped_for_a_link_after_the_check_leads_nowhere(
    root: Path, outside: Path, to: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (root / "swapped").symlink_to("..")
    monkeypatch.setattr(Path, "resolve", lambda self, **_: self)

    assert "cannot be read" in refusal(root, f"swapped/{outside.name}", to)


def test_only_regular_files_are_read(root: Path, to: Path) -> None:
    os.mkfifo(root / "pipe.csv")

    assert "no regular file" in refusal(root, "pipe.csv", to)


@pytest.mark.parametrize(
    ("uri", "message"),
    [
        ("http://example.org/a.csv", "ML_SERVICE_SOURCE_URLS"),
        ("HTTPS://example.org/a.csv", "ML_SERVICE_SOURCE_URLS"),
        ("s3://bucket/a.csv", "ML_SERVICE_SOURCE_URLS"),
        ("ftp://example.org/a.csv", "'ftp', which is not supported"),
        ("file://example.org/a.csv", "names the host 'example.org'"),
        ("file:///a.csv?version=1", "query or fragment"),
        ("file:///a.csv#1", "query or fragment"),
        ("file://[/a.csv", "no valid URI"),
        ("file:///a%00.csv", "names no file"),
        ("a\0.csv", "names no file"),
        (" ", "names no file"),
        ("a.txt", r"must end in .csv, .parquet, .pq"),
        ("nothing.csv", "names nothing that is there"),
        ("a.csv/b.csv", "names nothing that is there"),
        ("circle.csv", "circle"),
        ("a" * 5_000 + ".csv", "too long|cannot be read"),
    ],
)
def test_what_no_file_can_be_is_refused_with_what_is_supported(root: Path, uri: str, message: str) -> None:
    (root / "circle.csv").symlink_to("circle.csv")
    (root / "a.txt").touch()

    with pytest.raises(InvalidInput, match=message):
        LocalDatasetFiles(root).fetch(uri, root.parent / "copy")


@pytest.mark.parametrize("suffix", [".parquet", ".pq", ".PQ"])
def test_the_suffix_decides_the_format(root: Path, suffix: str) -> None:
    (root / f"b{suffix}").touch()

    found = LocalDatasetFiles(root).fetch(f"b{suffix}", root.parent / "copy")

    assert found is DatasetFormat.PARQUET


def test_without_a_root_nothing_is_read_and_the_setting_is_named(root: Path, to: Path) -> None:
    assert "ML_SERVICE_DATASET_ROOT" in refusal(None, str(root / "a.csv"), to)
    assert "ML_SERVICE_DATASET_ROOT" in refusal(root / "missing", "a.csv", to)


def test_a_copy_that_fails_leaves_nothing(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("infrastructure.datasets.fetching._write", fails)
    to = root.parent / "copy"

    with pytest.raises(OSError, match="No space"):
        LocalDatasetFiles(root).fetch("a.csv", to)

    assert not to.exists()
