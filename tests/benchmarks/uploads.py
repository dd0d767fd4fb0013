"""Memory of the service while a large dataset is uploaded: it must not grow with the file."""

import os
import time
from collections.abc import Iterator
from pathlib import Path

import httpx

from tests.benchmarks.measure import Figure, scratch
from tests.benchmarks.start import peak_mib
from tests.support.service import running_service
from tests.support.tables import write_large

SIZE_BYTES = int(os.environ.get("UPLOAD_BYTES", str(10**9)))
_CHUNK_BYTES = 1 << 20


def run() -> list[Figure]:
    """Upload a table of 25 columns, as CSV and as Parquet, each to a service of its own."""
    return [figure for name in ("table.csv", "table.parquet") for figure in _upload(name)]


def _upload(name: str) -> list[Figure]:
    with scratch() as directory:
        table = directory / name
        rows = write_large(table, size_bytes=SIZE_BYTES)
        media_type = "text/csv" if name.endswith(".csv") else "application/vnd.apache.parquet"
        with running_service(directory / "home") as service:
            begin = time.perf_counter()
            response = service.client.post(
                "/api/v1/datasets",
                params={"name": name},
                content=_chunks(table),
                headers={"Content-Type": media_type},
                timeout=600,
            )
            seconds = time.perf_counter() - begin
            assert response.status_code == httpx.codes.CREATED, response.text
            assert response.json()["rows"] == rows
            peak = peak_mib(service.pid)
        size = table.stat().st_size / 1e6
    return [
        Figure(f"upload of {name}, {size:,.0f} MB: peak resident memory of the service", f"{peak:,.0f} MiB"),
        Figure(f"upload of {name}: until the dataset is registered", f"{seconds:.1f} s"),
    ]


def _chunks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK_BYTES):
            yield chunk
