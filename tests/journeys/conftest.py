from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.service import RunningService, running_service


@pytest.fixture
def an_empty_service(tmp_path: Path) -> Iterator[RunningService]:
    with running_service(tmp_path / "home") as service:
        yield service


@pytest.fixture(params=["SQLite", "PostgreSQL"])
def an_empty_service_on_either(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[RunningService]:
    """A service with nothing in it, on either database."""
    settings = {}
    if request.param == "PostgreSQL":
        settings["ML_SERVICE_DATABASE_URL"] = request.getfixturevalue("postgres_url")
    with running_service(tmp_path / "home", **settings) as service:
        yield service
