from collections.abc import Iterator
from pathlib import Path

import pytest

from application.ports.read_models import ReadModels
from tests.contracts.read_models.stores import ALL, SEARCHING, opened


@pytest.fixture(params=ALL)
def empty_read_models(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[ReadModels]:
    with opened(request, tmp_path) as models:
        yield models


@pytest.fixture(scope="module", params=ALL)
def shared_read_models(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ReadModels]:
    """Read models that several tests use, each with documents of its own."""
    with opened(request, tmp_path_factory.mktemp("shared")) as models:
        yield models


@pytest.fixture(params=SEARCHING)
def empty_models(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[ReadModels]:
    """Those that search by themselves: a current generation hands searches on to one of them."""
    with opened(request, tmp_path) as models:
        yield models
