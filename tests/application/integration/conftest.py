from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.neighbourhood import Neighbourhood


@pytest.fixture
def a_neighbourhood(tmp_path: Path) -> Iterator[Neighbourhood]:
    with Neighbourhood(tmp_path) as neighbourhood:
        yield neighbourhood
