from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.service import RunningService, running_service


@pytest.fixture
def an_empty_service(tmp_path: Path) -> Iterator[RunningService]:
    with running_service(tmp_path / "home") as service:
        yield service
