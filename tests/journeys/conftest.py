from collections.abc import Iterator

import pytest

from tests.support.service import RunningService, running_service


@pytest.fixture(scope="module")
def a_service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningService]:
    """A service that all tests of a module use, each under names of its own."""
    with running_service(tmp_path_factory.mktemp("service") / "home") as service:
        yield service
