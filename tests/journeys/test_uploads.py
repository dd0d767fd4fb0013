from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.support.processes import eventually
from tests.support.service import RunningService
from tests.support.tables import write_large

pytestmark = pytest.mark.slow

SIZE_BYTES = 50_000_000
MEMORY_MAX_KIB = 300 * 1024


def peak_kib(pid: int) -> int:
    """Return the largest resident memory that a process has had."""
    return int(Path(f"/proc/{pid}/status").read_text().partition("VmHWM:")[2].split()[0])


def chunks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while chunk := file.read(1 << 20):
            yield chunk


@pytest.mark.parametrize(
    ("name", "media_type"),
    [("table.csv", "text/csv"), ("table.parquet", "application/vnd.apache.parquet")],
)
def test_the_memory_of_the_service_does_not_grow_with_an_upload(
    a_service: RunningService, tmp_path: Path, name: str, media_type: str
) -> None:
    rows = write_large(tmp_path / name, size_bytes=SIZE_BYTES)
    response = a_service.client.post(
        "/api/v1/datasets",
        params={"name": name},
        content=chunks(tmp_path / name),
        headers={"Content-Type": media_type},
    )
    assert response.status_code == httpx.codes.CREATED, response.text
    assert response.json()["rows"] == rows
    assert peak_kib(a_service.pid) <= MEMORY_MAX_KIB


def test_an_upload_that_breaks_off_leaves_nothing_behind(a_service: RunningService) -> None:
    def files() -> set[Path]:
        return {path for path in (a_service.home / "artifacts").rglob("*") if path.is_file()}

    def broken() -> Iterator[bytes]:
        yield b"a,b\n" + b"1,2\n" * 1_000_000
        raise httpx.WriteError("the client goes away")

    before, events = files(), a_service.get("/events")["items"]
    with pytest.raises(httpx.WriteError):
        a_service.client.post(
            "/api/v1/datasets?name=broken", content=broken(), headers={"Content-Type": "text/csv"}
        )
    assert eventually(lambda: files() == before)
    assert "broken" not in {dataset["name"] for dataset in a_service.get("/datasets")["items"]}
    assert a_service.get("/events")["items"] == events
