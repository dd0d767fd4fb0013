from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.service import RunningService, running_service


@pytest.fixture(params=["SQLite", "PostgreSQL"])
def an_empty_service(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[RunningService]:
    """A service with nothing in it, on either database."""
    settings = {}
    if request.param == "PostgreSQL":
        settings["ML_SERVICE_DATABASE_URL"] = request.getfixturevalue("postgres_url")
    with running_service(tmp_path / "home", **settings) as service:
        yield service
